// Prepared rows: the table and its columns are described once, then one call appends a row or a batch.
// ./prepared_rows "http::addr=localhost:9000;"
#include <iostream>
#include <optional>
#include <questdb_ingress.hpp>
#include <vector>

static void run(questdb::sender &sender) {
    const auto quotes = questdb::row_layout{"quotes"}
                            .add("symbol", QUESTDB_COLUMN_KIND_SYMBOL)
                            .add<double>("price")
                            .add<std::int64_t>("size");

    // One row: the timestamp, then a value for each column. An empty optional leaves the column out.
    sender.append(quotes, questdb::timestamp_nanos{1700000000000000000}, "BTC-USD", 43210.5, std::optional<int>{});

    // Three rows: an array for each column. Symbol i is the text between offsets i and i + 1. Row 1 has no
    // size.
    const std::vector<std::int32_t> offsets{0, 7, 14, 21};
    const std::vector<double> prices{43211.0, 2615.5, 2616.0};
    const std::vector<std::int64_t> sizes{5, 0, 7};
    const std::uint8_t has_size = 0x05;
    const std::vector<std::int64_t> times{1700000000000000001, 1700000000000000002, 1700000000000000003};
    sender.append_columns(quotes, times, questdb::column_data::texts(offsets, "BTC-USDETH-USDETH-USD"), prices,
                          questdb::column_data{sizes}.validity(&has_size));
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
