/* The C interface of the receiver: what it does with rows, and its conventions when it is misused: NULL for every pointer of
 * every function (receiver/capi/tests/it/abi.rs checks that none is missing), bad lengths, bad UTF-8, numbers out of range,
 * several threads, random calls. The client here is a few lines of sockets. */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "questdb_receiver.h"

static unsigned long checks, failures;

static int check(int good, const char *what, int line) {
    checks++;
    if (!good) {
        failures++;
        printf("tests/c/receiver.c:%d: %s\n", line, what);
    }
    return good;
}

/* Frees the error. Returns whether it has the code (0: there is no error) and a message of one line. */
static int has_code(questdb_receiver_error *err, uint32_t code) {
    const uint32_t found = questdb_receiver_error_get_code(err);
    const char *message = questdb_receiver_error_message(err);
    const int good = found == code && (!err || (message && message[0] && !strchr(message, '\n')));
    if (!good)
        printf("  expected %s, got %s: %s\n", questdb_receiver_error_code_name(code),
               questdb_receiver_error_code_name(found), message ? message : "no error");
    questdb_receiver_error_free(err);
    return good;
}

#define CHECK(condition) check((condition) ? 1 : 0, #condition, __LINE__)
#define OK(call) check(has_code((call), 0), #call, __LINE__)
#define FAILS(code, call) check(has_code((call), QUESTDB_RECEIVER_ERROR_CODE_##code), #call, __LINE__)
/* Passes NULL for one pointer of a function, which must fail with INVALID_ARGUMENT. */
#define NULL_FAILS(function, parameter, ...) FAILS(INVALID_ARGUMENT, function(__VA_ARGS__))
#define NULL_IS(function, parameter, value, ...) CHECK(function(__VA_ARGS__) == (value))
#define HTTP QUESTDB_RECEIVER_LISTENER_HTTP
#define TCP QUESTDB_RECEIVER_LISTENER_TCP
#define T QUESTDB_STR("t")
#define SECONDS 1000u

static int connected(const questdb_receiver *receiver, uint32_t listener) {
    struct sockaddr_in to;
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons(questdb_receiver_port(receiver, listener));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int s = socket(AF_INET, SOCK_STREAM, 0);
    if (s < 0 || connect(s, (const struct sockaddr *)&to, sizeof to) != 0) {
        printf("no connection: %s\n", strerror(errno));
        exit(1);
    }
    return s;
}

static void send_all(int s, const char *bytes, size_t len) {
    while (len > 0) {
        const ssize_t sent = send(s, bytes, len, MSG_NOSIGNAL);
        if (!CHECK(sent > 0)) return;
        bytes += sent;
        len -= (size_t)sent;
    }
}

static void tcp(const questdb_receiver *receiver, const char *lines) {
    const int s = connected(receiver, TCP);
    send_all(s, lines, strlen(lines));
    close(s);
}

/* Posts rows and returns the status of the answer. */
static int http(const questdb_receiver *receiver, const char *lines) {
    char head[200], answer[4096];
    const int s = connected(receiver, HTTP);
    snprintf(head, sizeof head, "POST /write HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %lu\r\n\r\n",
             (unsigned long)strlen(lines));
    send_all(s, head, strlen(head));
    send_all(s, lines, strlen(lines));
    size_t len = 0;
    for (ssize_t got; len < sizeof answer - 1 && (got = recv(s, answer + len, sizeof answer - 1 - len, 0)) > 0;)
        len += (size_t)got;
    answer[len] = 0;
    close(s);
    int status = 0;
    return sscanf(answer, "HTTP/1.1 %d", &status) == 1 ? status : 0;
}

static questdb_receiver *started(const char *conf) {
    questdb_receiver *receiver = NULL;
    if (!OK(questdb_receiver_start(conf, strlen(conf), &receiver))) exit(1);
    return receiver;
}

/* Returns whether the JSON of a table has a text. */
static int table_has(const questdb_receiver *receiver, const char *wanted) {
    questdb_receiver_text *text = NULL;
    OK(questdb_receiver_table_json(receiver, T, &text));
    const char *json = questdb_receiver_text_data(text);
    const int found = json && strstr(json, wanted) != NULL;
    CHECK(questdb_receiver_text_len(text) == (json ? strlen(json) : 0));
    if (!found) printf("  %s is not in %s\n", wanted, json ? json : "NULL");
    questdb_receiver_text_free(text);
    return found;
}

