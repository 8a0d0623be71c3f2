// Exact decimals: as text, as integers with a scale, as bytes, and from a type of your own. In QuestDB the columns must
// exist, for example: CREATE TABLE invoices (net DECIMAL(18,2), tax DECIMAL(18,2), rate DECIMAL(9,4), total
// DECIMAL(38,2), ts TIMESTAMP) ...
// ./decimals "http::addr=localhost:9000;"
#include <iostream>
#include <questdb_ingress.hpp>

namespace shop {
struct money {
    std::int64_t cents;
};
// Argument-dependent lookup finds this function, so that `money` can be a column value.
static questdb::decimal to_questdb_decimal(const money &amount) { return {amount.cents, 2}; }
}  // namespace shop

static void run(questdb::sender &sender) {
    using namespace questdb::literals;
    // -1 as a big-endian two's complement integer: with scale 4 this is -0.0001.
    static const std::uint8_t minus_one[] = {0xFF, 0xFF};
    sender.table("invoices")
        .column("net", "1234.50"_decimal)
        .column("tax", shop::money{23456})
        .column("rate", questdb::decimal_bytes{minus_one, 4})
        .column("total", questdb::decimal_i128{1, 0, 2})  // 2^64 hundredths
        .at(questdb::timestamp_nanos{1700000000000000000});
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
