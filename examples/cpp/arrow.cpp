// Apache Arrow: a batch is appended from its own memory. Usually another library of Arrow exports the two structs, see
// examples/nanoarrow and examples/arrow_cpp; here they are filled in by hand.
// ./arrow "http::addr=localhost:9000;"
#include <iostream>
#include <questdb_ingress.hpp>
#include <vector>

// Owns the values of a batch, and the structs that describe them.
struct batch {
    std::vector<std::int64_t> times{1700000000000000000, 1700000000000000001, 1700000000000000002};
    std::vector<double> prices{43210.5, 2615.5, 2616.0};
    std::vector<std::int32_t> offsets{0, 7, 14, 21};
    std::string text{"BTC-USDETH-USDETH-USD"};
    std::uint8_t has_price{0x05};  // row 1 has none

    // The batch itself frees the values, so releasing is no more than a mark.
    static void release_array(ArrowArray *array) { array->release = nullptr; }
    static void release_schema(ArrowSchema *schema) { schema->release = nullptr; }

    void add(std::size_t i, const char *format, const char *name, std::vector<const void *> of) {
        buffers[i] = std::move(of);
        arrays[i].length = 3;
        arrays[i].null_count = -1;  // not counted
        arrays[i].n_buffers = static_cast<std::int64_t>(buffers[i].size());
        arrays[i].buffers = buffers[i].data();
        arrays[i].release = release_array;
        schemas[i].format = format;
        schemas[i].name = name;
        schemas[i].release = release_schema;
        children[i] = &arrays[i];
        fields[i] = &schemas[i];
    }
    void export_to(ArrowArray &array, ArrowSchema &schema) {
        add(0, "tsn:", "time", {nullptr, times.data()});
        add(1, "g", "price", {&has_price, prices.data()});
        add(2, "u", "symbol", {nullptr, offsets.data(), text.data()});
        array = {};
        array.length = 3;
        array.n_buffers = 1;
        array.buffers = no_validity;
        schema = {};
        schema.format = "+s";
        schema.n_children = array.n_children = 3;
        schema.children = fields;
        array.children = children;
        array.release = release_array;
        schema.release = release_schema;
    }

    std::vector<const void *> buffers[3];
    const void *no_validity[1]{};
    ArrowArray arrays[3]{}, *children[3];
    ArrowSchema schemas[3]{}, *fields[3];
};

static void run(questdb::sender &sender) {
    const auto options = questdb::arrow_options{}.table("ticks").at_column("time").symbol_column("symbol");
    batch values;
    ArrowArray array;
    ArrowSchema schema;
    values.export_to(array, schema);
    sender.append_arrow(array, schema, options);  // releases the array, whatever happens
    schema.release(&schema);
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
