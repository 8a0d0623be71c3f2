/* What the results of random calls are compared with: a ledger of the functions that were called, and a small model of
 * every buffer. */
#ifndef RANDOM_MODEL_H
#define RANDOM_MODEL_H

#include "random_values.h"

static unsigned long step;
static const char *last_call = "none";

static int expect(int good, const char *what, const char *file, int line) {
    if (!check(good, what, file, line)) printf("  step %lu, after %s\n", step, last_call);
    return good;
}

#define EXPECT(condition) expect((condition) ? 1 : 0, #condition, __FILE__, __LINE__)

/* --- the ledger of functions --------------------------------------------------------------------------------------- */

static struct function {
    char name[64];
    unsigned long calls;
} functions[512];
static size_t function_count;
static unsigned long calls;

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct function *)a)->name, ((const struct function *)b)->name);
}

/* Reads lines of the form `symbol version`, which are sorted. */
static void read_ledger(const char *path) {
    char line[256];
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        exit(2);
    }
    while (fgets(line, sizeof line, file))
        if (line[0] != '#' && sscanf(line, "%63s", functions[function_count].name) == 1) function_count++;
    fclose(file);
    CHECK(function_count > 100);
}

static void called(const char *name) {
    struct function key;
    strncpy(key.name, name, sizeof key.name - 1);
    key.name[sizeof key.name - 1] = 0;
    struct function *found = bsearch(&key, functions, function_count, sizeof key, by_name);
    last_call = name;
    calls++;
    if (found) found->calls++;
    else if (CHECK(!"a function that is not in the ledger")) printf("  %s\n", name);
}

/* Calls a function and counts the call. */
#define CALL(function) (called(#function), function)

static size_t functions_reached(void) {
    size_t reached = 0;
    for (size_t i = 0; i < function_count; i++) reached += functions[i].calls > 0;
    return reached;
}

static void print_functions_not_reached(void) {
    for (size_t i = 0; i < function_count; i++)
        if (functions[i].calls == 0) printf("never called: %s\n", functions[i].name);
}

/* --- errors -------------------------------------------------------------------------------------------------------- */

static questdb_error *kept_errors[4];
static int row_accepted; /* what the last error said */
static unsigned long failed_calls, codes_seen[64];

/* Examines an error, then frees it or keeps it for later. Returns its code. No error may be a defect of the library. */
static uint32_t done(questdb_error *err) {
    row_accepted = 0;
    if (!err) return 0;
    const uint32_t code = CALL(questdb_error_get_code)(err);
    const char *message = CALL(questdb_error_message)(err);
    row_accepted = CALL(questdb_error_row_accepted)(err);
    failed_calls++;
    const int defect = code < 1 || (code > 20 && code != QUESTDB_ERROR_CODE_CANCELLED);
    EXPECT(!defect);
    if (code < 64) codes_seen[code]++;
    if (defect) printf("  %s\n", message);
    EXPECT(message && message[0] && !strchr(message, '\n'));
    questdb_error **place = &ONE_OF(kept_errors);
    if (once_in(50)) {
        CALL(questdb_error_free)(*place);
        *place = err;
    } else {
        CALL(questdb_error_free)(err);
    }
    return code;
}

/* --- buffers ------------------------------------------------------------------------------------------------------- */

/* CLOSED: the buffer of a closed sender, which accepts no rows. */
enum state { CLOSED = -2, UNKNOWN = -1, BETWEEN, TABLE, SYMBOL, COLUMN };

struct tracked {
    questdb_buffer *handle;
    enum state state;
    int marker; /* whether a marker is set, or UNSURE */
    /* The content before the call. */
    uint8_t *bytes;
    size_t len, capacity, rows;
};

static void before(struct tracked *t) {
    size_t len = 0;
    const uint8_t *bytes = CALL(questdb_buffer_peek)(t->handle, &len);
    if (len > t->capacity) {
        t->capacity = 2 * len;
        t->bytes = realloc(t->bytes, t->capacity);
        if (!t->bytes) exit(2);
    }
    if (len > 0) memcpy(t->bytes, bytes, len);
    t->len = len;
    t->rows = CALL(questdb_buffer_row_count)(t->handle);
}

static int is_unchanged(const struct tracked *t) {
    size_t len = 0;
    const uint8_t *bytes = CALL(questdb_buffer_peek)(t->handle, &len);
    return len == t->len && (len == 0 || memcmp(bytes, t->bytes, len) == 0) &&
           CALL(questdb_buffer_row_count)(t->handle) == t->rows;
}

/* Returns whether `rows` rows, or a part of one, were appended and the content before them is unchanged. */
static int has_grown(const struct tracked *t, size_t rows) {
    size_t len = 0;
    const uint8_t *bytes = CALL(questdb_buffer_peek)(t->handle, &len);
    return len >= t->len && (t->len == 0 || memcmp(bytes, t->bytes, t->len) == 0) &&
           CALL(questdb_buffer_row_count)(t->handle) == t->rows + rows;
}

static int is_empty(const struct tracked *t) {
    return CALL(questdb_buffer_len)(t->handle) == 0 && CALL(questdb_buffer_row_count)(t->handle) == 0;
}

/* Returns whether the buffer has some of the last `rows` rows at most: those that a flush on the way left. */
static int has_last_of(const struct tracked *t, size_t rows) {
    return CALL(questdb_buffer_row_count)(t->handle) <= rows;
}

static void is_cleared(struct tracked *t) {
    if (t->state != CLOSED) t->state = BETWEEN;
    t->marker = 0;
}

/* Updates the model after a call that may have sent the rows. */
static void may_be_cleared(struct tracked *t) {
    if (t->len > 0 && is_empty(t)) is_cleared(t);
    else if (is_empty(t) && t->marker) t->marker = UNSURE; /* sending nothing may or may not clear the marker */
}

/* Checks the result of a call that builds a row. `allowed` says whether the state permits the call. Returns whether it
 * succeeded. */
static int judge(const struct tracked *t, questdb_error *err, int good, int allowed, size_t rows) {
    const uint32_t code = done(err);
    if (code) EXPECT(is_unchanged(t));
    else EXPECT(has_grown(t, rows));
    if (!t->handle || good == BAD) EXPECT(code != 0);
    if (t->state == UNKNOWN || !t->handle) return code == 0;
    if (!allowed) EXPECT(code != 0);
    if (allowed && good == GOOD && !EXPECT(code == 0 || code == QUESTDB_ERROR_CODE_LIMIT_EXCEEDED))
        printf("  code %s\n", questdb_error_code_name(code));
    return code == 0;
}

/* The same for a call that may also have flushed the buffer after the rows were in it. */
static void judge_sending(struct tracked *t, questdb_error *err, int good, int allowed, size_t rows) {
    const uint32_t code = done(err);
    const int accepted = row_accepted;
    const enum state state = t->state;
    if (code && !accepted) {
        EXPECT(is_unchanged(t));
    } else {
        EXPECT(has_grown(t, rows) || (!code && is_empty(t)));
        if (is_empty(t) && rows > 0) is_cleared(t);
        if (state != UNKNOWN) EXPECT(allowed);
        if (state != UNKNOWN) t->state = BETWEEN;
        may_be_cleared(t);
    }
    if (good == BAD) EXPECT(code != 0 && !accepted);
}

#endif
