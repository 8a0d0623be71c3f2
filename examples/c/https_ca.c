/* HTTPS with your own certificate authority and a user:
 * ./https_ca "https::addr=localhost:9000;username=admin;password=quest;" ca.pem */
#include <stdio.h>
#include <string.h>

#include "questdb_ingress.h"

static questdb_error *run(const char *conf, const char *ca_file, questdb_sender **sender) {
    questdb_config *config = NULL;
    questdb_error *err = NULL;
    /* Options that are set one by one need no escaping of ';', unlike in a connection string. */
    if (!(err = questdb_config_from_conf(conf, strlen(conf), &config)) &&
        !(err = questdb_config_set(config, QUESTDB_STR("tls_roots"), ca_file, strlen(ca_file))))
        err = questdb_sender_new(config, sender);
    questdb_config_free(config);
    if (err) return err;

    questdb_buffer *row = questdb_sender_buffer(*sender);
    if ((err = questdb_buffer_table(row, QUESTDB_STR("secrets"))) ||
        (err = questdb_buffer_column_str(row, QUESTDB_STR("word"), QUESTDB_STR("caffè"))) ||
        (err = questdb_sender_at_nanos(*sender, 1700000000000000000)))
        return err;
    return questdb_sender_close(*sender, 10000, NULL);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: %s <connection string> <file with certificates>\n", argv[0]);
        return 2;
    }
    questdb_sender *sender = NULL;
    questdb_error *err = run(argv[1], argv[2], &sender);
    if (err) fprintf(stderr, "%s\n", questdb_error_message(err));
    const int code = err ? 1 : 0;
    questdb_error_free(err);
    questdb_sender_free(sender);
    return code;
}
