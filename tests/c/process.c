/* What a process may run out of (descriptors, local ports), and exec and fork in the middle of a flush. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "row.h"
#include "server.h"

static const char *self;
/* Makes connects fail as they do when there are no free local ports. */
static volatile sig_atomic_t no_ports;

/* Replaces the function of the C library, also for the library under test. */
int connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t len) {
    if (no_ports) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    int (*real)(int, const struct sockaddr *, socklen_t);
    void *const symbol = dlsym(RTLD_NEXT, "connect");
    memcpy(&real, &symbol, sizeof real);
    return real(fd, address.__sockaddr__, len);
}

/* Returns how many descriptors a program has that is started here. */
static int descriptors_after_exec(void) {
    int status = -1;
    fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0) {
        execl(self, self, "descriptors", (char *)NULL);
        _exit(255);
    }
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) return -1;
    return WEXITSTATUS(status);
}

/* Another program that the process starts must not inherit connections and hold them open. */
static void an_exec(void) {
    struct server http, tcp;
    questdb_buffer *buffer = NULL;
    server_start(&http, ANSWER);
    server_start(&tcp, SWALLOW);
    const int before = descriptors_after_exec();
    questdb_sender *one = server_sender(&http, ""), *two = server_sender(&tcp, "");
    OK(questdb_sender_new_buffer(one, &buffer));
    fill(buffer, 1);
    OK(questdb_sender_flush_and_keep(one, buffer));
    OK(questdb_sender_flush(two, buffer));
    const int mine = open_descriptors();
    CHECK(before > 0 && before < 255);
    CHECK(descriptors_after_exec() == before);
    questdb_sender_free(one);
    questdb_sender_free(two);
    CHECK(open_descriptors() < mine);
    questdb_buffer_free(buffer);
    server_stop(&http);
    server_stop(&tcp);
}

/* Lowers the limit so that the process can open no further descriptor. Returns the old limit. */
static rlim_t take_descriptors(void) {
    struct rlimit limit;
    const int lowest = dup(0);
    close(lowest);
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = (rlim_t)lowest;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    return before;
}

