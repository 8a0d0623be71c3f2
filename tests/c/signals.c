/* What may happen to a process that uses the library: signals, fork, a hostile environment. And what the library must
 * not do to its process: end it, or leave descriptors open. */
#include <sys/time.h>
#include <sys/wait.h>

#include "row.h"
#include "server.h"

static volatile sig_atomic_t alarms;

static void on_alarm(int number) {
    (void)number;
    alarms++;
}

/* Flushes until there is an error, which over TCP may take more than one flush. */
static void flush_until_error(questdb_sender *sender, uint32_t allowed) {
    questdb_buffer *buffer = NULL;
    questdb_error *err = NULL;
    OK(questdb_sender_new_buffer(sender, &buffer));
    fill(buffer, 5);
    for (int i = 0; i < 1000 && !err; i++) {
        err = questdb_sender_flush_and_keep(sender, buffer);
        if (!err) usleep(1000);
    }
    CHECK(questdb_error_get_code(err) == allowed);
    CHECK(questdb_buffer_row_count(buffer) == 5);
    questdb_error_free(err);
    questdb_buffer_free(buffer);
}

/* SIGPIPE has its default action: a write to a closed socket without precautions would end the process. */
static void peers_that_hang_up(void) {
    static const enum mode modes[] = {RESET_TCP, CLOSE_TCP, RESET_HTTP, CLOSE_HTTP};
    struct sigaction before;
    sigaction(SIGPIPE, NULL, &before);
    CHECK(before.sa_handler == SIG_DFL);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        struct server server;
        server_start(&server, modes[i]);
        questdb_sender *sender = server_sender(&server, modes[i] >= SWALLOW ? "" : "retry_timeout=0;");
        if (modes[i] >= SWALLOW) {
            sem_post(&server.release);
            sem_wait(&server.arrived);
        }
        flush_until_error(sender, QUESTDB_ERROR_CODE_CONNECTION);
        questdb_error *last = NULL;
        OK(questdb_sender_last_error(sender, &last));
        CHECK(questdb_error_get_code(last) == QUESTDB_ERROR_CODE_CONNECTION);
        questdb_error_free(last);
        questdb_sender_free(sender);
        server_stop(&server);
    }
    struct sigaction after;
    sigaction(SIGPIPE, NULL, &after);
    CHECK(after.sa_handler == SIG_DFL); /* and the library did not change it */
}

/* Starts signals at a high rate, without SA_RESTART, so that system calls return EINTR. Under valgrind, which needs
 * long for each signal, they arrive every `valgrind_micros` microseconds. */
static void storm_begins(suseconds_t valgrind_micros) {
    const suseconds_t every = under_valgrind() ? valgrind_micros : 100;
    const struct itimerval often = {{0, every}, {0, every}};
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_alarm;
    alarms = 0;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
}

static void storm_ends(void) {
    const struct itimerval never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &never, NULL);
    signal(SIGALRM, SIG_IGN); /* a signal may still be pending */
    CHECK(alarms > 5);
}

/* A large flush to a server that reads slowly. */
static void a_storm_in_a_flush(void) {
    struct server server;
    server_start(&server, SLOW);
    questdb_sender *sender = server_sender(&server, "request_timeout=60000;retry_timeout=0;");
    questdb_buffer *buffer = questdb_sender_buffer(sender);
    static char text[1 << 16];
    memset(text, 'x', sizeof text);
    for (int i = 0; i < 64; i++) {
        OK(questdb_buffer_table(buffer, QUESTDB_STR("t")));
        OK(questdb_buffer_column_str(buffer, QUESTDB_STR("s"), text, sizeof text));
        OK(questdb_buffer_at_nanos(buffer, 1700000000000000000 + i));
    }
    /* valgrind checks the whole body before each send, and a signal during the check makes it start again. */
    storm_begins(50000);
    OK(questdb_sender_flush_own(sender));
    storm_ends();
    questdb_sender_free(sender);
    server_stop(&server);
    CHECK(server.requests == 1);
    CHECK(server.lines == 64);
}

/* Connects, small flushes and closes, many times over. */
static void a_storm_from_connect_to_close(enum mode mode) {
    enum { TIMES = 200 };
    struct server server;
    server_start(&server, mode);
    storm_begins(2000);
    for (int i = 0; i < TIMES; i++) {
        questdb_sender *sender = server_sender(&server, mode == ANSWER ? "retry_timeout=0;" : "");
        fill(questdb_sender_buffer(sender), 3);
        OK(questdb_sender_flush_own(sender));
        fill(questdb_sender_buffer(sender), 2);
        OK(questdb_sender_close(sender, 20000, NULL));
        questdb_sender_free(sender);
    }
    storm_ends();
    server_stop(&server);
    CHECK(server.connections == TIMES);
    CHECK(server.lines == 5 * TIMES);
}

