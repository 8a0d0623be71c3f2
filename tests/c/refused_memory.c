/* The allocator refuses each request of 1 KiB or more that a call makes, one after the other. Each time the call must
 * return OUT_OF_MEMORY and leave the buffer byte for byte as it was, or manage without the memory. When memory is
 * available again, the call must work. */
#include "refusing_malloc.h"
#include "server.h"

enum { LARGE = 1024, WIDE = 200, FEW = 10, ROWS = 300, TEXTS = 20, TEXT = 1900 };

static questdb_table_name *table;
static questdb_column_name *column;
static questdb_row_layout *narrow, *wide, *arrays, *few_arrays, *texts;
static char text[TEXTS * TEXT];
static double doubles[4000];
static questdb_cell cells[WIDE];
static questdb_column_data columns[WIDE];
static int64_t numbers[ROWS];
static questdb_array views[ROWS];
static unsigned long calls, refusals, done_without;

#define X QUESTDB_STR("x")

/* --- the calls ----------------------------------------------------------------------------------------------------- */

static const size_t shape[] = {4000}, half[] = {2000};
static const ptrdiff_t every_other[] = {16};
static const questdb_array dense = {1, shape, NULL, (const uint8_t *)doubles, sizeof doubles, 0};
static const questdb_array strided = {1, half, every_other, (const uint8_t *)doubles, sizeof doubles, 0};

#define CALL(name, ...) \
    static questdb_error *name(questdb_buffer *b) { return __VA_ARGS__; }
CALL(c_table, questdb_buffer_table(b, QUESTDB_STR("t")))
CALL(c_table_named, questdb_buffer_table_named(b, table))
CALL(c_symbol, questdb_buffer_symbol(b, X, X))
CALL(c_symbol_named, questdb_buffer_symbol_named(b, column, X))
CALL(c_symbol_long, questdb_buffer_symbol(b, X, text, sizeof text))
CALL(c_bool, questdb_buffer_column_bool(b, X, true))
CALL(c_bool_named, questdb_buffer_column_bool_named(b, column, true))
CALL(c_i64, questdb_buffer_column_i64(b, X, INT64_MIN))
CALL(c_i64_named, questdb_buffer_column_i64_named(b, column, 1))
CALL(c_f64, questdb_buffer_column_f64(b, X, 1e300))
CALL(c_f64_named, questdb_buffer_column_f64_named(b, column, 0.1))
CALL(c_str, questdb_buffer_column_str(b, X, X))
CALL(c_str_named, questdb_buffer_column_str_named(b, column, X))
CALL(c_str_long, questdb_buffer_column_str(b, X, text, sizeof text))
CALL(c_micros, questdb_buffer_column_ts_micros(b, X, 1))
CALL(c_micros_named, questdb_buffer_column_ts_micros_named(b, column, 1))
CALL(c_nanos, questdb_buffer_column_ts_nanos(b, X, 1))
CALL(c_nanos_named, questdb_buffer_column_ts_nanos_named(b, column, 1))
CALL(c_array, questdb_buffer_column_f64_arr(b, X, &dense))
CALL(c_array_named, questdb_buffer_column_f64_arr_named(b, column, &strided))
CALL(c_dec_str, questdb_buffer_column_dec_str(b, X, QUESTDB_STR("12345678901234567890.5")))
CALL(c_dec_str_named, questdb_buffer_column_dec_str_named(b, column, QUESTDB_STR("1")))
CALL(c_dec, questdb_buffer_column_dec(b, X, 2, (const uint8_t *)"0123456789", 10))
CALL(c_dec_named, questdb_buffer_column_dec_named(b, column, 2, (const uint8_t *)"0123456789", 10))
CALL(c_dec_i64, questdb_buffer_column_dec_i64(b, X, 2, INT64_MAX))
CALL(c_dec_i64_named, questdb_buffer_column_dec_i64_named(b, column, 2, 1))
CALL(c_dec_i128, questdb_buffer_column_dec_i128(b, X, 2, INT64_MAX, 1))
CALL(c_dec_i128_named, questdb_buffer_column_dec_i128_named(b, column, 2, -1, 1))
CALL(c_at_nanos, questdb_buffer_at_nanos(b, INT64_MAX))
CALL(c_at_micros, questdb_buffer_at_micros(b, 1))
CALL(c_at_now, questdb_buffer_at_now(b))
CALL(c_reserve, questdb_buffer_reserve(b, 100000))
CALL(c_row, questdb_buffer_append_row(b, narrow, cells, 1, 1))
CALL(c_row_of_arrays, questdb_buffer_append_row(b, arrays, cells + 1, WIDE - 1, 1))
CALL(c_columns, questdb_buffer_append_columns(b, narrow, ROWS, columns, 1, numbers))
CALL(c_wide_columns, questdb_buffer_append_columns(b, wide, ROWS, columns, WIDE, numbers))
CALL(c_columns_of_arrays, questdb_buffer_append_columns(b, few_arrays, ROWS, columns, FEW, numbers))
CALL(c_dictionaries, questdb_buffer_append_columns(b, texts, ROWS, columns, 2, numbers))

