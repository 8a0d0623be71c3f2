// What to do after a failed flush: the error says what is known about the rows.
// ./outcome "http::addr=localhost:9000;"
#include <iostream>
#include <questdb_ingress.hpp>

// Returns whether the same rows should be sent again.
static bool again(const questdb::error &failed) {
    switch (failed.outcome()) {
    case QUESTDB_OUTCOME_NOT_SENT:  // nothing was stored: sending again is safe, if the error may pass
        return failed.retryable();
    case QUESTDB_OUTCOME_REJECTED:  // nothing was stored, and the same rows will be refused again
        std::cerr << "row " << failed.server_line() << " is wrong (server error "
                  << (failed.server_error_id().empty() ? "?" : failed.server_error_id()) << ")\n";
        return false;
    default:  // IN_DOUBT and PARTIAL: safe only if the table deduplicates
        std::cerr << "the rows may have been stored\n";
        return failed.retryable();
    }
}

static void run(questdb::sender &sender) {
    questdb::buffer rows = sender.new_buffer();
    rows.table("results").column("value", 1).at(questdb::timestamp_nanos{1700000000000000000});
    // Text where the first row made a column of integers: the server refuses it.
    rows.table("results").column("value", "one").at(questdb::timestamp_nanos{1700000000000000001});
    for (int attempt = 1;; attempt++) {
        try {
            return sender.flush(rows);  // a failed flush leaves the rows in the buffer
        } catch (const questdb::error &failed) {
            if (attempt == 3 || !again(failed)) throw;
        }
    }
}

int main(int argc, char **argv) {
    try {
        questdb::sender sender{argc > 1 ? argv[1] : "http::addr=localhost:9000;"};
        run(sender);
        return 0;
    } catch (const questdb::error &failed) {
        std::cerr << failed.code_name() << ", " << questdb_outcome_name(failed.outcome()) << ": " << failed.what() << "\n";
        return 1;
    }
}