/* Waits end when they should: signals make them neither shorter nor longer. */
static void a_storm_over_waits(void) {
    struct server server;
    server_start(&server, HOLD);
    questdb_sender *sender = server_sender(&server, "request_timeout=400;retry_timeout=0;");
    fill(questdb_sender_buffer(sender), 3);
    storm_begins(2000);
    double begin = seconds();
    FAILS(TIMEOUT, questdb_sender_flush_own(sender)); /* waits for the answer */
    const double first = seconds() - begin;
    questdb_sender_free(sender);
    OK(questdb_sender_from_conf(
        QUESTDB_STR("http::addr=127.0.0.1:1;protocol_version=2;retry_timeout=500;retry_max_backoff=100;"), &sender));
    fill(questdb_sender_buffer(sender), 3);
    begin = seconds();
    FAILS(CONNECTION, questdb_sender_flush_own(sender)); /* waits between attempts */
    const double second = seconds() - begin;
    storm_ends();
    CHECK(first >= 0.39 && first <= 0.4 + overshoot());
    CHECK(second >= 0.3 && second <= 0.5 + overshoot());
    questdb_sender_free(sender);
    for (int i = 0; i < 2; i++) sem_post(&server.release);
    server_stop(&server);
}

static int child(questdb_sender *sender, questdb_buffer *buffer) {
    failures = 0;
    uint64_t unconfirmed = 0;
    FAILS(INVALID_STATE, questdb_sender_flush(sender, buffer));
    FAILS(INVALID_STATE, questdb_sender_flush_and_keep(sender, buffer));
    FAILS(INVALID_STATE, questdb_sender_flush_own(sender));
    FAILS(INVALID_STATE, questdb_sender_close(sender, 1000, &unconfirmed));
    CHECK(unconfirmed == 1);
    /* Buffers are only memory, so they work as before. */
    fill(buffer, 1);
    CHECK(questdb_buffer_row_count(buffer) == 2);
    questdb_buffer_free(buffer);
    questdb_sender_free(sender);
    return failures ? 1 : 0;
}

static void a_fork(enum mode mode) {
    struct server server;
    questdb_buffer *buffer = NULL;
    int status = -1;
    server_start(&server, mode);
    questdb_sender *sender = server_sender(&server, "");
    OK(questdb_sender_new_buffer(sender, &buffer));
    fill(buffer, 1);
    OK(questdb_sender_flush_and_keep(sender, buffer)); /* the connection is open now */
    fill(questdb_sender_buffer(sender), 1);
    fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0) {
        const int code = child(sender, buffer);
        fflush(stdout);
        _exit(code);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    /* The connection of the parent process is not affected. */
    OK(questdb_sender_flush(sender, buffer));
    OK(questdb_sender_close(sender, 5000, NULL));
    CHECK(questdb_sender_stat(sender, QUESTDB_STAT_RECONNECTS) == 0);
    questdb_buffer_free(buffer);
    questdb_sender_free(sender);
    server_stop(&server);
    CHECK(server.connections == 1);
    CHECK(server.lines == 3);
}

static void a_hostile_environment(void) {
    static const char *const names[] = {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                        "no_proxy", "NO_PROXY"};
    struct server server;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) setenv(names[i], "http://127.0.0.1:1", 1);
    setenv("RUST_LOG", "trace", 1);
    setenv("RUST_BACKTRACE", "full", 1);
    server_start(&server, ANSWER);
    questdb_sender *sender = server_sender(&server, "");
    fill(questdb_sender_buffer(sender), 2);
    OK(questdb_sender_flush_own(sender));
    questdb_sender_free(sender);
    server_stop(&server);
    CHECK(server.lines == 2);
    /* The library reads only QDB_CLIENT_CONF, and only in `_from_env`. */
    questdb_sender *from_env = NULL;
    questdb_config *config = NULL;
    unsetenv("QDB_CLIENT_CONF");
    FAILS(CONFIG, questdb_sender_from_env(&from_env));
    CHECK(from_env == NULL);
    setenv("QDB_CLIENT_CONF", "http::addr=localhost;bogus=1;", 1);
    FAILS(CONFIG, questdb_config_from_env(&config));
    setenv("QDB_CLIENT_CONF", "http::addr=127.0.0.1:1;protocol_version=1;", 1);
    OK(questdb_config_from_env(&config));
    OK(questdb_sender_from_env(&from_env));
    CHECK(questdb_sender_protocol_version(from_env) == 1);
    questdb_config_free(config);
    questdb_sender_free(from_env);
}

static void a_storm_over_http(void) { a_storm_from_connect_to_close(ANSWER); }
static void a_storm_over_tcp(void) { a_storm_from_connect_to_close(SWALLOW); }
static void a_fork_over_http(void) { a_fork(ANSWER); }
static void a_fork_over_tcp(void) { a_fork(SWALLOW); }

int main(int count, char **arguments) {
    choose_rows(count, arguments);
    row("P5", "SIGPIPE at its default, peers that hang up", peers_that_hang_up);
    row("P6", "a storm of signals in a large flush", a_storm_in_a_flush);
    row("P6", "a storm of signals from connect to close, HTTP", a_storm_over_http);
    row("P6", "a storm of signals from connect to close, TCP", a_storm_over_tcp);
    row("P6", "a storm of signals over waits", a_storm_over_waits);
    row("P4", "fork with a connection open, HTTP", a_fork_over_http);
    row("P4", "fork with a connection open, TCP", a_fork_over_tcp);
    row("E3", "proxies and logging in the environment", a_hostile_environment);
    return verdict_of_rows("signals");
}
