/* Threads: a sender refuses a second thread, statistics can be read at any time, handles move between threads, and
 * immutable handles are shared. */
#include "server.h"

enum { THREADS = 4, FLUSHES = 50, ROWS = 20 };

struct job {
    questdb_sender *sender;
    questdb_buffer *buffer;
    const questdb_table_name *table;
    const questdb_column_name *column;
    const questdb_row_layout *layout;
    questdb_error *err;
    unsigned done, refused;
    pthread_t thread;
};

static void start(struct job *job, void *(*work)(void *)) {
    if (pthread_create(&job->thread, NULL, work, job)) exit(2);
}

static void *flush_once(void *argument) {
    struct job *job = argument;
    job->err = questdb_sender_flush(job->sender, job->buffer);
    return NULL;
}

static void *flush_often(void *argument) {
    struct job *job = argument;
    while (job->done < FLUSHES) {
        questdb_error *err = questdb_sender_flush_and_keep(job->sender, job->buffer);
        if (!err) {
            job->done++;
        } else if (questdb_error_get_code(err) == QUESTDB_ERROR_CODE_INVALID_STATE) {
            job->refused++;
            usleep(500); /* let the others, and the server, run */
        } else {
            job->err = err;
            return NULL;
        }
        questdb_error_free(err);
    }
    return NULL;
}

/* Builds rows with shared names and a shared layout in a buffer of this thread. */
static void *build(void *argument) {
    struct job *job = argument;
    questdb_cell cell;
    memset(&cell, 0, sizeof cell);
    cell.kind = QUESTDB_CELL_KIND_I64;
    for (int i = 0; i < 500 && !job->err; i++) {
        cell.value.i64 = i;
        (void)((job->err = questdb_buffer_table_named(job->buffer, job->table)) ||
               (job->err = questdb_buffer_column_i64_named(job->buffer, job->column, i)) ||
               (job->err = questdb_buffer_at_nanos(job->buffer, i)) ||
               (job->err = questdb_buffer_append_row(job->buffer, job->layout, &cell, 1, i)));
    }
    return NULL;
}

static void *free_all(void *argument) {
    struct job *job = argument;
    questdb_error_free(job->err);
    questdb_buffer_free(job->buffer);
    questdb_sender_free(job->sender);
    return NULL;
}

static void second_thread_is_refused(void) {
    struct server server;
    struct job job = {0};
    questdb_buffer *mine = NULL;
    questdb_error *last = (questdb_error *)1;
    uint64_t unconfirmed = 99;
    server_start(&server, HOLD);
    job.sender = server_sender(&server, "");
    OK(questdb_sender_new_buffer(job.sender, &job.buffer));
    OK(questdb_sender_new_buffer(job.sender, &mine));
    fill(job.buffer, 3);
    fill(mine, 1);
    questdb_buffer *lent = questdb_sender_buffer(job.sender);
    CHECK(questdb_sender_protocol_version(job.sender) == 2);

    start(&job, flush_once);
    sem_wait(&server.arrived); /* the other thread is now waiting for its answer */
    FAILS(INVALID_STATE, questdb_sender_flush(job.sender, mine));
    FAILS(INVALID_STATE, questdb_sender_flush_and_keep(job.sender, mine));
    FAILS(INVALID_STATE, questdb_sender_flush_and_keep_with_flags(job.sender, mine, true));
    FAILS(INVALID_STATE, questdb_sender_flush_own(job.sender));
    FAILS(INVALID_STATE, questdb_sender_flush(job.sender, lent));
    FAILS(INVALID_STATE, questdb_sender_flush_if_due(job.sender));
    FAILS(INVALID_STATE, questdb_sender_at_now(job.sender));
    FAILS(INVALID_STATE, questdb_sender_at_nanos(job.sender, 1));
    FAILS(INVALID_STATE, questdb_sender_at_micros(job.sender, 1));
    FAILS(INVALID_STATE, questdb_sender_begin(job.sender, QUESTDB_STR("t")));
    FAILS(INVALID_STATE, questdb_sender_commit(job.sender));
    FAILS(INVALID_STATE, questdb_sender_rollback(job.sender));
    FAILS(INVALID_STATE, questdb_sender_close(job.sender, 1000, &unconfirmed));
    CHECK(unconfirmed == 0);
    CHECK(!questdb_sender_in_transaction(job.sender));
    CHECK(questdb_buffer_row_count(mine) == 1);
    /* Statistics can be read while the flush is running. */
    CHECK(questdb_sender_stat(job.sender, QUESTDB_STAT_FLUSHES) == 0);
    OK(questdb_sender_last_error(job.sender, &last));
    CHECK(last == NULL);
    sem_post(&server.release);
    pthread_join(job.thread, NULL);
    OK(job.err);
    job.err = NULL;
    CHECK(questdb_sender_stat(job.sender, QUESTDB_STAT_FLUSHES) == 1);
    CHECK(questdb_sender_stat(job.sender, QUESTDB_STAT_ROWS_COMMITTED) == 3);
    /* The refused calls had no effect. */
    sem_post(&server.release);
    OK(questdb_sender_flush(job.sender, mine));
    questdb_buffer_free(mine);
    questdb_sender_free(job.sender);
    questdb_buffer_free(job.buffer);
    server_stop(&server);
    CHECK(server.lines == 4);
    CHECK(server.connections == 1);
}

