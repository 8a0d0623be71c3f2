/* All rows or none, in one table: ./transaction "http::addr=localhost:9000;" */
#include <stdio.h>
#include <string.h>

#include "questdb_ingress.h"

static questdb_error *entry(questdb_sender *sender, double amount, int64_t nanos) {
    questdb_buffer *row = questdb_sender_buffer(sender);
    questdb_error *err = NULL;
    if ((err = questdb_buffer_table(row, QUESTDB_STR("ledger"))) ||
        (err = questdb_buffer_column_f64(row, QUESTDB_STR("amount"), amount)))
        return err;
    return questdb_sender_at_nanos(sender, nanos); /* a transaction is never flushed automatically */
}

static questdb_error *run(questdb_sender *sender) {
    questdb_error *err = NULL;
    if ((err = questdb_sender_begin(sender, QUESTDB_STR("ledger"))) ||
        (err = entry(sender, -100.0, 1700000000000000000)) ||
        (err = entry(sender, 100.0, 1700000000000000001)) ||
        (err = questdb_sender_commit(sender)))
        return err;

    /* This transaction is rolled back: nothing of it is stored. */
    if ((err = questdb_sender_begin(sender, QUESTDB_STR("ledger"))) ||
        (err = entry(sender, -1e9, 1700000000000000002)) ||
        (err = questdb_sender_rollback(sender)))
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