enum state { BETWEEN, TABLE, SYMBOL };

/* The state that a call needs, and how full the buffer is before it: small calls need memory only if there is little
 * room. */
static const struct growing {
    const char *name;
    questdb_error *(*call)(questdb_buffer *);
    enum state before;
} growing[] = {
#define IN(state, name) {#name, name, state}
    IN(BETWEEN, c_table),        IN(BETWEEN, c_table_named),  IN(TABLE, c_symbol),          IN(TABLE, c_symbol_named),
    IN(TABLE, c_symbol_long),    IN(SYMBOL, c_bool),          IN(SYMBOL, c_bool_named),     IN(SYMBOL, c_i64),
    IN(SYMBOL, c_i64_named),     IN(SYMBOL, c_f64),           IN(SYMBOL, c_f64_named),      IN(SYMBOL, c_str),
    IN(SYMBOL, c_str_named),     IN(SYMBOL, c_str_long),      IN(SYMBOL, c_micros),         IN(SYMBOL, c_micros_named),
    IN(SYMBOL, c_nanos),         IN(SYMBOL, c_nanos_named),   IN(SYMBOL, c_array),          IN(SYMBOL, c_array_named),
    IN(SYMBOL, c_dec_str),       IN(SYMBOL, c_dec_str_named), IN(SYMBOL, c_dec),            IN(SYMBOL, c_dec_named),
    IN(SYMBOL, c_dec_i64),       IN(SYMBOL, c_dec_i64_named), IN(SYMBOL, c_dec_i128),       IN(SYMBOL, c_dec_i128_named),
    IN(SYMBOL, c_at_nanos),      IN(SYMBOL, c_at_micros),     IN(SYMBOL, c_at_now),         IN(BETWEEN, c_row),
    IN(BETWEEN, c_row_of_arrays), IN(BETWEEN, c_columns),     IN(BETWEEN, c_wide_columns),  IN(BETWEEN, c_columns_of_arrays),
    IN(BETWEEN, c_dictionaries), IN(SYMBOL, c_reserve),
};

/* --- buffers that keep what they have ------------------------------------------------------------------------------ */

static questdb_buffer *copy_of(questdb_buffer *b) {
    questdb_buffer *copy = NULL;
    OK(questdb_buffer_clone(b, &copy));
    return copy;
}