static void give_descriptors(rlim_t count) {
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = count;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

/* A flush fails because it cannot connect, and works when connecting is possible again. */
static void fails_then_works(questdb_sender *sender, void (*take)(void), void (*give)(void)) {
    questdb_buffer *buffer = NULL;
    OK(questdb_sender_new_buffer(sender, &buffer));
    fill(buffer, 3);
    take();
    for (int i = 0; i < 20; i++) {
        questdb_error *err = questdb_sender_flush(sender, buffer);
        const uint32_t code = questdb_error_get_code(err);
        CHECK(code == QUESTDB_ERROR_CODE_CONNECTION || code == QUESTDB_ERROR_CODE_COULD_NOT_RESOLVE);
        CHECK(questdb_error_outcome(err) == QUESTDB_OUTCOME_NOT_SENT && questdb_error_retryable(err));
        CHECK(questdb_buffer_row_count(buffer) == 3);
        questdb_error_free(err);
    }
    give();
    OK(questdb_sender_flush(sender, buffer));
    CHECK(questdb_buffer_row_count(buffer) == 0);
    questdb_buffer_free(buffer);
}

static rlim_t taken;
static void take_all(void) { taken = take_descriptors(); }
static void give_all(void) { give_descriptors(taken); }
static void take_ports(void) { no_ports = 1; }
static void give_ports(void) { no_ports = 0; }

static questdb_sender *by_name(const struct server *server, const char *options) {
    char conf[128];
    questdb_sender *sender = NULL;
    const int len =
        snprintf(conf, sizeof conf, "http::addr=localhost:%u;protocol_version=2;%s", server->port, options);
    OK(questdb_sender_from_conf(conf, (size_t)len, &sender));
    return sender;
}

static void no_descriptors(void) {
    struct server server;
    server_start(&server, ANSWER);
    /* By address, and by a name, because resolving a name needs descriptors too. */
    questdb_sender *senders[] = {server_sender(&server, "retry_timeout=0;"), by_name(&server, "retry_timeout=0;")};
    for (int i = 0; i < 2; i++) {
        fails_then_works(senders[i], take_all, give_all);
        questdb_sender_free(senders[i]);
    }
    server_stop(&server);
    CHECK(server.requests == 2 && server.lines == 6);
}

static void no_descriptors_for_a_stream(void) {
    struct server server;
    char conf[64];
    questdb_sender *sender = NULL;
    server_start(&server, SWALLOW);
    const int len = snprintf(conf, sizeof conf, "tcp::addr=127.0.0.1:%u;", server.port);
    const rlim_t before = take_descriptors();
    for (int i = 0; i < 20; i++) FAILS(CONNECTION, questdb_sender_from_conf(conf, (size_t)len, &sender));
    CHECK(sender == NULL);
    give_descriptors(before);
    OK(questdb_sender_from_conf(conf, (size_t)len, &sender));
    questdb_sender_free(sender);
    server_stop(&server);
}

static void *give_after_a_while(void *nothing) {
    usleep(300000);
    give_all();
    return nothing;
}

/* A shortage that ends within the retry budget does not make the flush fail. */
static void descriptors_come_back(void) {
    struct server server;
    pthread_t thread;
    server_start(&server, ANSWER);
    questdb_sender *sender = server_sender(&server, "retry_timeout=20000;retry_max_backoff=50;");
    fill(questdb_sender_buffer(sender), 2);
    take_all();
    if (pthread_create(&thread, NULL, give_after_a_while, NULL)) exit(2);
    OK(questdb_sender_flush_own(sender));
    pthread_join(thread, NULL);
    CHECK(questdb_sender_stat(sender, QUESTDB_STAT_RETRIES_CONNECT) > 0);
    questdb_sender_free(sender);
    server_stop(&server);
    CHECK(server.lines == 2);
}

static void no_ports_by_a_stand_in(void) {
    struct server server;
    server_start(&server, ANSWER);
    questdb_sender *sender = server_sender(&server, "retry_timeout=0;");
    fails_then_works(sender, take_ports, give_ports);
    questdb_sender_free(sender);
    server_stop(&server);
    CHECK(server.lines == 3);
}

static int written(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    if (!file) return 0;
    const int good = fputs(text, file) >= 0;
    return fclose(file) == 0 && good;
}

/* Enters a new network namespace whose loopback has three ports for outgoing connections. Returns false if the machine
 * forbids it. */
static int own_network(void) {
    struct ifreq loopback;
    if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET)) return 0;
    memset(&loopback, 0, sizeof loopback);
    memcpy(loopback.ifr_name, "lo", 3);
    loopback.ifr_flags = IFF_UP;
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    const int up = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &loopback) == 0;
    if (fd >= 0) close(fd);
    return up && written("/proc/sys/net/ipv4/ip_local_port_range", "50001 50003");
}

static int used[8], used_count;

/* Binds all ports for outgoing connections except the server's, so that no connection can get one. */
static void use_ports(void) {
    static struct sockaddr_in address;
    int bound = 0;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (uint16_t port = 50001; port <= 50003; port++) {
        const int fd = socket(AF_INET, SOCK_STREAM, 0);
        used[used_count++] = fd;
        address.sin_port = htons(port);
        bound += bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    }
    CHECK(bound == 2);
}

static void free_ports(void) {
    while (used_count > 0) close(used[--used_count]);
}

/* Runs in its own process, because that process gets its own network namespace. */
static void no_ports_by_the_kernel(void) {
    int status = -1;
    fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0) {
        struct server server;
        failures = 0;
        if (!own_network()) _exit(77);
        server_start(&server, ANSWER);
        questdb_sender *sender = server_sender(&server, "retry_timeout=0;");
        fails_then_works(sender, use_ports, free_ports);
        questdb_sender_free(sender);
        server_stop(&server);
        fflush(stdout);
        _exit(failures || server.lines != 3 ? 1 : 0);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) printf("      this machine allows no network of one's own: the stand-in must do\n");
    else CHECK(WEXITSTATUS(status) == 0);
}

/* Switches the loopback on or off. While it is off, what is sent is lost without an error. */
static int loopback(int up) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    memcpy(request.ifr_name, "lo", 3);
    request.ifr_flags = up ? IFF_UP : 0;
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    const int good = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    if (fd >= 0) close(fd);
    return good;
}

