/* A pool: rows from many threads, completions read while a descriptor is readable, batches that are cancelled, an end with a
 * report, and a process that forks. */
#include <poll.h>
#include <sys/wait.h>

#include "server.h"

enum { THREADS = 8, BATCHES = 25, ROWS = 4 };

/* Makes a pool for the server, which serves one connection at a time. Further options must end with a semicolon. */
static questdb_pool *server_pool(const struct server *server, const char *options) {
    char conf[256];
    questdb_pool *pool = NULL;
    const int len = snprintf(conf, sizeof conf, "http::addr=127.0.0.1:%u;protocol_version=2;sender_pool_max=1;%s", server->port, options);
    OK(questdb_pool_from_conf(conf, (size_t)len, &pool));
    return pool;
}

static questdb_completion no_completion(void) {
    questdb_completion done;
    memset(&done, 0xee, sizeof done);
    done.size = sizeof done;
    return done;
}

static void forget(const questdb_completion *done) {
    questdb_error_free(done->error);
    questdb_buffer_free(done->failed_rows);
}

/* Submits with the number of the thread as key, and the number of the batch as data. */
static void *submit_often(void *argument) {
    questdb_pool *pool = ((void **)argument)[0];
    const uint64_t thread = *(const uint64_t *)((void **)argument)[1];
    questdb_buffer *buffer = NULL;
    questdb_submit how;
    memset(&how, 0, sizeof how);
    how.size = sizeof how;
    how.order_key = thread;
    how.has_order_key = 1;
    OK(questdb_pool_new_buffer(pool, &buffer));
    for (uint64_t i = 0; i < BATCHES; i++) {
        uint64_t batch = 0;
        fill(buffer, ROWS);
        how.user_data = thread << 32 | i;
        OK(questdb_pool_submit(pool, buffer, &how, &batch));
        CHECK(batch != 0 && questdb_buffer_row_count(buffer) == 0);
    }
    questdb_buffer_free(buffer);
    return NULL;
}

static void many_threads_and_one_descriptor(void) {
    struct server server;
    pthread_t threads[THREADS];
    uint64_t numbers[THREADS], next[THREADS] = {0};
    void *arguments[THREADS][2];
    intptr_t handle = -1;
    server_start(&server, ANSWER);
    questdb_pool *pool = server_pool(&server, "");
    OK(questdb_pool_handle(pool, &handle));
    struct pollfd readable = {(int)handle, POLLIN, 0};
    CHECK(poll(&readable, 1, 0) == 0);
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = (uint64_t)i;
        arguments[i][0] = pool;
        arguments[i][1] = &numbers[i];
        if (pthread_create(&threads[i], NULL, submit_often, arguments[i])) exit(2);
    }
    for (unsigned seen = 0; seen < THREADS * BATCHES;) {
        questdb_completion done[7];
        size_t count = 0;
        done[0] = no_completion();
        if (poll(&readable, 1, 60000) != 1) break;
        OK(questdb_pool_next(pool, 0, done, 7, &count));
        CHECK(count > 0);
        for (size_t i = 0; i < count; i++, seen++) {
            const uint64_t thread = done[i].user_data >> 32;
            CHECK(done[i].outcome == QUESTDB_OUTCOME_COMMITTED && done[i].rows == ROWS && done[i].attempts == 1);
            CHECK(!done[i].error && !done[i].failed_rows && done[i].size == sizeof done[i] && done[i].in_doubt_attempts == 0);
            CHECK(thread < THREADS && (done[i].user_data & 0xffffffff) == next[thread < THREADS ? thread : 0]++);
        }
    }
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    CHECK(poll(&readable, 1, 0) == 0);
    CHECK(questdb_pool_stat(pool, QUESTDB_POOL_COUNTER_ROWS_SENT) == THREADS * BATCHES * ROWS);
    CHECK(questdb_pool_stat(pool, QUESTDB_POOL_COUNTER_QUEUE_BYTES) == 0);
    CHECK(questdb_pool_stat(pool, QUESTDB_POOL_COUNTER_ACQUIRE_TIMEOUT_MILLIS) == 5000);
    OK(questdb_pool_close(pool, 10000, NULL));
    CHECK(questdb_pool_stat(pool, QUESTDB_POOL_COUNTER_WORKERS) == 0);
    questdb_pool_free(pool);
    server_stop(&server);
    CHECK(server.lines == THREADS * BATCHES * ROWS);
}