static void crowd_on_one_sender(void) {
    struct server server;
    struct job jobs[THREADS] = {{0}};
    unsigned done = 0;
    server_start(&server, ANSWER);
    questdb_sender *sender = server_sender(&server, "");
    for (int i = 0; i < THREADS; i++) {
        jobs[i].sender = sender;
        OK(questdb_buffer_new(2, &jobs[i].buffer));
        fill(jobs[i].buffer, ROWS);
        start(&jobs[i], flush_often);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(jobs[i].thread, NULL);
        OK(jobs[i].err);
        questdb_buffer_free(jobs[i].buffer);
        done += jobs[i].done;
    }
    CHECK(done == THREADS * FLUSHES);
    CHECK(questdb_sender_stat(sender, QUESTDB_STAT_FLUSHES) == done);
    CHECK(questdb_sender_stat(sender, QUESTDB_STAT_ROWS_COMMITTED) == (uint64_t)done * ROWS);
    questdb_sender_free(sender);
    server_stop(&server);
    CHECK(server.lines == (unsigned long)done * ROWS);
}

static void names_and_layouts_are_shared(void) {
    struct job jobs[THREADS] = {{0}};
    questdb_table_name *table = NULL;
    questdb_column_name *column = NULL;
    questdb_row_layout *layout = NULL;
    OK(questdb_table_name_new(QUESTDB_STR("shared"), &table));
    OK(questdb_column_name_new(QUESTDB_STR("number"), &column));
    OK(questdb_row_layout_new(QUESTDB_STR("shared"), QUESTDB_STAMP_NANOS, &layout));
    OK(questdb_row_layout_add(layout, QUESTDB_STR("number"), QUESTDB_COLUMN_KIND_I64));
    for (int i = 0; i < THREADS; i++) {
        jobs[i].table = table;
        jobs[i].column = column;
        jobs[i].layout = layout;
        OK(questdb_buffer_new(2, &jobs[i].buffer));
        start(&jobs[i], build);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(jobs[i].thread, NULL);
        OK(jobs[i].err);
        CHECK(questdb_buffer_row_count(jobs[i].buffer) == 1000);
        size_t first_len = 0, len = 0;
        const uint8_t *first = questdb_buffer_peek(jobs[0].buffer, &first_len);
        const uint8_t *bytes = questdb_buffer_peek(jobs[i].buffer, &len);
        CHECK(len == first_len && memcmp(bytes, first, len) == 0);
    }
    for (int i = 0; i < THREADS; i++) questdb_buffer_free(jobs[i].buffer);
    questdb_table_name_free(table);
    questdb_column_name_free(column);
    questdb_row_layout_free(layout);
}

/* Everything is made in this thread and freed in another one. */
static void handles_move(void) {
    struct server server;
    struct job job = {0};
    server_start(&server, ANSWER);
    job.sender = server_sender(&server, "");
    OK(questdb_sender_new_buffer(job.sender, &job.buffer));
    fill(job.buffer, 1);
    start(&job, flush_once);
    pthread_join(job.thread, NULL);
    OK(job.err);
    job.err = questdb_sender_commit(job.sender);
    CHECK(job.err != NULL);
    start(&job, free_all);
    pthread_join(job.thread, NULL);
    server_stop(&server);
    CHECK(server.lines == 1);
}

