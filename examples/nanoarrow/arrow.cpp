// Apache Arrow: a batch that nanoarrow builds is sent from its own memory.
// ./arrow_cpp "http::addr=localhost:9000;"
#include <array>
#include <chrono>
#include <iostream>
#include <nanoarrow/nanoarrow.hpp>
#include <optional>
#include <questdb_ingress.hpp>
#include <string_view>

struct tick {
    std::string_view symbol;
    std::optional<double> price;
};
constexpr std::int64_t start{1700000000000000000};
constexpr std::array ticks{tick{"BTC-USD", 43210.5}, tick{"ETH-USD", {}}, tick{"ETH-USD", 2616.0}};

// Describes the columns.
static nanoarrow::UniqueSchema make_schema() {
    nanoarrow::UniqueSchema schema;
    ArrowSchemaInit(schema.get());
    NANOARROW_THROW_NOT_OK(ArrowSchemaSetTypeStruct(schema.get(), 3));
    ArrowSchema *const *columns = schema->children;
    NANOARROW_THROW_NOT_OK(
        ArrowSchemaSetTypeDateTime(columns[0], NANOARROW_TYPE_TIMESTAMP, NANOARROW_TIME_UNIT_NANO, nullptr));
    NANOARROW_THROW_NOT_OK(ArrowSchemaSetName(columns[0], "time"));
    NANOARROW_THROW_NOT_OK(ArrowSchemaSetType(columns[1], NANOARROW_TYPE_STRING));
    NANOARROW_THROW_NOT_OK(ArrowSchemaSetName(columns[1], "symbol"));
    NANOARROW_THROW_NOT_OK(ArrowSchemaSetType(columns[2], NANOARROW_TYPE_DOUBLE));
    NANOARROW_THROW_NOT_OK(ArrowSchemaSetName(columns[2], "price"));
    return schema;
}

// Builds the rows.
static nanoarrow::UniqueArray make_array(const ArrowSchema *schema) {
    nanoarrow::UniqueArray array;
    NANOARROW_THROW_NOT_OK(ArrowArrayInitFromSchema(array.get(), schema, nullptr));
    NANOARROW_THROW_NOT_OK(ArrowArrayStartAppending(array.get()));
    std::int64_t time{start};
    for (const auto &[symbol, price] : ticks) {
        const ArrowStringView text{symbol.data(), static_cast<std::int64_t>(symbol.size())};
        NANOARROW_THROW_NOT_OK(ArrowArrayAppendInt(array->children[0], time++));
        NANOARROW_THROW_NOT_OK(ArrowArrayAppendString(array->children[1], text));
        NANOARROW_THROW_NOT_OK(price ? ArrowArrayAppendDouble(array->children[2], *price)
                                     : ArrowArrayAppendNull(array->children[2], 1));
        NANOARROW_THROW_NOT_OK(ArrowArrayFinishElement(array.get()));
    }
    NANOARROW_THROW_NOT_OK(ArrowArrayFinishBuildingDefault(array.get(), nullptr));
    return array;
}

int main(int argc, char **argv) {
    try {
        questdb::sender sender{argc > 1 ? argv[1] : "http::addr=localhost:9000;"};
        // [doc]
        const auto options = questdb::arrow_options{}.table("ticks").at_column("time").symbol_column("symbol");
        const nanoarrow::UniqueSchema schema = make_schema();
        nanoarrow::UniqueArray array = make_array(schema.get());
        sender.append_arrow(*array.get(), *schema.get(), options);  // releases the array, whatever happens
        // [/doc]
        sender.close(std::chrono::seconds{10});
        return 0;
    } catch (const std::exception &failed) {
        std::cerr << failed.what() << "\n";
        return 1;
    }
}