/* Returns a buffer of a little more than 1 KiB with exactly `free_bytes` of it free. A copy has no spare capacity. */
static questdb_buffer *nearly_full(enum state state, size_t free_bytes) {
    questdb_buffer *b = NULL;
    OK(questdb_buffer_with_limits(3, 127, 0, SIZE_MAX, &b));
    OK(questdb_buffer_table(b, QUESTDB_STR("t")));
    OK(questdb_buffer_symbol(b, QUESTDB_STR("first"), text, LARGE));
    OK(questdb_buffer_at_now(b));
    if (state != BETWEEN) OK(questdb_buffer_table(b, QUESTDB_STR("t")));
    if (state == SYMBOL) OK(questdb_buffer_symbol(b, QUESTDB_STR("s"), QUESTDB_STR("v")));
    questdb_buffer *exact = copy_of(b);
    OK(questdb_buffer_reserve(exact, free_bytes));
    CHECK(questdb_buffer_capacity(exact) == questdb_buffer_len(b) + free_bytes);
    questdb_buffer_free(b);
    return exact;
}

static int same(const questdb_buffer *a, const questdb_buffer *b) {
    size_t len = 0, other_len = 0;
    const uint8_t *bytes = questdb_buffer_peek(a, &len), *others = questdb_buffer_peek(b, &other_len);
    return len == other_len && memcmp(bytes, others, len) == 0 && questdb_buffer_row_count(a) == questdb_buffer_row_count(b);
}

/* Makes one call while the requests after the first `granted` ones are refused, `most` in a row. Returns false if no
 * request was refused. */
static int refused_once(const struct growing *g, size_t free_bytes, unsigned long granted, unsigned long most) {
    questdb_buffer *b = nearly_full(g->before, free_bytes), *before = copy_of(b), *expected = copy_of(b);
    OK(g->call(expected));
    refuse(LARGE, granted, most);
    questdb_error *err = g->call(b);
    const unsigned long times = grant();
    calls++;
    refusals += times;
    if (err) {
        CHECK(times > 0 && same(b, before));
        if (!CHECK(has_code(err, QUESTDB_ERROR_CODE_OUT_OF_MEMORY))) printf("  %s\n", g->name);
        OK(g->call(b));
    } else if (times > 0) {
        done_without++;
    }
    if (!CHECK(same(b, expected))) printf("  %s, %zu free, %lu granted\n", g->name, free_bytes, granted);
    questdb_buffer_free(b);
    questdb_buffer_free(before);
    questdb_buffer_free(expected);
    return times > 0;
}

static void growth(const struct growing *g) {
    unsigned long refused_before = refusals;
    for (size_t free_bytes = 0; free_bytes <= 240; free_bytes += 3) {
        refused_once(g, free_bytes, 0, ULONG_MAX);
        for (unsigned long granted = 0; refused_once(g, free_bytes, granted, 1); granted++) {}
        /* These calls take long, and it does not matter for them how full the buffer is. */
        if (g->call == c_wide_columns || g->call == c_columns_of_arrays || g->call == c_dictionaries) break;
    }
    if (!CHECK(refusals > refused_before)) printf("  %s never needed memory\n", g->name);
}

/* --- what is made -------------------------------------------------------------------------------------------------- */

