/* Arrays of doubles, also parts and transposed views of your memory: ./arrays "http::addr=localhost:9000;" */
#include <stdio.h>
#include <string.h>

#include "questdb_ingress.h"

static questdb_error *run(questdb_sender *sender) {
    /* An order book: two sides, three levels each. */
    static const double book[2][3] = {{10.5, 10.4, 10.3}, {10.6, 10.7, 10.8}};
    const ptrdiff_t item = sizeof(double);

    const size_t shape[] = {2, 3};
    questdb_array whole = {0};
    whole.dims = 2;
    whole.shape = shape;
    whole.data = (const uint8_t *)book;
    whole.data_len = sizeof book;

    /* The same memory with the dimensions swapped. Strides are in bytes. */
    const size_t turned_shape[] = {3, 2};
    const ptrdiff_t turned_strides[] = {item, 3 * item};
    questdb_array turned = whole;
    turned.shape = turned_shape;
    turned.strides = turned_strides;

    /* The second row backwards: it begins at the last element and the stride is negative. */
    const size_t back_shape[] = {3};
    const ptrdiff_t back_strides[] = {-item};
    questdb_array back = whole;
    back.dims = 1;
    back.shape = back_shape;
    back.strides = back_strides;
    back.origin = 5 * sizeof(double);

    questdb_buffer *row = questdb_sender_buffer(sender);
    questdb_error *err = NULL;
    if ((err = questdb_buffer_table(row, QUESTDB_STR("books"))) ||
        (err = questdb_buffer_column_f64_arr(row, QUESTDB_STR("whole"), &whole)) ||
        (err = questdb_buffer_column_f64_arr(row, QUESTDB_STR("turned"), &turned)) ||
        (err = questdb_buffer_column_f64_arr(row, QUESTDB_STR("back"), &back)) ||
        (err = questdb_sender_at_nanos(sender, 1700000000000000000)))
        return err;
    return questdb_sender_close(sender, 10000, NULL);
}

int main(int argc, char **argv) {
    const char *conf = argc > 1 ? argv[1] : "http::addr=localhost:9000;";
    questdb_sender *sender = NULL;
    questdb_error *err = questdb_sender_from_conf(conf, strlen(conf), &sender);
    if (!err) err = run(sender);
    if (err) fprintf(stderr, "%s\n", questdb_error_message(err));
    const int code = err ? 1 : 0;
    questdb_error_free(err);
    questdb_sender_free(sender);
    return code;
}
