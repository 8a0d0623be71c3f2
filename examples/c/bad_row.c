/* Drops the bad row and keeps the rest: a row that cannot be built, and one that the server refuses.
 * ./bad_row "http::addr=localhost:9000;" */
#include <stdio.h>
#include <string.h>

#include "questdb_ingress.h"

/* Prints the error and frees it. */
static void complain(const char *what, questdb_error *err) {
    fprintf(stderr, "%s: %s\n", what, questdb_error_message(err));
    questdb_error_free(err);
}

static questdb_error *measurement(questdb_sender *sender, int n) {
    questdb_buffer *row = questdb_sender_buffer(sender);
    questdb_error *err = questdb_buffer_table(row, QUESTDB_STR("measurements"));
    if (err) return err;
    /* The third row has no value. The fourth has text where the others have numbers, which only the server can notice. */
    if (n == 4) err = questdb_buffer_column_str(row, QUESTDB_STR("value"), QUESTDB_STR("four"));
    else if (n != 3) err = questdb_buffer_column_i64(row, QUESTDB_STR("value"), n);
    return err ? err : questdb_sender_at_now(sender);
}

static questdb_error *run(questdb_sender *sender) {
    questdb_buffer *rows = questdb_sender_buffer(sender);
    questdb_error *err = NULL;
    for (int n = 1; n <= 5; n++) {
        err = measurement(sender, n);
        if (!err) continue;
        if (questdb_error_row_accepted(err)) return err; /* the row is in the buffer, only sending it failed */
        complain("left out", err);
        if ((err = questdb_buffer_drop_row(rows))) return err; /* drops only this row */
    }
    while ((err = questdb_sender_flush_own(sender))) {
        const uint64_t row = questdb_error_server_line(err);
        if (questdb_error_outcome(err) != QUESTDB_OUTCOME_REJECTED || row == 0)
            return err; /* the error is not about a single row */
        complain("refused", err);
        if ((err = questdb_buffer_remove_rows(rows, (size_t)row, 1))) return err; /* the other rows are still in the buffer */
    }
    return questdb_sender_close(sender, 10000, NULL);
}

int main(int argc, char **argv) {
    const char *conf = argc > 1 ? argv[1] : "http::addr=localhost:9000;";
    questdb_sender *sender = NULL;
    questdb_error *err = questdb_sender_from_conf(conf, strlen(conf), &sender);
    if (!err) err = run(sender);
    if (err) fprintf(stderr, "%s: %s\n", questdb_error_code_name(questdb_error_get_code(err)), questdb_error_message(err));
    const int code = err ? 1 : 0;
    questdb_error_free(err);
    questdb_sender_free(sender);
    return code;
}
