/* The library as a C program uses it. The fault tests (capi/tests/faults/client.rs) drive it line by line: each line
 * of the input is a call, each line of the output its result. SIGPIPE keeps its default action all the time. */
#include <inttypes.h>
#include <signal.h>

#include "row.h"

static questdb_sender *sender;
static questdb_buffer *buffer;

static int sigpipe_is_default(void) {
    struct sigaction action;
    return sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL;
}

static void word(const char *text) {
    printf("\t%s%s", text ? "=" : "", text ? text : "");
}

/* Prints all that an error says, or a success with the given outcome. */
static void tell(questdb_error *err, uint32_t success) {
    if (!err) {
        printf("ok\t%" PRIu32 "\n", success);
    } else {
        printf("error\t%" PRIu32 "\t%" PRIu32 "\t%d\t%d\t%d\t%" PRIu32 "\t%" PRIu32 "\t%" PRIu32 "\t%" PRId64 "\t%" PRIu64
               "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64,
               questdb_error_get_code(err), questdb_error_outcome(err), questdb_error_retryable(err),
               questdb_error_in_doubt(err), questdb_error_row_accepted(err), questdb_error_attempts(err),
               questdb_error_in_doubt_attempts(err), questdb_error_http_status(err),
               questdb_error_retry_after_millis(err), questdb_error_server_line(err), questdb_error_bytes_sent(err),
               questdb_error_elapsed_millis(err), questdb_error_earlier_rows_in_doubt(err));
        word(questdb_error_message(err));
        word(questdb_error_server_error_id(err));
        word(questdb_error_server_code(err));
        word(questdb_error_table(err));
        printf("\n");
    }
    questdb_error_free(err);
}

/* Prints the result of a flush. The statistics say whether a success is COMMITTED or SUBMITTED. */
static void tell_flush(questdb_error *err, uint64_t committed, uint64_t submitted) {
    uint32_t outcome = 0;
    if (questdb_sender_stat(sender, QUESTDB_STAT_ROWS_COMMITTED) > committed) outcome = QUESTDB_OUTCOME_COMMITTED;
    if (questdb_sender_stat(sender, QUESTDB_STAT_ROWS_SUBMITTED) > submitted) outcome = QUESTDB_OUTCOME_SUBMITTED;
    tell(err, outcome);
}

/* Appends rows of one table, of about `bytes` bytes in total, like the Rust side in client.rs. */
static questdb_error *fill(questdb_buffer *into, size_t bytes) {
    static char text[60000];
    size_t most = bytes < sizeof text ? bytes : sizeof text;
    questdb_error *err = NULL;
    memset(text, 'x', sizeof text);
    for (int64_t row = 1; !err && questdb_buffer_len(into) < (bytes ? bytes : 1); row++) {
        const size_t left = bytes - questdb_buffer_len(into);
        if (left < most) most = left;
        err = questdb_buffer_table(into, QUESTDB_STR("trades"));
        if (!err) err = questdb_buffer_column_str(into, QUESTDB_STR("note"), text, most);
        if (!err) err = questdb_buffer_at_nanos(into, INT64_C(1700000000000000000) + row);
    }
    return err;
}

/* Appends rows to the sender's own buffer, each with a text of `bytes` bytes. */
static questdb_error *fill_own(int rows, size_t bytes) {
    questdb_buffer *own = questdb_sender_buffer(sender);
    questdb_error *err = NULL;
    char *text = malloc(bytes + 1);
    if (!text) exit(2);
    memset(text, 'x', bytes);
    for (int row = 0; !err && row < rows; row++) {
        err = questdb_buffer_table(own, QUESTDB_STR("t"));
        if (!err) err = questdb_buffer_column_str(own, QUESTDB_STR("note"), text, bytes);
        if (!err) err = questdb_buffer_at_now(own);
    }
    free(text);
    return err;
}

