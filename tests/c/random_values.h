/* The arguments of random calls: good and bad numbers, texts and arrays. Each block of memory has exactly the size
 * that is needed, so that a memory checker sees every access beyond it, and lives for one step. */
#ifndef RANDOM_VALUES_H
#define RANDOM_VALUES_H

#include <limits.h>
#include <stdint.h>

#include "check.h"

/* What is known about the arguments of a call: it must fail, it may fail, or it must succeed unless the state forbids
 * it. */
enum { BAD = 0, UNSURE = -1, GOOD = 1 };

static uint64_t random_state;

static uint64_t rnd(void) { /* splitmix64 */
    uint64_t z = (random_state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static size_t below(size_t limit) { return (size_t)(rnd() % limit); }

/* True one time in `times`. */
static int once_in(size_t times) { return below(times) == 0; }

#define ONE_OF(array) ((array)[below(sizeof(array) / sizeof((array)[0]))])

/* --- memory for one step ------------------------------------------------------------------------------------------- */

static void *blocks[4096];
static size_t block_count;

static void *block(size_t bytes) {
    void *made = malloc(bytes);
    if (!made || block_count == sizeof blocks / sizeof blocks[0]) {
        printf("no block of %zu bytes\n", bytes);
        exit(2);
    }
    return blocks[block_count++] = made;
}

static void *copied(const void *bytes, size_t len) {
    void *copy = block(len);
    if (len > 0) memcpy(copy, bytes, len);
    return copy;
}

static void forget_blocks(void) {
    while (block_count > 0) free(blocks[--block_count]);
}

/* --- numbers ------------------------------------------------------------------------------------------------------- */

static int64_t any_i64(void) {
    static const int64_t special[] = {0, 1, -1, INT64_MAX, INT64_MIN, 1700000000000000000, 9223372036854775, 9223372036854776};
    return once_in(3) ? ONE_OF(special) : (int64_t)(rnd() >> below(64));
}

static double any_f64(void) {
    static const double special[] = {0.0, -0.0, 1.0, 0.1, 1e300, -1e-300, 5e-324, 1e16, 123456789.125};
    if (once_in(3)) return ONE_OF(special);
    const uint64_t bits = rnd(); /* may be a NaN or an infinity */
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Mostly returns one of 1 to `last`. */
static uint32_t any_kind(uint32_t last) {
    static const uint32_t bad[] = {0, 100, 255, 256, 0x80000000u, UINT32_MAX};
    return once_in(15) ? ONE_OF(bad) : 1 + (uint32_t)below(last);
}

static uint32_t any_scale(int *good) {
    static const uint32_t bad[] = {77, 255, 256, UINT32_MAX};
    if (!once_in(10)) return (uint32_t)below(77);
    *good = BAD;
    return ONE_OF(bad);
}

/* --- texts --------------------------------------------------------------------------------------------------------- */

struct text {
    const char *ptr;
    size_t len;
    int good;
};

static struct text text_of(const char *ptr, size_t len, int good) {
    const struct text made = {len > 0 ? copied(ptr, len) : ptr, len, good};
    return made;
}

/* Returns pointers and lengths that must be refused before a byte is read. */
static struct text impossible_text(void) {
    static const struct text all[] = {{NULL, 1, BAD},       {NULL, SIZE_MAX, BAD},       {"a", SIZE_MAX, BAD},
                                      {"a", PTRDIFF_MAX, BAD}, {"a", (size_t)5 << 30, BAD}, {NULL, 4096, BAD}};
    return ONE_OF(all);
}

static struct text bytes_that_are_no_text(void) {
    static const char *const all[] = {"a\xff", "\x80", "abc\xe2\x82", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                      "sixteen letters \xfe and more than these"};
    const char *chosen = ONE_OF(all);
    return text_of(chosen, strlen(chosen), BAD);
}

/* Returns a name for a buffer that accepts `most` bytes: mostly one of a few, so that the buffer remembers them,
 * sometimes one of many. */
static struct text any_name(size_t most) {
    static const char *const usual[] = {"t", "x", "price", "trades", "a name with spaces", "k=v", "\xc3\xa9t\xc3\xa9",
                                        "a_name_that_is_longer_than_thirty_two_bytes"};
    static const char *const bad[] = {"a?b", "a,b", "a\"b", "a\nb", "a\\b", ".a.", "a\x7f", "\xef\xbb\xbf" "a"};
    char made[256];
    if (once_in(20)) return impossible_text();
    if (once_in(20)) return bytes_that_are_no_text();
    if (once_in(20)) {
        const char *chosen = ONE_OF(bad);
        return text_of(chosen, strlen(chosen), BAD);
    }
    if (once_in(30)) return text_of(once_in(2) ? NULL : "", 0, BAD);
    size_t len;
    if (once_in(20)) {
        len = 1 + below(sizeof made);
        memset(made, 'n', len);
    } else if (once_in(4)) {
        len = (size_t)snprintf(made, sizeof made, "n%zu", below(500));
    } else {
        const char *chosen = ONE_OF(usual);
        len = strlen(chosen);
        memcpy(made, chosen, len);
    }
    return text_of(made, len, len <= most ? GOOD : BAD);
}

static struct text any_value(void) {
    static const char *const pieces[] = {"a", "bc", "0123456789", " ", ",", "=", "\"", "\\", "\n", "\r", "\xc3\xa9",
                                         "\xf0\x9f\x99\x82", "sixteen letters ", "\xe2\x80\xa8", "\x01", "'"};
    char made[4096];
    size_t len = 0;
    if (once_in(20)) return impossible_text();
    if (once_in(15)) return bytes_that_are_no_text();
    if (once_in(15)) return text_of(once_in(2) ? NULL : (const char *)1, 0, GOOD);
    const size_t most = once_in(12) ? sizeof made : 40;
    for (size_t goal = below(most); len + 16 < goal;) {
        const char *piece = ONE_OF(pieces);
        memcpy(made + len, piece, strlen(piece));
        len += strlen(piece);
    }
    if (once_in(10)) made[len++] = 0;
    if (len == 0) made[len++] = 'v';
    return text_of(made, len, GOOD);
}

/* Returns a symbol. One that contains a NUL must be refused. */
static struct text any_symbol(void) {
    struct text text = any_value();
    if (text.good == GOOD && text.len > 0 && memchr(text.ptr, 0, text.len)) text.good = BAD;
    return text;
}

static struct text any_decimal_text(void) {
    static const char *const good[] = {"0", "-12.50", "1e-3", "+.5", "NaN", "-Infinity", "123456789012345678901234567890.1",
                                       "1E+5", "0E+3", "1e75", "1e-75", "-NaN"};
    static const char *const bad[] = {"e5", "1e+-3", "--1", "1,5", "nan", "0x10", "1 ", "\xff", ".", "1e76", "1e-80", "1.5m"};
    if (once_in(15)) return impossible_text();
    const int fine = !once_in(4);
    const char *chosen = fine ? ONE_OF(good) : ONE_OF(bad);
    return text_of(chosen, strlen(chosen), fine ? GOOD : BAD);
}

/* Returns a big-endian integer, most of them short enough. */
static struct text any_unscaled(void) {
    uint8_t bytes[40];
    const size_t len = once_in(10) ? 33 + below(8) : below(33);
    if (once_in(20)) {
        const struct text none = {NULL, once_in(2) ? 1 : SIZE_MAX, BAD};
        return none;
    }
    for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)rnd();
    /* Such a large number may have more digits than a decimal can have. */
    const int large = len == 32 && bytes[0] != 0 && bytes[0] != 0xff;
    return text_of((const char *)bytes, len, large ? UNSURE : len <= 32 ? GOOD : BAD);
}

/* --- arrays -------------------------------------------------------------------------------------------------------- */

/* Makes a view of an array. Returns whether it must be accepted. */
static int any_array(questdb_array *view) {
    size_t shape[33], count = 1;
    const size_t dims = 1 + below(4);
    for (size_t i = 0; i < dims; i++) {
        shape[i] = once_in(12) ? 0 : 1 + below(4);
        count *= shape[i];
    }
    const size_t bytes = count * sizeof(double), ahead = once_in(3) ? below(20) : 0;
    uint8_t *data = block(bytes + ahead);
    memset(data, 0x40, bytes + ahead);
    view->dims = dims;
    view->shape = copied(shape, dims * sizeof shape[0]);
    view->strides = NULL;
    view->data = data;
    view->data_len = bytes + ahead;
    view->origin = ahead;
    if (!once_in(3)) return GOOD;
    ptrdiff_t strides[33];
    switch (below(8)) {
    case 0: /* reaching out, or not */
        for (size_t i = 0; i < dims; i++) strides[i] = (ptrdiff_t)(rnd() >> below(64)) * (once_in(2) ? 1 : -1);
        view->strides = copied(strides, dims * sizeof strides[0]);
        return UNSURE;
    case 1: /* every element the same */
        memset(strides, 0, sizeof strides);
        view->strides = copied(strides, dims * sizeof strides[0]);
        return UNSURE;
    case 2: view->data_len = below(view->data_len + 1); return UNSURE;
    case 3: view->origin = (size_t)(rnd() >> below(64)); return UNSURE;
    case 4: view->dims = once_in(2) ? 0 : 33 + (size_t)(rnd() >> (3 + below(60))); return BAD;
    case 5: view->shape = once_in(2) ? NULL : (const size_t *)(const void *)((const char *)view->shape + 1); return BAD;
    case 6: view->data = NULL; return view->data_len > 0 ? BAD : UNSURE;
    default:
        for (size_t i = 0; i < 33; i++) shape[i] = once_in(2) ? 1 : SIZE_MAX >> below(40);
        view->dims = 1 + below(33);
        view->shape = copied(shape, view->dims * sizeof shape[0]);
        return UNSURE;
    }
}

#endif
