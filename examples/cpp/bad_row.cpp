// Drops the bad row and keeps the rest: a row that cannot be built, and one that the server refuses.
// ./bad_row "http::addr=localhost:9000;"
#include <iostream>
#include <questdb_ingress.hpp>

static void measurement(questdb::sender &sender, int n) {
    // A row that is not ended drops itself when an exception is thrown: here by `at_now` of the third row,
    // which has no value.
    questdb::row row = sender.table("measurements");
    // The fourth row has text where the others have numbers, which only the server can notice.
    if (n == 4) row.column("value", "four");
    else if (n != 3) row.column("value", n);
    row.at_now();
}

static void run(questdb::sender &sender) {
    for (int n = 1; n <= 5; n++) {
        try {
            measurement(sender, n);
        } catch (const questdb::error &failed) {
            if (failed.row_accepted()) throw;  // the row is in the buffer, only sending it failed
            std::cerr << "left out: " << failed.what() << "\n";
        }
    }
    while (!sender.own_buffer().empty()) {
        try {
            sender.flush();
        } catch (const questdb::error &failed) {
            const auto row = static_cast<std::size_t>(failed.server_line());
            if (failed.outcome() != QUESTDB_OUTCOME_REJECTED || row == 0) throw;  // the error is not about a single row
            std::cerr << "refused: " << failed.what() << "\n";
            sender.own_buffer().remove_rows(row);  // the other rows are still in the buffer
        }
    }
    sender.close(std::chrono::seconds{10});
}

int main(int argc, char **argv) {
    try {
        questdb::sender sender{argc > 1 ? argv[1] : "http::addr=localhost:9000;"};
        run(sender);
        return 0;
    } catch (const questdb::error &failed) {
        std::cerr << failed.code_name() << ": " << failed.what() << "\n";
        return 1;
    }
}
