/* Sends one buffer of your own to two servers:
 * ./two_servers "http::addr=first:9000;" "http::addr=second:9000;" */
#include <stdio.h>
#include <string.h>

#include "questdb_ingress.h"

static questdb_error *run(char **confs, questdb_sender **senders, questdb_buffer **rows) {
    questdb_error *err = NULL;
    for (int i = 0; i < 2; i++)
        if ((err = questdb_sender_from_conf(confs[i], strlen(confs[i]), &senders[i]))) return err;

    /* A server accepts buffers of its own protocol version and of older ones: take the older of the two versions. */
    const int older = questdb_sender_protocol_version(senders[0]) > questdb_sender_protocol_version(senders[1]);
    if ((err = questdb_sender_new_buffer(senders[older], rows))) return err;
    for (int i = 0; i < 3; i++) {
        if ((err = questdb_buffer_table(*rows, QUESTDB_STR("pulses"))) ||
            (err = questdb_buffer_column_i64(*rows, QUESTDB_STR("number"), i)) ||
            (err = questdb_buffer_at_nanos(*rows, 1700000000000000000 + i)))
            return err;
    }
    if ((err = questdb_sender_flush_and_keep(senders[0], *rows))) return err;
    return questdb_sender_flush(senders[1], *rows); /* clears the buffer, which can be filled again */
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: %s <connection string> <connection string>\n", argv[0]);
        return 2;
    }
    questdb_sender *senders[2] = {NULL, NULL};
    questdb_buffer *rows = NULL;
    questdb_error *err = run(argv + 1, senders, &rows);
    if (err) fprintf(stderr, "%s\n", questdb_error_message(err));
    const int code = err ? 1 : 0;
    questdb_error_free(err);
    questdb_buffer_free(rows);
    questdb_sender_free(senders[0]);
    questdb_sender_free(senders[1]);
    return code;
}
