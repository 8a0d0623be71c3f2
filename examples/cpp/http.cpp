// Rows over HTTP: ./http "http::addr=localhost:9000;"
#include <iostream>
#include <questdb_ingress.hpp>

// [readme]
static void run(questdb::sender &sender) {
    std::int64_t nanos = 1700000000000000000;
    for (const double price : {2615.54, 2616.1}) {
        sender.table("trades").symbol("symbol", "ETH-USD").column("price", price).column("amount", 3).at(
            questdb::timestamp_nanos{nanos++});  // flushes by itself when a limit is reached
    }
    sender.close(std::chrono::seconds{10});  // sends the rest; what was sent and what not: see outcome.cpp
}
// [/readme]

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