/* Prints the length and the FNV-1a hash of the buffer's bytes. */
static void tell_buffer(void) {
    size_t len = 0;
    const uint8_t *bytes = questdb_buffer_peek(buffer, &len);
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++) hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    printf("ok\t%zu\t%" PRIu64 "\n", len, hash);
}

static void flush(const char *how, size_t other_bytes) {
    const uint64_t committed = questdb_sender_stat(sender, QUESTDB_STAT_ROWS_COMMITTED);
    const uint64_t submitted = questdb_sender_stat(sender, QUESTDB_STAT_ROWS_SUBMITTED);
    questdb_error *err = NULL;
    if (strcmp(how, "flush") == 0) {
        err = questdb_sender_flush(sender, buffer);
    } else if (strcmp(how, "keep") == 0) {
        err = questdb_sender_flush_and_keep(sender, buffer);
    } else {
        questdb_buffer *other = NULL;
        err = questdb_buffer_new(1, &other);
        if (!err) err = fill(other, other_bytes);
        if (!err) err = questdb_sender_flush_and_keep(sender, other);
        questdb_buffer_free(other);
    }
    tell_flush(err, committed, submitted);
}

static void tell_close(uint64_t millis) {
    uint64_t unconfirmed = 0;
    questdb_error *err = questdb_sender_close(sender, millis, &unconfirmed);
    printf("%" PRIu64 "\t", unconfirmed);
    tell(err, 0);
}

static void tell_last_error(void) {
    questdb_error *last = NULL;
    questdb_error *err = questdb_sender_last_error(sender, &last);
    printf("ok");
    word(questdb_error_message(err ? err : last));
    printf("\n");
    questdb_error_free(err);
    questdb_error_free(last);
}

/* Makes one call. Returns false for the last one. */
static int obey(const char *verb, const char *rest) {
    char *end = NULL;
    const unsigned long long number = strtoull(rest, &end, 10), second = strtoull(end, NULL, 10);
    if (strcmp(verb, "open") == 0) {
        questdb_sender_free(sender);
        tell(questdb_sender_from_conf(rest, strlen(rest), &sender), 0);
    } else if (strcmp(verb, "rows") == 0) {
        tell(fill(buffer, (size_t)number), 0);
    } else if (strcmp(verb, "buffer") == 0) {
        tell_buffer();
    } else if (strcmp(verb, "flush") == 0 || strcmp(verb, "keep") == 0 || strcmp(verb, "other") == 0) {
        flush(verb, (size_t)number);
    } else if (strcmp(verb, "own") == 0) {
        tell(fill_own((int)number, (size_t)second), 0);
    } else if (strcmp(verb, "close") == 0) {
        tell_close(number);
    } else if (strcmp(verb, "free") == 0) {
        questdb_sender_free(sender);
        sender = NULL;
        tell(NULL, 0);
    } else if (strcmp(verb, "stat") == 0) {
        printf("ok\t%" PRIu64 "\n", questdb_sender_stat(sender, (uint32_t)number));
    } else if (strcmp(verb, "version") == 0) {
        printf("ok\t%" PRIu32 "\t%zu\n", questdb_sender_protocol_version(sender), questdb_sender_max_name_len(sender));
    } else if (strcmp(verb, "last") == 0) {
        tell_last_error();
    } else {
        return 0;
    }
    return 1;
}

int main(void) {
    static char line[1 << 16];
    const int before = open_descriptors();
    if (!sigpipe_is_default()) return 3;
    OK(questdb_buffer_new(1, &buffer));
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        char *rest = strchr(line, ' ');
        if (rest) *rest++ = 0;
        if (!obey(line, rest ? rest : "")) break;
        fflush(stdout);
    }
    questdb_sender_free(sender);
    questdb_buffer_free(buffer);
    const int left = open_descriptors() - before;
    printf("%s\t%d\t%lu\n", sigpipe_is_default() ? "ok" : "error", left, failures);
    return left == 0 && failures == 0 && sigpipe_is_default() ? 0 : 1;
}
