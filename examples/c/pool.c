/* Many producers, one pool: threads hand their rows over and go on, one reads what became of them, and refused batches go to a
 * file. Ends after so many batches of each, or in order on SIGTERM. ./pool "http::addr=localhost:9000;" 1000 refused.txt */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "questdb_ingress.h"

static volatile sig_atomic_t stopped, closed;
static questdb_pool *pool;
static long batches;

static void stop(int signal) { stopped = signal; }

/* Prints the error and frees it. Returns whether there was one. */
static int complain(questdb_error *err) {
    if (err) fprintf(stderr, "%s: %s\n", questdb_error_code_name(questdb_error_get_code(err)), questdb_error_message(err));
    questdb_error_free(err);
    return err != NULL;
}

static void *produce(void *name) {
    questdb_buffer *buffer = NULL;
    questdb_submit how = {sizeof how, 0, *(unsigned char *)name, 0, 1, 0}; /* batches with one order key stay in their order */
    questdb_error *err = questdb_pool_new_buffer(pool, &buffer);
    for (long row = 0; row < batches * 10 && !stopped && !err; row++) {
        (void)((err = questdb_buffer_table(buffer, QUESTDB_STR("events"))) ||
               (err = questdb_buffer_symbol(buffer, QUESTDB_STR("producer"), name, 1)) ||
               (err = questdb_buffer_column_i64(buffer, QUESTDB_STR("value"), row)) || (err = questdb_buffer_at_now(buffer)));
        /* The rows are gone afterwards, and the buffer can be filled again. */
        if (!err && row % 10 == 9) err = questdb_pool_submit(pool, buffer, &how, NULL);
    }
    complain(err);
    questdb_buffer_free(buffer);
    return NULL;
}

/* Reads what became of all batches. Rows that were not sent could be submitted again; here they go to the file too. */
static void *read_completions(void *file) {
    unsigned long long stored = 0, refused = 0, unsure = 0;
    questdb_completion done = {0};
    size_t count = 1, len = 0;
    done.size = sizeof done;
    for (int last = 0; count > 0 || !last;) {
        last = closed; /* looked at first: what came before the end is read */
        if (complain(questdb_pool_next(pool, 200, &done, 1, &count))) break;
        if (count == 0) continue;
        *(!done.error ? &stored : questdb_error_in_doubt(done.error) ? &unsure : &refused) += done.rows;
        const uint8_t *rows = questdb_buffer_peek(done.failed_rows, &len);
        if (done.error) fwrite(rows, 1, len, file);
        questdb_error_free(done.error);
        questdb_buffer_free(done.failed_rows);
    }
    printf("%llu rows stored, %llu refused, %llu in doubt\n", stored, refused, unsure);
    return NULL;
}

int main(int argc, char **argv) {
    static char names[4][2] = {"a", "b", "c", "d"};
    const char *conf = argc > 1 ? argv[1] : "http::addr=localhost:9000;";
    pthread_t producers[4], reader;
    struct sigaction on_term;
    FILE *file = fopen(argc > 3 ? argv[3] : "refused.txt", "ab");
    batches = argc > 2 ? strtol(argv[2], NULL, 10) : 1000;
    memset(&on_term, 0, sizeof on_term);
    on_term.sa_handler = stop;
    if (!file || sigaction(SIGTERM, &on_term, NULL) || complain(questdb_pool_from_conf(conf, strlen(conf), &pool))) return 1;
    if (pthread_create(&reader, NULL, read_completions, file)) return 1;
    for (int i = 0; i < 4; i++) if (pthread_create(&producers[i], NULL, produce, names[i])) return 1;
    for (int i = 0; i < 4; i++) pthread_join(producers[i], NULL);
    complain(questdb_pool_close(pool, 10000, NULL)); /* sends the rest; whatever it could not send is a completion */
    closed = 1;
    pthread_join(reader, NULL);
    questdb_pool_free(pool);
    return fclose(file) ? 1 : 0;
}