/* Runs `making` with its first large request refused, then with the second one refused, and so on, until none was. */
#define MADE(handle, free, making) \
    do { \
        for (unsigned long granted = 0;; granted++) { \
            refuse(LARGE, granted, 1); \
            questdb_error *err = (making); \
            const unsigned long times = grant(); \
            calls++; \
            refusals += times; \
            if (!err) { \
                CHECK(times == 0 && granted > 0); \
                break; \
            } \
            CHECK(handle == NULL); \
            check(has_code(err, QUESTDB_ERROR_CODE_OUT_OF_MEMORY), #making, __FILE__, __LINE__); \
        } \
        free(handle); \
        handle = NULL; \
    } while (0)

static void made(void) {
    questdb_buffer *b = NULL, *full = nearly_full(BETWEEN, 0);
    questdb_sender *s = NULL, *maker = NULL;
    MADE(b, questdb_buffer_free, questdb_buffer_new(2, &b));
    MADE(b, questdb_buffer_free, questdb_buffer_with_limits(2, 127, 1 << 20, 1 << 20, &b));
    MADE(b, questdb_buffer_free, questdb_buffer_clone(full, &b));
    OK(questdb_sender_from_conf(QUESTDB_STR("http::addr=127.0.0.1:1;protocol_version=2;"), &maker));
    MADE(b, questdb_buffer_free, questdb_sender_new_buffer(maker, &b));
    MADE(s, questdb_sender_free, questdb_sender_from_conf(QUESTDB_STR("http::addr=127.0.0.1:1;protocol_version=2;"), &s));
    questdb_sender_free(maker);
    questdb_buffer_free(full);
}

/* Layouts, and the names that a buffer remembers, grow in small steps: every large request is refused once. */
static void names(void) {
    questdb_row_layout *layout = NULL;
    questdb_buffer *b = NULL;
    char name[16];
    unsigned long refused_here = 0;
    OK(questdb_row_layout_new(QUESTDB_STR("t"), QUESTDB_STAMP_NANOS, &layout));
    OK(questdb_buffer_with_limits(3, 127, 1 << 20, 1 << 20, &b));
    for (size_t i = 0; i < 2000; i++) {
        const size_t len = (size_t)snprintf(name, sizeof name, "n%zu", i);
        questdb_error *errs[3];
        refuse(LARGE, 0, ULONG_MAX);
        errs[0] = questdb_row_layout_add(layout, name, len, QUESTDB_COLUMN_KIND_F64);
        errs[1] = questdb_buffer_table(b, name, len);
        errs[2] = errs[1] ? NULL : questdb_buffer_column_bool(b, name, len, 1);
        refused_here += grant();
        CHECK(questdb_row_layout_column_count(layout) == (errs[0] ? i : i + 1));
        if (errs[0]) FAILS(OUT_OF_MEMORY, errs[0]), OK(questdb_row_layout_add(layout, name, len, QUESTDB_COLUMN_KIND_F64));
        if (errs[1]) FAILS(OUT_OF_MEMORY, errs[1]), OK(questdb_buffer_table(b, name, len));
        if (errs[2]) FAILS(OUT_OF_MEMORY, errs[2]);
        if (errs[1] || errs[2]) OK(questdb_buffer_column_bool(b, name, len, 1));
        OK(questdb_buffer_at_now(b));
        calls += 3;
    }
    CHECK(refused_here > 8);
    refusals += refused_here;
    questdb_row_layout_free(layout);
    questdb_buffer_free(b);
}

/* --- sending ------------------------------------------------------------------------------------------------------- */

/* Rows in the sender's own buffer and a large flush. The flush requests no memory that grows with the data. */
static void sending(enum mode mode) {
    struct server server;
    server_start(&server, mode);
    questdb_sender *s = server_sender(&server, "auto_flush=off;init_buf_size=1024;");
    questdb_buffer *own = questdb_sender_buffer(s);
    size_t rows = 0;
    for (unsigned long granted = 0; rows < 300 * ROWS; granted++) {
        refuse(LARGE, granted % 3, ULONG_MAX);
        questdb_error *err = granted % 2 ? questdb_sender_append_row(s, narrow, cells, 1, 1)
                                         : questdb_sender_append_columns(s, narrow, ROWS, columns, 1, numbers);
        refusals += grant();
        calls++;
        if (err) FAILS(OUT_OF_MEMORY, err);
        else rows += granted % 2 ? 1 : ROWS;
        if (err) OK(questdb_buffer_reserve(own, questdb_buffer_len(own) + 20000)); /* until it is full again */
        CHECK(questdb_buffer_row_count(own) == rows);
    }
    const size_t bytes = questdb_buffer_len(own);
    CHECK(bytes > 500000);
    refuse(16384, 0, ULONG_MAX);
    questdb_error *err = questdb_sender_flush_own(s);
    CHECK(grant() == 0);
    OK(err);
    OK(questdb_sender_close(s, 5000, NULL));
    questdb_sender_free(s);
    server_stop(&server);
    CHECK(server.lines == rows);
}

/* --- layouts ------------------------------------------------------------------------------------------------------- */

static questdb_row_layout *layout_of(size_t count, uint32_t kind) {
    questdb_row_layout *layout = NULL;
    char name[16];
    OK(questdb_row_layout_new(QUESTDB_STR("t"), QUESTDB_STAMP_NANOS, &layout));
    for (size_t i = 0; i < count; i++)
        OK(questdb_row_layout_add(layout, name, (size_t)snprintf(name, sizeof name, "c%zu", i), kind));
    return layout;
}

/* Prepares dictionaries with texts that are so long that each one is a large request. */
static void set_up_texts(void) {
    static uint8_t codes[ROWS];
    static int32_t offsets[TEXTS + 1];
    texts = layout_of(1, QUESTDB_COLUMN_KIND_SYMBOL);
    OK(questdb_row_layout_add(texts, QUESTDB_STR("s"), QUESTDB_COLUMN_KIND_STR));
    for (size_t i = 0; i < ROWS; i++) codes[i] = (uint8_t)(i * 7 % TEXTS);
    for (int i = 0; i <= TEXTS; i++) offsets[i] = i * TEXT;
    for (size_t i = 0; i < 2; i++) {
        columns[i].kind = QUESTDB_VALUES_KIND_DICTIONARY;
        columns[i].width = 1;
        columns[i].offset_width = 4;
        columns[i].values = codes;
        columns[i].offsets = offsets;
        columns[i].text = (const uint8_t *)text;
        columns[i].text_len = sizeof text;
        columns[i].dictionary_len = TEXTS;
    }
}

static void set_up(void) {
    OK(questdb_table_name_new(QUESTDB_STR("t"), &table));
    OK(questdb_column_name_new(QUESTDB_STR("x"), &column));
    memset(text, 'y', sizeof text);
    for (size_t i = 1; i < sizeof text; i += 100) text[i] = ' '; /* a space is escaped in symbols */
    narrow = layout_of(1, QUESTDB_COLUMN_KIND_I64);
    wide = layout_of(WIDE, QUESTDB_COLUMN_KIND_I64);
    arrays = layout_of(WIDE - 1, QUESTDB_COLUMN_KIND_F64_ARRAY);
    few_arrays = layout_of(FEW, QUESTDB_COLUMN_KIND_F64_ARRAY);
    static const size_t one[] = {1};
    static const questdb_array small = {1, one, NULL, (const uint8_t *)doubles, sizeof doubles, 0};
    for (size_t i = 0; i < ROWS; i++) views[i] = small;
    cells[0].kind = QUESTDB_CELL_KIND_I64;
    for (size_t i = 1; i < WIDE; i++) {
        cells[i].kind = QUESTDB_CELL_KIND_ARRAY;
        cells[i].value.ptr = &small;
    }
}

static void columns_are(uint32_t kind, const void *values) {
    memset(columns, 0, sizeof columns);
    for (size_t i = 0; i < WIDE; i++) {
        columns[i].kind = kind;
        columns[i].values = values;
    }
}

int main(void) {
    set_up();
    for (size_t i = 0; i < sizeof growing / sizeof growing[0]; i++) {
        if (growing[i].call == c_columns_of_arrays) columns_are(QUESTDB_VALUES_KIND_ARRAYS, views);
        else columns_are(QUESTDB_VALUES_KIND_I64, numbers);
        if (growing[i].call == c_dictionaries) set_up_texts();
        growth(&growing[i]);
    }
    columns_are(QUESTDB_VALUES_KIND_I64, numbers);
    made();
    names();
    sending(ANSWER);
    sending(SWALLOW);
    questdb_table_name_free(table);
    questdb_column_name_free(column);
    questdb_row_layout_free(narrow);
    questdb_row_layout_free(wide);
    questdb_row_layout_free(arrays);
    questdb_row_layout_free(few_arrays);
    questdb_row_layout_free(texts);
    CHECK(done_without > 0); /* the table for a dictionary is optional: it only saves time */
    printf("%lu calls, %lu requests of 1 KiB and more refused, %lu times done without\n", calls, refusals, done_without);
    return verdict("refused_memory");
}
