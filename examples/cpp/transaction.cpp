// All rows or none, in one table: ./transaction "http::addr=localhost:9000;"
#include <iostream>
#include <questdb_ingress.hpp>

static void run(questdb::sender &sender) {
    questdb::transaction booking = sender.begin("ledger");
    booking.new_row().column("amount", -100.0).at(questdb::timestamp_nanos{1700000000000000000});  // not flushed automatically
    booking.new_row().column("amount", 100.0).at(questdb::timestamp_nanos{1700000000000000001});
    booking.commit();
    {
        // If commit is not reached, for whatever reason, nothing of the transaction is stored.
        questdb::transaction mistake = sender.begin("ledger");
        mistake.new_row().column("amount", -1e9).at(questdb::timestamp_nanos{1700000000000000002});
    }
    sender.close(std::chrono::seconds{10});
}

int main(int argc, char **argv) {
    try {
        questdb::sender sender{argc > 1 ? argv[1] : "http::addr=localhost:9000;"};
        run(sender);
        return 0;
    } catch (const questdb::error &failed) {
        std::cerr << failed.what() << "\n";
        return 1;
    }
}