/* The server holds the first batch, so that the second one waits. */
static void cancelled_and_closed(void) {
    struct server server;
    questdb_buffer *buffer = NULL;
    questdb_completion done = no_completion();
    questdb_pool_report report;
    uint64_t first = 0, second = 0, third = 0;
    memset(&report, 0xee, sizeof report);
    report.size = sizeof report;
    server_start(&server, HOLD);
    questdb_pool *pool = server_pool(&server, "request_timeout=60000;");
    OK(questdb_pool_new_buffer(pool, &buffer));
    fill(buffer, 1);
    OK(questdb_pool_submit(pool, buffer, NULL, &first));
    sem_wait(&server.arrived);
    fill(buffer, 2);
    OK(questdb_pool_submit(pool, buffer, NULL, &second));
    fill(buffer, 3);
    OK(questdb_pool_submit(pool, buffer, NULL, &third));
    CHECK(questdb_pool_stat(pool, QUESTDB_POOL_COUNTER_BATCHES_IN_FLIGHT) == 1);
    CHECK(questdb_pool_stat(pool, QUESTDB_POOL_COUNTER_QUEUED_BATCHES) == 2);
    FAILS(TIMEOUT, questdb_pool_wait(pool, first, 0, &done));
    FAILS(TIMEOUT, questdb_pool_drain(pool, 0));
    OK(questdb_pool_cancel(pool, first, false)); /* it is too late for that */
    OK(questdb_pool_cancel(pool, second, false));
    OK(questdb_pool_wait(pool, second, 0, &done));
    CHECK(done.outcome == QUESTDB_OUTCOME_NOT_SENT && done.attempts == 0 && done.rows == 2);
    CHECK(questdb_error_get_code(done.error) == QUESTDB_ERROR_CODE_CANCELLED && questdb_buffer_row_count(done.failed_rows) == 2);
    forget(&done);
    FAILS(INVALID_STATE, questdb_pool_wait(pool, second, 0, &done)); /* it was read */
    FAILS(CANCELLED, questdb_pool_close(pool, 0, &report));
    CHECK(report.unsent_rows == 3 && report.rows_in_doubt == 1 && report.earlier_rows_in_doubt == 0);
    FAILS(INVALID_STATE, questdb_pool_submit(pool, buffer, NULL, NULL));
    OK(questdb_pool_wait(pool, first, 60000, &done));
    CHECK(done.outcome == QUESTDB_OUTCOME_IN_DOUBT && questdb_error_in_doubt(done.error));
    forget(&done);
    OK(questdb_pool_wait(pool, third, 0, &done));
    CHECK(done.outcome == QUESTDB_OUTCOME_NOT_SENT);
    forget(&done);
    questdb_buffer_free(buffer);
    questdb_pool_free(pool);
    sem_post(&server.release);
    server_stop(&server);
}

static int in_child(questdb_pool *pool, questdb_buffer *buffer) {
    questdb_completion done = no_completion();
    questdb_buffer *made = NULL;
    questdb_sender *sender = NULL;
    intptr_t handle = 0;
    size_t count = 0;
    checks = failures = 0;
    FAILS(INVALID_STATE, questdb_pool_new_buffer(pool, &made));
    FAILS(INVALID_STATE, questdb_pool_new_sender(pool, &sender));
    FAILS(INVALID_STATE, questdb_pool_submit(pool, buffer, NULL, NULL));
    FAILS(INVALID_STATE, questdb_pool_next(pool, 1000, &done, 1, &count));
    FAILS(INVALID_STATE, questdb_pool_wait(pool, 1, 1000, &done));
    FAILS(INVALID_STATE, questdb_pool_handle(pool, &handle));
    FAILS(INVALID_STATE, questdb_pool_cancel(pool, 1, true));
    FAILS(INVALID_STATE, questdb_pool_drain(pool, 1000));
    FAILS(INVALID_STATE, questdb_pool_close(pool, 1000, NULL));
    CHECK(questdb_pool_stat(pool, QUESTDB_POOL_COUNTER_WORKERS) == 0);
    questdb_pool_free(pool);
    fflush(stdout);
    /* Memory of the parent's threads stays in the child, since nobody there can end them. Another program has none of it, so that
     * a memory checker does not take it for a leak. */
    if (failures == 0) execl("/bin/true", "true", (char *)NULL);
    return 1;
}