static void rows_of_both_listeners(void) {
    questdb_receiver *receiver = started("");
    const char *conf = questdb_receiver_conf(receiver, HTTP);
    char expected[64];
    snprintf(expected, sizeof expected, "http::addr=127.0.0.1:%u;", (unsigned)questdb_receiver_port(receiver, HTTP));
    CHECK(conf && strcmp(conf, expected) == 0);
    conf = questdb_receiver_conf(receiver, TCP);
    CHECK(conf && strncmp(conf, "tcp::addr=127.0.0.1:", 20) == 0);
    CHECK(questdb_receiver_port(receiver, QUESTDB_RECEIVER_LISTENER_MONITORING) == 0);

    CHECK(http(receiver, "t,s=a x=1i 1000\nt,s=b y=2.5 2000\n") == 204);
    tcp(receiver, "t,s=c x=3i 3000\n");
    OK(questdb_receiver_wait_for_rows(receiver, T, 3, 20 * SECONDS));
    CHECK(table_has(receiver, "{\"s\":\"a\",\"x\":1,\"timestamp\":\"1970-01-01T00:00:00.000001Z\"}"));
    CHECK(table_has(receiver, "{\"s\":\"b\",\"timestamp\":\"1970-01-01T00:00:00.000002Z\",\"y\":2.5}"));
    size_t rows = 0;
    OK(questdb_receiver_row_count(receiver, T, &rows));
    CHECK(rows == 3);
    OK(questdb_receiver_row_count(receiver, QUESTDB_STR("other"), &rows));
    CHECK(rows == 0);

    CHECK(http(receiver, "t,s=d x=\"no number\" 4000\n") == 400);
    questdb_receiver_text *text = NULL;
    OK(questdb_receiver_refusals_json(receiver, &text));
    CHECK(text && strstr(questdb_receiver_text_data(text), "\"code\":\"CAST\",\"line\":1,"));
    questdb_receiver_text_free(text);
    OK(questdb_receiver_tables_json(receiver, &text));
    CHECK(text && strstr(questdb_receiver_text_data(text), "\"row_count\":3"));
    questdb_receiver_text_free(text);
    CHECK(questdb_receiver_get_stat(receiver, QUESTDB_RECEIVER_STAT_ROWS) == 3);
    CHECK(questdb_receiver_get_stat(receiver, QUESTDB_RECEIVER_STAT_CONNECTIONS) == 3);
    CHECK(questdb_receiver_get_stat(receiver, QUESTDB_RECEIVER_STAT_REQUESTS) == 2);
    CHECK(questdb_receiver_get_stat(receiver, QUESTDB_RECEIVER_STAT_BYTES) > 50);
    CHECK(questdb_receiver_get_stat(receiver, QUESTDB_RECEIVER_STAT_REJECTED) == 1);
    CHECK(questdb_receiver_get_stat(receiver, 99) == 0);

    FAILS(TIMEOUT, questdb_receiver_wait_for_rows(receiver, T, 4, 10));
    OK(questdb_receiver_clear(receiver));
    FAILS(NO_TABLE, questdb_receiver_table_json(receiver, T, &text));
    CHECK(text == NULL);
    CHECK(http(receiver, "t x=1i\n") == 204);
    OK(questdb_receiver_stop(receiver));
    OK(questdb_receiver_stop(receiver));
    CHECK(table_has(receiver, "\"x\":1"));
    questdb_receiver_free(receiver);
}

