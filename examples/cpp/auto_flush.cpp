// A loop that never calls flush: rows are sent automatically when a limit is reached.
// ./auto_flush "http::addr=localhost:9000;auto_flush_rows=1000;auto_flush_interval=500;"
#include <iostream>
#include <questdb_ingress.hpp>

static std::uint64_t run(questdb::sender &sender) {
    for (int i = 0; i < 10000; i++) {
        try {
            sender.table("ticks").column("number", i).at(questdb::timestamp_nanos{1700000000000000000 + i});
        } catch (const questdb::error &failed) {
            // If only the flush failed, the row is in the buffer, and the next row would try again. This example
            // stops instead.
            if (failed.row_accepted()) std::cerr << "row " << i << " waits in the buffer\n";
            throw;
        }
    }
    return sender.close(std::chrono::seconds{10});
}

int main(int argc, char **argv) {
    try {
        questdb::sender sender{argc > 1 ? argv[1] : "http::addr=localhost:9000;"};
        const std::uint64_t unconfirmed = run(sender);
        std::cout << sender.stat(QUESTDB_STAT_ROWS_COMMITTED) << " rows in " << sender.stat(QUESTDB_STAT_FLUSHES)
                  << " requests, " << unconfirmed << " unconfirmed\n";
        return 0;
    } catch (const questdb::error &failed) {
        std::cerr << failed.what() << ", " << failed.unconfirmed_rows() << " rows unconfirmed\n";
        return 1;
    }
}