/* Flushes a row every 50 ms until a flush fails. Returns the number of rows that were flushed. */
static uint64_t rows_until_noticed(questdb_sender *sender, questdb_buffer *buffer) {
    uint64_t rows = 0;
    for (int i = 0; i < 400; i++) {
        fill(buffer, 1);
        questdb_error *err = questdb_sender_flush(sender, buffer);
        if (err) {
            CHECK(questdb_error_outcome(err) == QUESTDB_OUTCOME_NOT_SENT);
            CHECK(questdb_error_earlier_rows_in_doubt(err) >= rows && questdb_buffer_row_count(buffer) == 1);
            FAILS(CONNECTION, err);
            return rows;
        }
        rows++;
        usleep(50000);
    }
    return UINT64_MAX;
}

/* A peer that vanishes is noticed within the time that the option sets. Runs in its own network namespace. */
static void a_peer_vanishes_in(int by_close) {
    struct server server;
    questdb_buffer *buffer = NULL;
    server_start(&server, SWALLOW);
    questdb_sender *sender = server_sender(&server, "tcp_user_timeout=1000;");
    OK(questdb_sender_new_buffer(sender, &buffer));
    fill(buffer, 5);
    OK(questdb_sender_flush(sender, buffer));
    if (!loopback(0)) _exit(77);
    if (by_close) {
        fill(buffer, 2);
        OK(questdb_sender_flush(sender, buffer));
        const double begin = seconds();
        questdb_error *err = questdb_sender_close(sender, 20000, NULL);
        CHECK(questdb_error_earlier_rows_in_doubt(err) == 7 && questdb_error_outcome(err) == QUESTDB_OUTCOME_IN_DOUBT);
        FAILS(CONNECTION, err);
        CHECK(seconds() - begin < 15);
    } else {
        const uint64_t rows = rows_until_noticed(sender, buffer);
        CHECK(rows > 0 && rows != UINT64_MAX);
    }
    questdb_buffer_free(buffer);
    questdb_sender_free(sender);
    fflush(stdout);
    _exit(failures ? 1 : 0); /* no server_stop: the server waits for a connection that will never end */
}

static void a_peer_that_vanishes(void) {
    for (int by_close = 0; by_close < 2; by_close++) {
        int status = -1;
        fflush(stdout);
        const pid_t pid = fork();
        if (pid == 0) {
            failures = 0;
            if (!own_network()) _exit(77);
            a_peer_vanishes_in(by_close);
        }
        CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
        if (WEXITSTATUS(status) == 77) printf("      this machine allows no network of one's own: the simulation must do\n");
        else CHECK(WEXITSTATUS(status) == 0);
    }
}

static void *flush_own(void *sender) {
    return questdb_sender_flush_own(sender);
}

/* After a fork in the middle of a flush, the child has a sender whose other thread does not exist. */
static void a_fork_in_a_flush(void) {
    struct server server;
    pthread_t thread;
    void *result = NULL;
    int status = -1;
    server_start(&server, HOLD);
    questdb_sender *sender = server_sender(&server, "request_timeout=30000;");
    fill(questdb_sender_buffer(sender), 2);
    if (pthread_create(&thread, NULL, flush_own, sender)) exit(2);
    sem_wait(&server.arrived);
    fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0) {
        failures = 0;
        FAILS(INVALID_STATE, questdb_sender_flush_own(sender));
        FAILS(INVALID_STATE, questdb_sender_close(sender, 1000, NULL));
        CHECK(questdb_sender_stat(sender, QUESTDB_STAT_FLUSHES) == 0);
        fflush(stdout);
        /* What the other thread was using cannot be freed here. With exec nothing needs to be freed. */
        if (!failures) execl(self, self, "nothing", (char *)NULL);
        _exit(1);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    sem_post(&server.release);
    pthread_join(thread, &result);
    OK(result);
    questdb_sender_free(sender);
    server_stop(&server);
    CHECK(server.requests == 1 && server.lines == 2);
}

int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], "--list") != 0) return strcmp(arguments[1], "descriptors") == 0 ? open_descriptors() : 0;
    self = arguments[0];
    choose_rows(count, arguments);
    row("P1", "no free local port, by the kernel", no_ports_by_the_kernel);
    row("P1", "no free local port, by a stand-in", no_ports_by_a_stand_in);
    row("T14", "a peer that vanishes", a_peer_that_vanishes);
    row("P2", "no descriptor left, HTTP", no_descriptors);
    row("P2", "no descriptor left, TCP", no_descriptors_for_a_stream);
    row("P2", "descriptors come back within the budget", descriptors_come_back);
    row("P3", "exec: connections are closed in the new program", an_exec);
    row("P4", "fork while another thread is in a flush", a_fork_in_a_flush);
    return verdict_of_rows("process");
}