static void configuration(void) {
    questdb_receiver *receiver = started("http.enabled=false\nhttp.min.enabled=true\nhttp.min.net.bind.to=127.0.0.1:0\n");
    CHECK(questdb_receiver_conf(receiver, HTTP) == NULL && questdb_receiver_port(receiver, HTTP) == 0);
    CHECK(questdb_receiver_port(receiver, QUESTDB_RECEIVER_LISTENER_MONITORING) != 0);
    CHECK(questdb_receiver_conf(receiver, QUESTDB_RECEIVER_LISTENER_MONITORING) == NULL);
    char conf[64];
    snprintf(conf, sizeof conf, "line.tcp.net.bind.to=127.0.0.1:%u", (unsigned)questdb_receiver_port(receiver, TCP));
    questdb_receiver *second = receiver;
    FAILS(LISTEN, questdb_receiver_start(conf, strlen(conf), &second));
    CHECK(second == NULL);
    FAILS(CONFIG, questdb_receiver_start(QUESTDB_STR("no.such.key=1"), &second));
    FAILS(CONFIG, questdb_receiver_start(QUESTDB_STR("http.user=u"), &second));
    FAILS(INVALID_UTF8, questdb_receiver_start("a=\xff", 3, &second));
    FAILS(INVALID_ARGUMENT, questdb_receiver_start("a", SIZE_MAX, &second));
    questdb_receiver_free(receiver);
}

static questdb_receiver_column column(const char *name, const char *type) {
    questdb_receiver_column made;
    made.name = name;
    made.name_len = strlen(name);
    made.type_name = type;
    made.type_name_len = strlen(type);
    return made;
}

static void tables(void) {
    questdb_receiver *receiver = started("");
    questdb_receiver_column columns[2] = {column("d", "DECIMAL"), column("a", "double[][]")};
    OK(questdb_receiver_create_table(receiver, T, columns, 2));
    CHECK(table_has(receiver, "{\"name\":\"a\",\"type\":\"DOUBLE[][]\"},{\"name\":\"timestamp\",\"type\":\"TIMESTAMP\"}"));
    FAILS(TABLE_EXISTS, questdb_receiver_create_table(receiver, QUESTDB_STR("T"), columns, 2));
    FAILS(INVALID_NAME, questdb_receiver_create_table(receiver, QUESTDB_STR("a?"), columns, 2));
    columns[1] = column("a", "GEOHASH");
    FAILS(INVALID_ARGUMENT, questdb_receiver_create_table(receiver, QUESTDB_STR("u"), columns, 2));
    OK(questdb_receiver_create_table(receiver, QUESTDB_STR("empty"), NULL, 0));
    questdb_receiver_free(receiver);
}

/* The stream is read after the receiver is gone: it shares the rows and outlives it. */
static void arrow(void) {
    questdb_receiver *receiver = started("");
    questdb_receiver_column columns[1] = {column("d", "DECIMAL")};
    OK(questdb_receiver_create_table(receiver, T, columns, 1));
    CHECK(http(receiver, "t,s=a d=1.5d,x=1i,v=\"hi\" 1000\nt,s=b d=0.25d,v=\"you\" 2000\nt,s=a x=-3i 3000\n") == 204);
    struct ArrowArrayStream stream;
    memset(&stream, 0xEE, sizeof stream);
    OK(questdb_receiver_table_arrow(receiver, T, &stream));
    questdb_receiver_free(receiver);

    struct ArrowSchema schema;
    CHECK(stream.get_schema(&stream, &schema) == 0 && stream.get_last_error(&stream) == NULL);
    CHECK(strcmp(schema.format, "+s") == 0 && schema.n_children == 5);
    CHECK(strcmp(schema.children[0]->format, "d:38,2") == 0 && strcmp(schema.children[0]->name, "d") == 0);
    CHECK(strcmp(schema.children[2]->format, "i") == 0 && strcmp(schema.children[2]->dictionary->format, "u") == 0);

    struct ArrowArray batch;
    CHECK(stream.get_next(&stream, &batch) == 0 && batch.release);
    CHECK(batch.length == 3 && batch.n_children == 5 && batch.n_buffers == 1);
    const struct ArrowArray *decimals = batch.children[0], *texts = batch.children[4];
    CHECK(decimals->null_count == 1 && ((const int64_t *)decimals->buffers[1])[0] == 150);
    CHECK(((const int64_t *)decimals->buffers[1])[2] == 25);
    const int32_t *ends = texts->buffers[1];
    CHECK(ends[0] == 0 && ends[1] == 2 && ends[2] == 5 && ends[3] == 5);
    CHECK(memcmp(texts->buffers[2], "hiyou", 5) == 0 && texts->null_count == 1);
    /* A child may be moved out, and then outlives its parent. */
    struct ArrowArray integers = *batch.children[3];
    batch.children[3]->release = NULL;
    batch.release(&batch);
    CHECK(batch.release == NULL);
    CHECK(integers.null_count == 1 && ((const int64_t *)integers.buffers[1])[2] == -3);
    integers.release(&integers);

    CHECK(stream.get_next(&stream, &batch) == 0 && batch.release == NULL);
    schema.release(&schema);
    stream.release(&stream);
    CHECK(stream.release == NULL);
}

