// The rows of row_loop.c through the wrapper, for counting instructions: ./row_loop ROWS
// BEGIN is `table`, which leaves the row in the buffer, or `new_row`, which makes a row that drops itself.
#include <cstdlib>
#include <questdb_ingress.hpp>

#ifndef BEGIN
#define BEGIN table
#endif

int main(int argc, char **argv) {
    const long rows = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 0;
    static const std::array<double, 3> array{1.5, 2.5, 3.5};
    questdb::buffer buffer{2};
    const questdb::column_name price{"price"};
    buffer.reserve(1 << 20);
    for (long i = 0; i < rows; i++) {
        buffer.BEGIN("trades")
            .symbol("symbol", "ETH-USD")
            .column(price, 2615.54 + static_cast<double>(i))
            .column("amount", i)
            .column("buy", i % 2 == 0)
            .column("note", std::string_view{"as agreed"})
            .column("sent", questdb::timestamp_micros{1700000000000000 + i})
            .column("maybe", i % 2 == 0 ? std::optional<long>{i} : std::nullopt)
            .column("levels", array)
            .at(questdb::timestamp_nanos{1700000000000000000 + i});
        if (buffer.row_count() == 500) buffer.clear();
    }
    return 0;
}
