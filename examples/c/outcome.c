/* What to do after a failed flush: the error says what is known about the rows. ./outcome "http::addr=localhost:9000;" */
#include <stdio.h>
#include <string.h>

#include "questdb_ingress.h"

/* Returns whether the same rows should be sent again. */
static bool again(const questdb_error *err) {
    switch (questdb_error_outcome(err)) {
    case QUESTDB_OUTCOME_NOT_SENT: /* nothing was stored: again, if it can help */
        return questdb_error_retryable(err);
    case QUESTDB_OUTCOME_REJECTED: /* nothing was stored, and the same rows will be refused again */
        fprintf(stderr, "row %llu is wrong (server error %s)\n", (unsigned long long)questdb_error_server_line(err),
                questdb_error_server_error_id(err) ? questdb_error_server_error_id(err) : "?");
        return false;
    default: /* IN_DOUBT, PARTIAL, and what newer libraries may add: safe only if the table deduplicates */
        fprintf(stderr, "the rows may have been stored\n");
        return questdb_error_retryable(err);
    }
}

static questdb_error *run(questdb_sender *sender, questdb_buffer **rows) {
    questdb_error *err = NULL;
    if ((err = questdb_sender_new_buffer(sender, rows))) return err;
    for (int i = 0; i < 2; i++) {
        /* The second row has text where the first row made a column of integers: the server refuses it. */
        if ((err = questdb_buffer_table(*rows, QUESTDB_STR("results"))) ||
            (err = i == 0 ? questdb_buffer_column_i64(*rows, QUESTDB_STR("value"), 1)
                          : questdb_buffer_column_str(*rows, QUESTDB_STR("value"), QUESTDB_STR("one"))) ||
            (err = questdb_buffer_at_nanos(*rows, 1700000000000000000 + i)))
            return err;
    }
    for (int attempt = 0; attempt < 3; attempt++) {
        questdb_error_free(err);
        err = questdb_sender_flush(sender, *rows); /* a failed flush leaves the rows in the buffer */
        if (!err || !again(err)) break;
    }
    return err;
}

int main(int argc, char **argv) {
    const char *conf = argc > 1 ? argv[1] : "http::addr=localhost:9000;";
    questdb_sender *sender = NULL;
    questdb_buffer *rows = NULL;
    questdb_error *err = questdb_sender_from_conf(conf, strlen(conf), &sender);
    if (!err) err = run(sender, &rows);
    if (err)
        fprintf(stderr, "%s, %s: %s\n", questdb_error_code_name(questdb_error_get_code(err)),
                questdb_outcome_name(questdb_error_outcome(err)), questdb_error_message(err));
    const int code = err ? 1 : 0;
    questdb_error_free(err);
    questdb_buffer_free(rows);
    questdb_sender_free(sender);
    return code;
}