static void null_for_every_pointer(void) {
    questdb_receiver *receiver = started(""), *made = NULL;
    questdb_receiver_text *text = NULL;
    struct ArrowArrayStream stream;
    size_t rows = 0;
    const questdb_receiver_column columns[1] = {column("x", "LONG")};
    CHECK(http(receiver, "t x=1i\n") == 204);

    NULL_FAILS(questdb_receiver_start, conf, NULL, 1, &made);
    NULL_FAILS(questdb_receiver_start, receiver, T, NULL);
    NULL_FAILS(questdb_receiver_refusals_json, receiver, NULL, &text);
    NULL_FAILS(questdb_receiver_refusals_json, text, receiver, NULL);
    NULL_FAILS(questdb_receiver_clear, receiver, NULL);
    NULL_FAILS(questdb_receiver_stop, receiver, NULL);
    NULL_FAILS(questdb_receiver_create_table, receiver, NULL, T, columns, 1);
    NULL_FAILS(questdb_receiver_create_table, table, receiver, NULL, 1, columns, 1);
    NULL_FAILS(questdb_receiver_create_table, columns, receiver, T, NULL, 1);
    NULL_FAILS(questdb_receiver_wait_for_rows, receiver, NULL, T, 0, 0);
    NULL_FAILS(questdb_receiver_wait_for_rows, table, receiver, NULL, 1, 0, 0);
    NULL_FAILS(questdb_receiver_row_count, receiver, NULL, T, &rows);
    NULL_FAILS(questdb_receiver_row_count, table, receiver, NULL, 1, &rows);
    NULL_FAILS(questdb_receiver_row_count, rows, receiver, T, NULL);
    NULL_FAILS(questdb_receiver_tables_json, receiver, NULL, &text);
    NULL_FAILS(questdb_receiver_tables_json, text, receiver, NULL);
    NULL_FAILS(questdb_receiver_table_json, receiver, NULL, T, &text);
    NULL_FAILS(questdb_receiver_table_json, table, receiver, NULL, 1, &text);
    NULL_FAILS(questdb_receiver_table_json, text, receiver, T, NULL);
    NULL_FAILS(questdb_receiver_table_arrow, receiver, NULL, T, &stream);
    CHECK(stream.release == NULL);
    NULL_FAILS(questdb_receiver_table_arrow, table, receiver, NULL, 1, &stream);
    NULL_FAILS(questdb_receiver_table_arrow, stream, receiver, T, NULL);
    NULL_IS(questdb_receiver_port, receiver, 0, NULL, HTTP);
    NULL_IS(questdb_receiver_conf, receiver, NULL, NULL, HTTP);
    NULL_IS(questdb_receiver_get_stat, receiver, 0, NULL, QUESTDB_RECEIVER_STAT_ROWS);
    NULL_IS(questdb_receiver_error_get_code, error, 0, NULL);
    NULL_IS(questdb_receiver_error_message, error, NULL, NULL);
    NULL_IS(questdb_receiver_text_data, text, NULL, NULL);
    NULL_IS(questdb_receiver_text_len, text, 0, NULL);
    questdb_receiver_free(NULL);
    questdb_receiver_text_free(NULL);
    questdb_receiver_error_free(NULL);
    CHECK(strcmp(questdb_receiver_version(), QUESTDB_RECEIVER_VERSION) == 0);
    CHECK(questdb_receiver_abi_version() == QUESTDB_RECEIVER_ABI_VERSION);
    CHECK(strcmp(questdb_receiver_error_code_name(12345), "UNKNOWN") == 0);
    CHECK(strcmp(questdb_receiver_error_code_name(QUESTDB_RECEIVER_ERROR_CODE_TIMEOUT), "TIMEOUT") == 0);
    questdb_receiver_free(receiver);
}

