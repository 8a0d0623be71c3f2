// Apache Arrow: batches of Arrow C++ are sent from their own memory, one by itself and one by a stream.
// ./arrow "http::addr=localhost:9000;"
#include <arrow/api.h>
#include <arrow/c/bridge.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <questdb_ingress.hpp>
#include <stdexcept>
#include <string>
#include <vector>

struct tick {
    std::string symbol;
    std::optional<double> price;
};

static void check(const arrow::Status &status) {
    if (!status.ok()) throw std::runtime_error{status.ToString()};
}

template <class T>
static T value(arrow::Result<T> result) {
    check(result.status());
    return std::move(result).ValueUnsafe();
}

// Builds a batch whose rows are a nanosecond apart.
static std::shared_ptr<arrow::RecordBatch> batch(const std::vector<tick> &ticks, std::int64_t time) {
    const auto nanos = arrow::timestamp(arrow::TimeUnit::NANO);
    arrow::TimestampBuilder times{nanos, arrow::default_memory_pool()};
    arrow::StringBuilder symbols;
    arrow::DoubleBuilder prices;
    for (const auto &[symbol, price] : ticks) {
        check(times.Append(time++));
        check(symbols.Append(symbol));
        check(price ? prices.Append(*price) : prices.AppendNull());
    }
    const auto schema =
        arrow::schema({arrow::field("time", nanos), arrow::field("symbol", arrow::utf8()), arrow::field("price", arrow::float64())});
    return arrow::RecordBatch::Make(schema, static_cast<std::int64_t>(ticks.size()),
                                    {value(times.Finish()), value(symbols.Finish()), value(prices.Finish())});
}

static void run(questdb::sender &sender) {
    const std::int64_t start{1700000000000000000};
    const auto first = batch({{"BTC-USD", 43210.5}, {"ETH-USD", {}}}, start);
    const auto second = batch({{"ETH-USD", 2616.0}}, start + 2);
    const auto options = questdb::arrow_options{}.table("ticks").at_column("time").symbol_column("symbol");

    // [doc]
    ArrowArray array;
    ArrowSchema schema;
    check(arrow::ExportRecordBatch(*first, &array, &schema));
    try {
        sender.append_arrow(array, schema, options);  // releases the array, whatever happens
    } catch (...) {
        schema.release(&schema);
        throw;
    }
    schema.release(&schema);

    ArrowArrayStream stream;
    check(arrow::ExportRecordBatchReader(value(arrow::RecordBatchReader::Make({second})), &stream));
    sender.append_arrow(stream, options);  // releases the stream, whatever happens
    // [/doc]
    sender.close(std::chrono::seconds{10});
}

int main(int argc, char **argv) {
    try {
        questdb::sender sender{argc > 1 ? argv[1] : "http::addr=localhost:9000;"};
        run(sender);
        return 0;
    } catch (const std::exception &failed) {
        std::cerr << failed.what() << "\n";
        return 1;
    }
}
