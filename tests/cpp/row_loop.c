/* The rows of row_loop.cpp in C, for counting instructions: ./row_loop ROWS */
#include <questdb_ingress.h>
#include <stdlib.h>

static void check(questdb_error *err) {
    if (err) abort();
}

int main(int argc, char **argv) {
    const long rows = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    static const double array[] = {1.5, 2.5, 3.5};
    static const size_t shape[] = {3};
    questdb_array view = {0};
    questdb_buffer *buffer = NULL;
    questdb_column_name *price = NULL;
    long i;
    view.dims = 1;
    view.shape = shape;
    view.data = (const uint8_t *)array;
    view.data_len = sizeof array;
    check(questdb_buffer_new(2, &buffer));
    check(questdb_column_name_new(QUESTDB_STR("price"), &price));
    check(questdb_buffer_reserve(buffer, 1 << 20));
    for (i = 0; i < rows; i++) {
        check(questdb_buffer_table(buffer, QUESTDB_STR("trades")));
        check(questdb_buffer_symbol(buffer, QUESTDB_STR("symbol"), QUESTDB_STR("ETH-USD")));
        check(questdb_buffer_column_f64_named(buffer, price, 2615.54 + (double)i));
        check(questdb_buffer_column_i64(buffer, QUESTDB_STR("amount"), i));
        check(questdb_buffer_column_bool(buffer, QUESTDB_STR("buy"), i % 2 == 0));
        check(questdb_buffer_column_str(buffer, QUESTDB_STR("note"), QUESTDB_STR("as agreed")));
        check(questdb_buffer_column_ts_micros(buffer, QUESTDB_STR("sent"), 1700000000000000 + i));
        if (i % 2 == 0) check(questdb_buffer_column_i64(buffer, QUESTDB_STR("maybe"), i));
        check(questdb_buffer_column_f64_arr(buffer, QUESTDB_STR("levels"), &view));
        check(questdb_buffer_at_nanos(buffer, 1700000000000000000 + i));
        if (questdb_buffer_row_count(buffer) == 500) check(questdb_buffer_clear(buffer));
    }
    questdb_column_name_free(price);
    questdb_buffer_free(buffer);
    return 0;
}
