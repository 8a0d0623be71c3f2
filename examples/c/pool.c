/* Many producers, one pool: threads hand their rows over and go on, one reads what became of them, and the rows of batches that
 * failed go to a file. Those in doubt may be stored already: sent again without dedup keys they may be there twice. Ends after so
 * many batches of each, or in order on SIGTERM. ./pool "http::addr=localhost:9000;" 1000 failed.txt */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "questdb_ingress.h"

static volatile sig_atomic_t stopped, closed;
static questdb_pool *pool;
static FILE *file;
static long batches;

static void stop(int signal) { stopped = signal; }
/* Prints the error and frees it. Returns whether there was one. */
static int complain(questdb_error *err) {
    if (err) fprintf(stderr, "%s: %s\n", questdb_error_code_name(questdb_error_get_code(err)), questdb_error_message(err));
    questdb_error_free(err);
    return err != NULL;
}

/* Writes the rows of a buffer to the file and frees it. */
static void keep(questdb_buffer *buffer) {
    size_t len = 0;
    const uint8_t *rows = questdb_buffer_peek(buffer, &len);
    if (len > 0) fwrite(rows, 1, len, file);
    questdb_buffer_free(buffer);
}

static void *produce(void *name) {
    questdb_buffer *buffer = NULL;
    questdb_submit how = {sizeof how, 0, *(unsigned char *)name, 0, 1, 0}; /* batches with one order key stay in their order */
    questdb_error *err = questdb_pool_new_buffer(pool, &buffer);
    for (long row = 0; row < batches * 10 && (!stopped || row % 10 != 0) && !err; row++) {
        (void)((err = questdb_buffer_table(buffer, QUESTDB_STR("events"))) ||
               (err = questdb_buffer_symbol(buffer, QUESTDB_STR("producer"), name, 1)) ||
               (err = questdb_buffer_column_i64(buffer, QUESTDB_STR("value"), row)) || (err = questdb_buffer_at_now(buffer)));
        if (!err && row % 10 == 9) err = questdb_pool_submit(pool, buffer, &how, NULL); /* empties the buffer */
    }
    complain(err);
    keep(buffer); /* its rows are still here if there was no room in time */
    return NULL;
}

static void *read_completions(void *unused) {
    unsigned long long stored = 0, refused = 0, unsure = 0;
    questdb_completion done = {.size = sizeof done};
    size_t count = 1;
    for (int last = 0; count > 0 || !last;) {
        last = closed; /* looked at first: what came before the end is read */
        if (complain(questdb_pool_next(pool, 200, &done, 1, &count))) break;
        if (count == 0) continue;
        *(!done.error ? &stored : questdb_error_in_doubt(done.error) ? &unsure : &refused) += done.rows;
        questdb_error_free(done.error);
        keep(done.failed_rows);
    }
    printf("%llu rows stored, %llu not stored, %llu in doubt\n", stored, refused, unsure);
    return unused;
}

int main(int argc, char **argv) {
    static char names[4][2] = {"a", "b", "c", "d"};
    const char *conf = argc > 1 ? argv[1] : "http::addr=localhost:9000;";
    pthread_t producers[4], reader;
    file = fopen(argc > 3 ? argv[3] : "failed.txt", "ab");
    batches = argc > 2 ? strtol(argv[2], NULL, 10) : 1000;
    if (!file || signal(SIGTERM, stop) == SIG_ERR || complain(questdb_pool_from_conf(conf, strlen(conf), &pool))) return 1;
    if (pthread_create(&reader, NULL, read_completions, NULL)) return 1;
    for (int i = 0; i < 4; i++) if (pthread_create(&producers[i], NULL, produce, names[i])) return 1;
    for (int i = 0; i < 4; i++) pthread_join(producers[i], NULL);
    complain(questdb_pool_close(pool, 10000, NULL)); /* sends the rest; whatever it could not send is a completion */
    closed = 1;
    pthread_join(reader, NULL);
    questdb_pool_free(pool);
    return fclose(file) ? 1 : 0;
}
