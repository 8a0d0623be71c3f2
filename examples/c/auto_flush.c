/* A loop that never calls flush: rows are sent automatically when a limit is reached.
 * ./auto_flush "http::addr=localhost:9000;auto_flush_rows=1000;auto_flush_interval=500;" */
#include <stdio.h>
#include <string.h>

#include "questdb_ingress.h"

static questdb_error *run(questdb_sender *sender, uint64_t *unconfirmed) {
    questdb_buffer *row = questdb_sender_buffer(sender);
    for (int i = 0; i < 10000; i++) {
        questdb_error *err = NULL;
        if ((err = questdb_buffer_table(row, QUESTDB_STR("ticks"))) ||
            (err = questdb_buffer_column_i64(row, QUESTDB_STR("number"), i)))
            return err;
        err = questdb_sender_at_nanos(sender, 1700000000000000000 + i);
        if (!err) continue;
        /* If only the flush failed, the row is in the buffer, and the next row would try again. This example stops
         * instead. */
        if (questdb_error_row_accepted(err)) fprintf(stderr, "row %d waits in the buffer\n", i);
        return err;
    }
    return questdb_sender_close(sender, 10000, unconfirmed);
}

int main(int argc, char **argv) {
    const char *conf = argc > 1 ? argv[1] : "http::addr=localhost:9000;";
    questdb_sender *sender = NULL;
    uint64_t unconfirmed = 0;
    questdb_error *err = questdb_sender_from_conf(conf, strlen(conf), &sender);
    if (!err) err = run(sender, &unconfirmed);
    if (err) fprintf(stderr, "%s\n", questdb_error_message(err));
    printf("%llu rows in %llu requests, %llu unconfirmed\n",
           (unsigned long long)questdb_sender_stat(sender, QUESTDB_STAT_ROWS_COMMITTED),
           (unsigned long long)questdb_sender_stat(sender, QUESTDB_STAT_FLUSHES), (unsigned long long)unconfirmed);
    const int code = err ? 1 : 0;
    questdb_error_free(err);
    questdb_sender_free(sender);
    return code;
}