/* Ends on its own only after the call. A thread that is cancelled ends right after the call. */
static void *flush_then_ends(void *argument) {
    struct job *job = argument;
    job->err = questdb_sender_flush(job->sender, job->buffer);
    job->done++;
    pthread_testcancel();
    job->done++;
    return NULL;
}

static void *makes_then_ends(void *argument) {
    struct job *job = argument;
    pthread_cancel(pthread_self());
    job->err = questdb_sender_from_conf(QUESTDB_STR("https::addr=127.0.0.1:1;protocol_version=2;"), &job->sender);
    questdb_sender_free(job->sender);
    job->sender = NULL;
    job->done++;
    pthread_testcancel();
    job->done++;
    return NULL;
}

static void ended_by_cancel(struct job *job) {
    void *result = NULL;
    CHECK(pthread_join(job->thread, &result) == 0);
    CHECK(result == PTHREAD_CANCELED);
    CHECK(job->done == 1); /* the thread ended only after the call had returned */
}

/* pthread_cancel takes effect only when the call has returned. questdb_sender_cancel makes it return. */
static void a_cancelled_thread_leaves_the_call_first(void) {
    struct server server;
    struct job job = {0};
    server_start(&server, HOLD);
    job.sender = server_sender(&server, "request_timeout=60000;retry_timeout=0;");
    OK(questdb_sender_new_buffer(job.sender, &job.buffer));
    /* First case: the server answers. */
    fill(job.buffer, 3);
    start(&job, flush_then_ends);
    sem_wait(&server.arrived);
    CHECK(pthread_cancel(job.thread) == 0);
    sem_post(&server.release);
    ended_by_cancel(&job);
    OK(job.err);
    CHECK(questdb_buffer_row_count(job.buffer) == 0);
    /* Second case: the server does not answer. */
    job.done = 0;
    fill(job.buffer, 2);
    start(&job, flush_then_ends);
    sem_wait(&server.arrived);
    CHECK(pthread_cancel(job.thread) == 0);
    questdb_sender_cancel(job.sender);
    ended_by_cancel(&job);
    CHECK(questdb_error_outcome(job.err) == QUESTDB_OUTCOME_IN_DOUBT);
    FAILS(CANCELLED, job.err);
    CHECK(questdb_buffer_row_count(job.buffer) == 2);
    /* The sender can still be used. */
    sem_post(&server.release);
    sem_post(&server.release);
    OK(questdb_sender_flush(job.sender, job.buffer));
    questdb_sender_free(job.sender);
    questdb_buffer_free(job.buffer);
    server_stop(&server);
    CHECK(server.lines == 7);
    /* Third case: there is no server, and handles are made and freed. */
    job.done = 0;
    start(&job, makes_then_ends);
    ended_by_cancel(&job);
    OK(job.err);
    OK(questdb_sender_from_conf(QUESTDB_STR("http::addr=127.0.0.1:1;protocol_version=2;retry_timeout=60000;"), &job.sender));
    OK(questdb_sender_new_buffer(job.sender, &job.buffer));
    fill(job.buffer, 1);
    job.done = 0;
    start(&job, flush_then_ends);
    while (questdb_sender_stat(job.sender, QUESTDB_STAT_RETRIES_CONNECT) == 0) usleep(1000);
    CHECK(pthread_cancel(job.thread) == 0);
    questdb_sender_cancel(job.sender);
    ended_by_cancel(&job);
    CHECK(questdb_error_outcome(job.err) == QUESTDB_OUTCOME_NOT_SENT);
    FAILS(CANCELLED, job.err);
    questdb_sender_free(job.sender);
    questdb_buffer_free(job.buffer);
}

int main(void) {
    second_thread_is_refused();
    crowd_on_one_sender();
    names_and_layouts_are_shared();
    handles_move();
    a_cancelled_thread_leaves_the_call_first();
    return verdict("threads");
}
