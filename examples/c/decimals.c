/* Exact decimals: as text, as integers with a scale, and as bytes. In QuestDB the columns must exist, for example:
 * CREATE TABLE invoices (net DECIMAL(18,2), tax DECIMAL(18,2), rate DECIMAL(9,4), total DECIMAL(38,2), ts TIMESTAMP)
 * ...
 * ./decimals "http::addr=localhost:9000;" */
#include <stdio.h>
#include <string.h>

#include "questdb_ingress.h"

static questdb_error *run(questdb_sender *sender) {
    questdb_buffer *row = questdb_sender_buffer(sender);
    /* -1 as a big-endian two's complement integer: with scale 4 this is -0.0001. */
    static const uint8_t minus_one[] = {0xFF, 0xFF};
    questdb_error *err = NULL;
    if ((err = questdb_buffer_table(row, QUESTDB_STR("invoices"))) ||
        (err = questdb_buffer_column_dec_str(row, QUESTDB_STR("net"), QUESTDB_STR("1234.50"))) ||
        (err = questdb_buffer_column_dec_i64(row, QUESTDB_STR("tax"), 2, 23456)) ||
        (err = questdb_buffer_column_dec(row, QUESTDB_STR("rate"), 4, minus_one, sizeof minus_one)) ||
        /* high * 2^64 + low: here 2^64 hundredths. */
        (err = questdb_buffer_column_dec_i128(row, QUESTDB_STR("total"), 2, 1, 0)) ||
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
