/* Names that do not resolve, resolve slowly, or resolve to several addresses of which some do not answer. A scripted
 * resolver replaces that of the C library; the connections are real. */
#define _GNU_SOURCE
#include <netdb.h>

#include "row.h"
#include "server.h"

enum script { NXDOMAIN, SERVFAIL, NOTHING_FOUND, LATE, FOUND };

static volatile enum script script;
static const char *found[1024];
static volatile size_t found_count;
static volatile int asked, asking;

static struct addrinfo *one_address(const char *host) {
    const int v6 = strchr(host, ':') != NULL;
    struct addrinfo *entry = calloc(1, sizeof *entry);
    struct sockaddr_storage *address = calloc(1, sizeof *address);
    if (!entry || !address) exit(2);
    if (v6) inet_pton(AF_INET6, host, &((struct sockaddr_in6 *)address)->sin6_addr);
    else inet_pton(AF_INET, host, &((struct sockaddr_in *)address)->sin_addr);
    address->ss_family = v6 ? AF_INET6 : AF_INET;
    entry->ai_family = address->ss_family;
    entry->ai_socktype = SOCK_STREAM;
    entry->ai_protocol = IPPROTO_TCP;
    entry->ai_addrlen = v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    entry->ai_addr = (struct sockaddr *)address;
    return entry;
}

/* These replace the functions of the C library, also for the library under test. */
int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **result) {
    struct addrinfo **end = result;
    (void)host;
    (void)port;
    (void)hints;
    __sync_fetch_and_add(&asked, 1);
    __sync_fetch_and_add(&asking, 1);
    if (script == LATE) usleep(900000);
    __sync_fetch_and_sub(&asking, 1);
    if (script == NXDOMAIN || script == LATE) return EAI_NONAME;
    if (script == SERVFAIL) return EAI_AGAIN;
    if (script == NOTHING_FOUND) return EAI_NODATA;
    for (size_t i = 0; i < found_count; i++) {
        *end = one_address(found[i]);
        end = &(*end)->ai_next;
    }
    return 0;
}

void freeaddrinfo(struct addrinfo *list) {
    while (list) {
        struct addrinfo *next = list->ai_next;
        free(list->ai_addr);
        free(list);
        list = next;
    }
}

static void resolves_to(size_t count, const char *const *addresses) {
    for (size_t i = 0; i < count; i++) found[i] = addresses[i];
    found_count = count;
    script = FOUND;
}

static questdb_sender *sender_of(const char *protocol, unsigned port, const char *options) {
    char conf[256];
    questdb_sender *sender = NULL;
    const int len =
        snprintf(conf, sizeof conf, "%s::addr=db.test:%u;protocol_version=2;%s", protocol, port, options);
    OK(questdb_sender_from_conf(conf, (size_t)len, &sender));
    return sender;
}

/* Listens on another address with the same port, with a full queue, so that connects to it are never answered. */
static int black_hole(const char *host, unsigned port, int *waiting, int count) {
    struct sockaddr_in address;
    const int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t)port);
    inet_pton(AF_INET, host, &address.sin_addr);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 0) == 0);
    for (int i = 0; i < count; i++) {
        waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(waiting[i], (struct sockaddr *)&address, sizeof address);
    }
    usleep(20000);
    return listener;
}

/* The name has no address, or none at the moment. */
static void does_not_resolve(enum script kind) {
    const double begin = seconds();
    script = kind;
    asked = 0;
    questdb_sender *sender = sender_of("http", 9000, "retry_timeout=400;retry_max_backoff=50;");
    questdb_buffer *buffer = questdb_sender_buffer(sender);
    fill(buffer, 2);
    questdb_error *err = questdb_sender_flush_own(sender);
    CHECK(questdb_error_get_code(err) == QUESTDB_ERROR_CODE_COULD_NOT_RESOLVE);
    CHECK(questdb_error_outcome(err) == QUESTDB_OUTCOME_NOT_SENT && questdb_error_retryable(err));
    /* The name is resolved again for each attempt. On a busy machine the last attempt may not have got that far. */
    CHECK(questdb_error_attempts(err) > (under_valgrind() ? 0 : 1) && asked + 1 >= (int)questdb_error_attempts(err));
    CHECK(questdb_buffer_row_count(buffer) == 2);
    CHECK(seconds() - begin < 0.4 + overshoot());
    questdb_error_free(err);
    questdb_sender_free(sender);
    FAILS(COULD_NOT_RESOLVE, questdb_sender_from_conf(QUESTDB_STR("tcp::addr=db.test:9009;"), &sender));
}

static void nxdomain(void) { does_not_resolve(NXDOMAIN); }
static void servfail(void) { does_not_resolve(SERVFAIL); }
static void nothing_found(void) { does_not_resolve(NOTHING_FOUND); }

