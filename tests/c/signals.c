/* What a process may do to a library: signals, fork, a hostile environment; and what the library must not do to it: end it,
 * leave descriptors open. */
#include <dirent.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "server.h"

static volatile sig_atomic_t alarms;

static void on_alarm(int number) {
    (void)number;
    alarms++;
}

static int open_descriptors(void) {
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (!folder) return -1;
    while (readdir(folder)) count++;
    closedir(folder);
    return count;
}

/* Flushes until an error comes, which over TCP takes more than one flush. */
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

/* The disposition of SIGPIPE is the default: a careless write to a closed socket would end the process. */
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

/* Signals interrupt every system call of a large flush to a slow reader. */
static void a_storm_of_signals(void) {
    struct server server;
    struct sigaction action;
    const struct itimerval often = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
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
    memset(&action, 0, sizeof action);
    action.sa_handler = on_alarm; /* no SA_RESTART: calls return EINTR */
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    OK(questdb_sender_flush_own(sender));
    setitimer(ITIMER_REAL, &never, NULL);
    signal(SIGALRM, SIG_IGN); /* one may still be on its way */
    CHECK(alarms > 5);
    questdb_sender_free(sender);
    server_stop(&server);
    CHECK(server.requests == 1);
    CHECK(server.lines == 64);
}

static int child(questdb_sender *sender, questdb_buffer *buffer) {
    failures = 0;
    uint64_t unconfirmed = 0;
    FAILS(INVALID_STATE, questdb_sender_flush(sender, buffer));
    FAILS(INVALID_STATE, questdb_sender_flush_and_keep(sender, buffer));
    FAILS(INVALID_STATE, questdb_sender_flush_own(sender));
    FAILS(INVALID_STATE, questdb_sender_close(sender, 1000, &unconfirmed));
    CHECK(unconfirmed == 1);
    /* Buffers are memory and work as before. */
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
    /* The parent's connection is as it was. */
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
    /* Only QDB_CLIENT_CONF is read, and only by _from_env. */
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

int main(void) {
    const int before = open_descriptors();
    peers_that_hang_up();
    a_storm_of_signals();
    a_fork(ANSWER);
    a_fork(SWALLOW);
    a_hostile_environment();
    CHECK(before > 0 && open_descriptors() == before);
    return verdict("signals");
}
