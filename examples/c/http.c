/* Rows over HTTP: ./http "http::addr=localhost:9000;" */
#include <stdio.h>
#include <string.h>

#include "questdb_ingress.h"

// [readme]
static questdb_error *run(questdb_sender *sender) {
    questdb_buffer *row = questdb_sender_buffer(sender); /* lent: nothing to free */
    const double prices[] = {2615.54, 2616.1};
    for (int i = 0; i < 2; i++) {
        questdb_error *err = NULL;
        if ((err = questdb_buffer_table(row, QUESTDB_STR("trades"))) ||
            (err = questdb_buffer_symbol(row, QUESTDB_STR("symbol"), QUESTDB_STR("ETH-USD"))) ||
            (err = questdb_buffer_column_f64(row, QUESTDB_STR("price"), prices[i])) ||
            (err = questdb_buffer_column_i64(row, QUESTDB_STR("amount"), 3)) ||
            (err = questdb_sender_at_nanos(sender, 1700000000000000000 + i)))
            return err; /* what was sent and what not: see outcome.c */
    }
    return questdb_sender_close(sender, 10000, NULL); /* sends the rest */
}
// [/readme]

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