/* The child is refused everything, and the parent's batch under way ends as if there had been no child. */
static void forked(void) {
    struct server server;
    questdb_buffer *buffer = NULL, *other = NULL;
    questdb_completion done = no_completion();
    uint64_t batch = 0;
    int status = -1;
    server_start(&server, HOLD);
    questdb_pool *pool = server_pool(&server, "request_timeout=60000;");
    OK(questdb_pool_new_buffer(pool, &buffer));
    OK(questdb_pool_new_buffer(pool, &other));
    fill(buffer, 5);
    OK(questdb_pool_submit(pool, buffer, NULL, &batch));
    sem_wait(&server.arrived);
    fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0) _exit(in_child(pool, other));
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    sem_post(&server.release);
    OK(questdb_pool_wait(pool, batch, 60000, &done));
    CHECK(done.outcome == QUESTDB_OUTCOME_COMMITTED && done.rows == 5);
    OK(questdb_pool_close(pool, 10000, NULL));
    questdb_pool_free(pool);
    questdb_buffer_free(buffer);
    questdb_buffer_free(other);
    server_stop(&server);
    CHECK(server.lines == 5 && server.connections == 1);
}

/* Buffers of other kinds than the pool's own are taken too. */
static void foreign_buffers(void) {
    struct server server;
    questdb_buffer *older = NULL, *newer = NULL;
    questdb_completion done = no_completion();
    uint64_t batch = 0;
    server_start(&server, ANSWER);
    questdb_pool *pool = server_pool(&server, "");
    OK(questdb_buffer_new(1, &older));
    OK(questdb_buffer_new(3, &newer));
    fill(older, 1);
    fill(newer, 1);
    OK(questdb_pool_submit(pool, older, NULL, &batch));
    CHECK(questdb_buffer_protocol_version(older) == 1);
    OK(questdb_pool_wait(pool, batch, 60000, &done));
    CHECK(done.outcome == QUESTDB_OUTCOME_COMMITTED);
    OK(questdb_pool_submit(pool, newer, NULL, &batch));
    OK(questdb_pool_wait(pool, batch, 60000, &done));
    CHECK(questdb_error_get_code(done.error) == QUESTDB_ERROR_CODE_PROTOCOL_VERSION && done.outcome == QUESTDB_OUTCOME_NOT_SENT);
    CHECK(questdb_buffer_protocol_version(done.failed_rows) == 3);
    forget(&done);
    questdb_buffer_free(older);
    questdb_buffer_free(newer);
    OK(questdb_pool_close(pool, 10000, NULL));
    questdb_pool_free(pool);
    server_stop(&server);
}

/* A row in the own buffer of a sender, which is ended. */
static void row(questdb_sender *sender) {
    questdb_buffer *own = questdb_sender_buffer(sender);
    OK(questdb_buffer_table(own, QUESTDB_STR("t")));
    OK(questdb_buffer_column_i64(own, QUESTDB_STR("x"), 1));
    OK(questdb_sender_at_now(sender));
}

/* The server holds the first batch. Rows go on, and a close without time brings all of them back. */
static void senders(void) {
    struct server server;
    questdb_sender *sender = NULL, *other = NULL;
    uint64_t unconfirmed = 0;
    server_start(&server, HOLD);
    questdb_pool *pool = server_pool(&server, "auto_flush_rows=2;request_timeout=60000;");
    OK(questdb_pool_new_sender(pool, &sender));
    OK(questdb_pool_new_sender(pool, &other));
    for (int i = 0; i < 5; i++) row(sender);
    sem_wait(&server.arrived);
    CHECK(questdb_buffer_row_count(questdb_sender_buffer(sender)) == 1);
    CHECK(questdb_pool_stat(pool, QUESTDB_POOL_COUNTER_QUEUED_BATCHES) == 1);
    sem_post(&server.release);
    sem_post(&server.release);
    sem_post(&server.release);
    OK(questdb_sender_flush_own(sender));
    CHECK(questdb_sender_stat(sender, QUESTDB_STAT_ROWS_COMMITTED) == 5);
    OK(questdb_sender_begin(sender, QUESTDB_STR("t")));
    for (int i = 0; i < 3; i++) row(sender);
    sem_post(&server.release);
    OK(questdb_sender_commit(sender));
    OK(questdb_sender_close(sender, 10000, &unconfirmed));
    CHECK(unconfirmed == 0);
    questdb_sender_free(sender);
    for (int i = 0; i < 3; i++) row(other);
    FAILS(TIMEOUT, questdb_sender_close(other, 0, &unconfirmed));
    CHECK(unconfirmed == 3 && questdb_buffer_row_count(questdb_sender_buffer(other)) == 3);
    FAILS(INVALID_STATE, questdb_buffer_table(questdb_sender_buffer(other), QUESTDB_STR("t"))); /* it is closed */
    OK(questdb_pool_close(pool, 10000, NULL));
    questdb_pool_free(pool);
    questdb_sender_free(other);
    sem_post(&server.release);
    server_stop(&server);
}

int main(void) {
    many_threads_and_one_descriptor();
    cancelled_and_closed();
    forked();
    foreign_buffers();
    senders();
    return verdict("pool");
}