/* Calls from several threads on one receiver, as random as possible. The arguments come from each thread's own numbers. */
static void *random_calls(void *given) {
    questdb_receiver *receiver = given;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t random = (uint64_t)now.tv_nsec * 2654435761u + 88172645463325252u;
    static const char *const names[] = {"t", "u", "T", "", "a?", "t\xff"};
    for (int i = 0; i < 300; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        const char *name = names[(random >> 8) % 6];
        const size_t len = strlen(name);
        questdb_receiver_text *text = NULL;
        questdb_receiver_error *failed = NULL;
        struct ArrowArrayStream stream;
        size_t rows;
        const questdb_receiver_column columns[1] = {column("x", random & 1 ? "LONG" : "SYMBOL")};
        switch ((random >> 16) % 9) {
        case 0: failed = questdb_receiver_create_table(receiver, name, len, columns, 1); break;
        case 1: failed = questdb_receiver_table_json(receiver, name, len, &text); break;
        case 2: failed = questdb_receiver_tables_json(receiver, &text); break;
        case 3: failed = questdb_receiver_refusals_json(receiver, &text); break;
        case 4: failed = questdb_receiver_wait_for_rows(receiver, name, len, (random >> 20) % 5, 1); break;
        case 5: failed = questdb_receiver_row_count(receiver, name, len, &rows); break;
        case 6: tcp(receiver, random & 2 ? "t x=1i\nu x=2i\n" : "t x=\"no\"\n,\n"); break;
        case 7:
            failed = questdb_receiver_table_arrow(receiver, name, len, &stream);
            if (stream.release) {
                struct ArrowArray batch;
                while (stream.get_next(&stream, &batch) == 0 && batch.release) batch.release(&batch);
                stream.release(&stream);
            }
            break;
        default: failed = questdb_receiver_clear(receiver);
        }
        const uint32_t code = questdb_receiver_error_get_code(failed);
        if (code == QUESTDB_RECEIVER_ERROR_CODE_INTERNAL || code == QUESTDB_RECEIVER_ERROR_CODE_HANDLE_POISONED) {
            printf("  %s\n", questdb_receiver_error_message(failed));
            return given;
        }
        questdb_receiver_error_free(failed);
        questdb_receiver_text_free(text);
    }
    return NULL;
}

static void many_threads(void) {
    questdb_receiver *receiver = started("");
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) CHECK(pthread_create(&threads[i], NULL, random_calls, receiver) == 0);
    for (int i = 0; i < 4; i++) {
        void *broken = NULL;
        CHECK(pthread_join(threads[i], &broken) == 0 && broken == NULL);
    }
    questdb_receiver_free(receiver);
}

static double millis_since(const struct timespec *start) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) * 1e3 + (double)(now.tv_nsec - start->tv_nsec) / 1e6;
}

/* Prints how long a start and a whole test with a receiver of its own take. It depends on the machine, so nothing is judged. */
static void how_long(void) {
    double start = 1e9, whole = 1e9;
    for (int i = 0; i < 20; i++) {
        struct timespec began;
        clock_gettime(CLOCK_MONOTONIC, &began);
        questdb_receiver *receiver = started("");
        const double begun = millis_since(&began);
        CHECK(http(receiver, "t x=1i\n") == 204);
        OK(questdb_receiver_wait_for_rows(receiver, T, 1, 20 * SECONDS));
        CHECK(table_has(receiver, "\"x\":1"));
        questdb_receiver_free(receiver);
        const double done = millis_since(&began);
        if (begun < start) start = begun;
        if (done < whole) whole = done;
    }
    printf("proof: least of 20: start %.2f ms, a test with a receiver of its own %.2f ms\n", start, whole);
}

int main(void) {
    rows_of_both_listeners();
    configuration();
    tables();
    arrow();
    null_for_every_pointer();
    many_threads();
    how_long();
    printf("receiver: %lu checks, %lu failures\n", checks, failures);
    return failures ? 1 : 0;
}
