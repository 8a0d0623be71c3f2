/* The wall clock jumps by years each time it is read. Time-outs, waits and the auto-flush interval must not be
 * affected. */
#define _GNU_SOURCE
#include <dlfcn.h>

#include "row.h"
#include "server.h"

static volatile sig_atomic_t jumping;
static volatile int looks;

/* Replaces the function of the C library, also for the library under test. */
int clock_gettime(clockid_t clock, struct timespec *now) {
    static const time_t years[] = {0, 315360000, -1577880000, 60, -60};
    int (*real)(clockid_t, struct timespec *);
    void *const symbol = dlsym(RTLD_NEXT, "clock_gettime");
    memcpy(&real, &symbol, sizeof real);
    const int result = real(clock, now);
    if (jumping && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += years[__sync_fetch_and_add(&looks, 1) % 5];
    return result;
}

static void time_outs(void) {
    struct server server;
    server_start(&server, HOLD);
    questdb_sender *sender = server_sender(&server, "request_timeout=400;retry_timeout=0;");
    fill(questdb_sender_buffer(sender), 2);
    const double begin = seconds();
    FAILS(TIMEOUT, questdb_sender_flush_own(sender));
    const double took = seconds() - begin;
    CHECK(took > 0.35 && took < 0.4 + overshoot());
    questdb_error *err = questdb_sender_close(sender, 300, NULL);
    CHECK(questdb_error_get_code(err) == QUESTDB_ERROR_CODE_TIMEOUT && seconds() - begin - took < 0.3 + overshoot());
    questdb_error_free(err);
    questdb_sender_free(sender);
    for (int i = 0; i < 4; i++) sem_post(&server.release);
    server_stop(&server);
}

/* Nobody listens, so attempts and waits go on until the retry budget is used up. */
static void retries(void) {
    questdb_sender *sender = NULL;
    const double begin = seconds();
    OK(questdb_sender_from_conf(
        QUESTDB_STR("http::addr=127.0.0.1:1;protocol_version=2;retry_timeout=500;retry_max_backoff=50;"), &sender));
    fill(questdb_sender_buffer(sender), 2);
    questdb_error *err = questdb_sender_flush_own(sender);
    const double took = seconds() - begin;
    CHECK(questdb_error_get_code(err) == QUESTDB_ERROR_CODE_CONNECTION && questdb_error_attempts(err) > (under_valgrind() ? 0 : 4));
    CHECK(took > 0.3 && took < 0.5 + overshoot());
    CHECK((double)questdb_error_elapsed_millis(err) / 1000 <= took);
    questdb_error_free(err);
    questdb_sender_free(sender);
}

static void add_row(questdb_sender *sender) {
    questdb_buffer *own = questdb_sender_buffer(sender);
    OK(questdb_buffer_table(own, QUESTDB_STR("t")));
    OK(questdb_buffer_column_i64(own, QUESTDB_STR("x"), 1));
    OK(questdb_sender_at_now(sender));
}

static void auto_flush(void) {
    struct server server;
    const double begin = seconds();
    server_start(&server, ANSWER);
    questdb_sender *sender = server_sender(&server, "auto_flush_interval=2000;auto_flush_rows=off;");
    for (int i = 0; i < 100; i++) add_row(sender);
    if (seconds() - begin < 1.5) CHECK(questdb_sender_stat(sender, QUESTDB_STAT_FLUSHES) == 0);
    usleep(2050000);
    add_row(sender);
    CHECK(questdb_sender_stat(sender, QUESTDB_STAT_FLUSHES) == 1);
    questdb_sender_free(sender);
    server_stop(&server);
    CHECK(server.lines == 101);
}

int main(int count, char **arguments) {
    struct timespec now;
    choose_rows(count, arguments);
    jumping = 1;
    row("K1", "time-outs while the wall clock jumps", time_outs);
    row("K1", "retries while the wall clock jumps", retries);
    row("K1", "auto-flush interval while the wall clock jumps", auto_flush);
    clock_gettime(CLOCK_REALTIME, &now);
    CHECK(looks > 0); /* the clock above was used, not that of the C library */
    return verdict_of_rows("clocks");
}