/* The resolver cannot be interrupted, but the flush does not wait for it. */
static void resolves_late(void) {
    const double begin = seconds();
    const int alone = 3; /* ".", ".." and this thread */
    questdb_sender *sender = sender_of("http", 9000, "retry_timeout=0;request_timeout=300;");
    fill(questdb_sender_buffer(sender), 2);
    script = LATE;
    questdb_error *err = questdb_sender_flush_own(sender);
    const double took = seconds() - begin;
    CHECK(questdb_error_get_code(err) == QUESTDB_ERROR_CODE_COULD_NOT_RESOLVE);
    CHECK(questdb_error_outcome(err) == QUESTDB_OUTCOME_NOT_SENT && questdb_error_retryable(err));
    CHECK(took > 0.25 && took < 0.3 + overshoot());
    questdb_error_free(err);
    const double closing = seconds();
    err = questdb_sender_close(sender, 200, NULL);
    CHECK(questdb_error_get_code(err) == QUESTDB_ERROR_CODE_COULD_NOT_RESOLVE && seconds() - closing < 0.2 + overshoot());
    questdb_error_free(err);
    questdb_sender_free(sender); /* the resolver is still working */
    for (int i = 0; i < 500 && entries("/proc/self/task") > alone; i++) usleep(10000);
    CHECK(entries("/proc/self/task") == alone && asking == 0);
}

static void the_first_refuse(void) {
    static const char *const addresses[] = {"127.0.0.9", "::1", "127.0.0.1"};
    struct server server;
    server_start(&server, ANSWER);
    resolves_to(3, addresses);
    questdb_sender *sender = sender_of("http", server.port, "retry_timeout=0;");
    fill(questdb_sender_buffer(sender), 2);
    OK(questdb_sender_flush_own(sender));
    questdb_sender_free(sender);
    server_stop(&server);
    CHECK(server.lines == 2);
}

static void the_first_never_answers(void) {
    static const char *const addresses[] = {"127.0.0.8", "127.0.0.1"};
    struct server server;
    int waiting[4];
    server_start(&server, ANSWER);
    const int hole = black_hole("127.0.0.8", server.port, waiting, 4);
    const double begin = seconds();
    resolves_to(2, addresses);
    questdb_sender *sender = sender_of("http", server.port, "retry_timeout=0;connect_timeout=600;");
    fill(questdb_sender_buffer(sender), 3);
    OK(questdb_sender_flush_own(sender));
    const double took = seconds() - begin;
    CHECK(took > 0.25 && took < 0.6 + overshoot());
    questdb_sender_free(sender);
    for (int i = 0; i < 4; i++) close(waiting[i]);
    close(hole);
    server_stop(&server);
    CHECK(server.lines == 3);
}

static void a_thousand_refuse(void) {
    static const char *many[1000];
    const double begin = seconds();
    for (size_t i = 0; i < 1000; i++) many[i] = "127.0.0.9";
    resolves_to(1000, many);
    questdb_sender *sender = sender_of("http", 1, "retry_timeout=0;request_timeout=2000;");
    fill(questdb_sender_buffer(sender), 1);
    FAILS(CONNECTION, questdb_sender_flush_own(sender));
    CHECK(seconds() - begin < 2 + overshoot());
    questdb_sender_free(sender);
}

static void server_moves(void) {
    static const char *const first[] = {"127.0.0.1"}, *const second[] = {"127.0.0.5"};
    struct server server;
    questdb_buffer *buffer = NULL;
    server_start(&server, CLOSE_HTTP);
    resolves_to(1, first);
    asked = 0;
    questdb_sender *sender = sender_of("http", server.port, "retry_timeout=0;");
    OK(questdb_sender_new_buffer(sender, &buffer));
    fill(buffer, 1);
    FAILS(CONNECTION, questdb_sender_flush(sender, buffer));
    CHECK(asked == 1);
    /* The name now resolves to another machine, on which nobody listens. */
    resolves_to(1, second);
    questdb_error *err = questdb_sender_flush(sender, buffer);
    CHECK(questdb_error_get_code(err) == QUESTDB_ERROR_CODE_CONNECTION);
    CHECK(questdb_error_outcome(err) == QUESTDB_OUTCOME_NOT_SENT);
    CHECK(asked == 2);
    questdb_error_free(err);
    resolves_to(1, first);
    server.mode = ANSWER;
    OK(questdb_sender_flush(sender, buffer));
    CHECK(asked == 3);
    questdb_buffer_free(buffer);
    questdb_sender_free(sender);
    server_stop(&server);
    CHECK(server.requests == 2 && server.connections == 2);
}

int main(int count, char **arguments) {
    choose_rows(count, arguments);
    row("D1", "NXDOMAIN", nxdomain);
    row("D1", "SERVFAIL", servfail);
    row("D1", "a name without an address", nothing_found);
    row("D2", "the resolver answers after the deadline", resolves_late);
    row("D3", "three addresses, the first two refuse", the_first_refuse);
    row("D3", "two addresses, the first never answers", the_first_never_answers);
    row("D3", "a thousand addresses that refuse", a_thousand_refuse);
    row("D4", "a name that moves is resolved again", server_moves);
    return verdict_of_rows("names");
}
