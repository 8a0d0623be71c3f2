/* ILP over TCP, authenticated with an ECDSA key:
 * ./tcp_auth "tcp::addr=localhost:9009;username=testUser1;token=<d>;token_x=<x>;token_y=<y>;"
 */
#include <stdio.h>
#include <string.h>

#include "questdb_ingress.h"

static questdb_error *run(questdb_sender *sender) {
    questdb_buffer *row = questdb_sender_buffer(sender);
    questdb_error *err = NULL;
    if ((err = questdb_buffer_table(row, QUESTDB_STR("meters"))) ||
        (err = questdb_buffer_symbol(row, QUESTDB_STR("room"), QUESTDB_STR("hall"))) ||
        (err = questdb_buffer_column_f64(row, QUESTDB_STR("celsius"), 21.5)) ||
        (err = questdb_buffer_column_bool(row, QUESTDB_STR("valid"), true)) ||
        (err = questdb_sender_at_micros(sender, 1700000000000000)))
        return err;
    /* TCP has no acknowledgement: success means that the kernel took the bytes. A server that refuses them closes the
     * connection, which a later flush reports. */
    return questdb_sender_close(sender, 10000, NULL);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s <connection string>\n", argv[0]);
        return 2;
    }
    questdb_sender *sender = NULL;
    /* Connects and signs the server's challenge; AUTH if the server refuses the key. */
    questdb_error *err = questdb_sender_from_conf(argv[1], strlen(argv[1]), &sender);
    if (!err) err = run(sender);
    if (err) fprintf(stderr, "%s\n", questdb_error_message(err));
    const int code = err ? 1 : 0;
    questdb_error_free(err);
    questdb_sender_free(sender);
    return code;
}
