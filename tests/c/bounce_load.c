/* The load for tests/it/real_server/bounces.rs: sends one batch after the other until its input ends, while the server
 * stops and restarts. Each batch is repeated until it is confirmed.
 *
 *   bounce_load CONNECTION_STRING TABLE PART ROWS_PER_BATCH
 *
 * Prints "flushed" for each batch, and at the end: rows, flushes, errors, retries, attempts in doubt, and the longest
 * call in milliseconds. Ends with code 1 after an error that is not retryable or that changes the buffer. */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "questdb_ingress.h"

static int64_t now_millis(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int input_ended(void) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&input, 1, 20) != 0;
}

static questdb_error *fill(questdb_buffer *buffer, const char *table, int64_t part, int64_t first, int64_t rows) {
    questdb_error *err = NULL;
    for (int64_t id = first; id < first + rows; id++) {
        if ((err = questdb_buffer_table(buffer, table, strlen(table))) ||
            (err = questdb_buffer_symbol(buffer, QUESTDB_STR("s"), QUESTDB_STR("sensor"))) ||
            (err = questdb_buffer_column_i64(buffer, QUESTDB_STR("part"), part)) ||
            (err = questdb_buffer_column_i64(buffer, QUESTDB_STR("id"), id)) ||
            (err = questdb_buffer_column_str(buffer, QUESTDB_STR("text"), QUESTDB_STR("something to carry"))) ||
            (err = questdb_buffer_at_micros(buffer, 1700000000000000 + id)))
            return err;
    }
    return NULL;
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    const int64_t part = atoll(argv[3]), batch = atoll(argv[4]);
    int64_t rows = 0, longest = 0;
    uint64_t flushes = 0, errors = 0;
    questdb_sender *sender = NULL;
    questdb_buffer *buffer = NULL;
    questdb_error *err = questdb_sender_from_conf(argv[1], strlen(argv[1]), &sender);
    if (!err) err = questdb_sender_new_buffer(sender, &buffer);
    while (!err && !input_ended()) {
        if ((err = fill(buffer, argv[2], part, rows, batch))) break;
        const size_t len = questdb_buffer_len(buffer);
        for (;;) {
            const int64_t began = now_millis();
            err = questdb_sender_flush(sender, buffer);
            const int64_t took = now_millis() - began;
            if (took > longest) longest = took;
            if (!err) break;
            errors++;
            if (!questdb_error_retryable(err) || questdb_buffer_len(buffer) != len) break;
            questdb_error_free(err);
        }
        if (err) break;
        flushes++;
        rows += batch;
        puts("flushed");
        fflush(stdout);
    }
    uint64_t retries = 0;
    for (uint32_t stat = QUESTDB_STAT_RETRIES_CONNECT; stat <= QUESTDB_STAT_RETRIES_SERVER; stat++)
        retries += questdb_sender_stat(sender, stat);
    if (err) fprintf(stderr, "%s\n", questdb_error_message(err));
    printf("%" PRId64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 "\n", rows, flushes, errors, retries,
           questdb_sender_stat(sender, QUESTDB_STAT_IN_DOUBT_ATTEMPTS), longest);
    const int code = err ? 1 : 0;
    questdb_error_free(err);
    questdb_buffer_free(buffer);
    questdb_sender_free(sender);
    return code;
}
