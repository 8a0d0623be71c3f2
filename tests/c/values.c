/* Values for which the server would refuse the whole request are refused by the library, whichever C function passes
 * them: decimals out of range, and symbols that contain a NUL. Values that the server accepts are accepted. */
#include "check.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static questdb_buffer *b;
static questdb_column_name *column;

static void fresh_row(void) {
    questdb_buffer_free(b);
    b = NULL;
    OK(questdb_buffer_new(3, &b));
    OK(questdb_buffer_table(b, QUESTDB_STR("t")));
}

/* Returns a layout with one column of a kind. */
static questdb_row_layout *layout_of(uint32_t kind) {
    questdb_row_layout *layout = NULL;
    OK(questdb_row_layout_new(QUESTDB_STR("t"), QUESTDB_STAMP_NANOS, &layout));
    OK(questdb_row_layout_add(layout, QUESTDB_STR("c"), kind));
    return layout;
}

static int is(questdb_error *err, uint32_t code, const char *part) {
    const int told = code == 0 || (err && strstr(questdb_error_message(err), part) && strstr(questdb_error_message(err), "\"c\""));
    return has_code(err, code) && told;
}

/* Passes one text with each function that takes it. */
static void text(uint32_t kind, const char *ptr, size_t len, uint32_t code, const char *part) {
    const int64_t stamp = 1;
    const int32_t offsets[] = {0, (int32_t)len};
    const uint8_t codes[] = {0};
    questdb_cell cell;
    questdb_column_data data;
    questdb_row_layout *layout = layout_of(kind);
    memset(&cell, 0, sizeof cell);
    memset(&data, 0, sizeof data);
    cell.kind = QUESTDB_CELL_KIND_TEXT;
    cell.value.ptr = ptr;
    cell.len = len;
    data.kind = QUESTDB_VALUES_KIND_TEXT;
    data.offset_width = 4;
    data.offsets = offsets;
    data.text = (const uint8_t *)ptr;
    data.text_len = len;
    fresh_row();
    if (kind == QUESTDB_COLUMN_KIND_SYMBOL) {
        CHECK(is(questdb_buffer_symbol(b, QUESTDB_STR("c"), ptr, len), code, part));
        CHECK(is(questdb_buffer_symbol_named(b, column, ptr, len), code, part));
    } else if (kind == QUESTDB_COLUMN_KIND_STR) {
        CHECK(is(questdb_buffer_column_str(b, QUESTDB_STR("c"), ptr, len), code, part));
        CHECK(is(questdb_buffer_column_str_named(b, column, ptr, len), code, part));
    } else {
        CHECK(is(questdb_buffer_column_dec_str(b, QUESTDB_STR("c"), ptr, len), code, part));
        CHECK(is(questdb_buffer_column_dec_str_named(b, column, ptr, len), code, part));
    }
    CHECK(code == 0 || questdb_buffer_len(b) == 1);
    OK(questdb_buffer_clear(b));
    CHECK(is(questdb_buffer_append_row(b, layout, &cell, 1, 1), code, part));
    CHECK(is(questdb_buffer_append_columns(b, layout, 1, &data, 1, &stamp), code, part));
    if (kind != QUESTDB_COLUMN_KIND_DECIMAL) {
        data.kind = QUESTDB_VALUES_KIND_DICTIONARY;
        data.width = 1;
        data.values = codes;
        data.dictionary_len = 1;
        CHECK(is(questdb_buffer_append_columns(b, layout, 1, &data, 1, &stamp), code, part));
    }
    CHECK(code == 0 || questdb_buffer_len(b) == 0);
    questdb_row_layout_free(layout);
}

/* Passes one binary decimal with each function that takes it. */
static void binary(uint32_t scale, const uint8_t *bytes, size_t len, uint32_t code) {
    const int64_t stamp = 1;
    questdb_cell cell;
    questdb_column_data data;
    questdb_row_layout *layout = layout_of(QUESTDB_COLUMN_KIND_DECIMAL);
    memset(&cell, 0, sizeof cell);
    memset(&data, 0, sizeof data);
    cell.kind = QUESTDB_CELL_KIND_DECIMAL;
    cell.scale = scale;
    cell.value.ptr = bytes;
    cell.len = len;
    data.kind = QUESTDB_VALUES_KIND_DECIMALS;
    data.scale = scale;
    data.width = (uint32_t)len;
    data.values = bytes;
    fresh_row();
    CHECK(is(questdb_buffer_column_dec(b, QUESTDB_STR("c"), scale, bytes, len), code, "decimal"));
    CHECK(is(questdb_buffer_column_dec_named(b, column, scale, bytes, len), code, "decimal"));
    OK(questdb_buffer_clear(b));
    CHECK(is(questdb_buffer_append_row(b, layout, &cell, 1, 1), code, "decimal"));
    CHECK(is(questdb_buffer_append_columns(b, layout, 1, &data, 1, &stamp), code, "decimal"));
    questdb_row_layout_free(layout);
}

static void decimals(void) {
    static const char *const good[] = {"0", "-1.50", "1E+5", "-1.5e+10", "0E+3", "1E-7", "1e75", "1e-75", "NaN", "-NaN", "-Infinity"};
    static const char *const bad[] = {"", "1e77", "1e76", "1e-80", "1e-76", "0E+100", "1e+-3", "inf", "1,5", "1.5m", " 1"};
    const uint32_t kind = QUESTDB_COLUMN_KIND_DECIMAL, code = QUESTDB_ERROR_CODE_INVALID_DECIMAL;
    char digits[78];
    for (size_t i = 0; i < COUNT(good); i++) text(kind, good[i], strlen(good[i]), 0, "");
    for (size_t i = 0; i < COUNT(bad); i++) text(kind, bad[i], strlen(bad[i]), code, i == 0 ? "\"\"" : bad[i]);
    memset(digits, '9', sizeof digits);
    text(kind, digits, 76, 0, "");
    text(kind, digits, 77, code, "has 77 digits, a decimal has at most 76");
    uint8_t bytes[33];
    memset(bytes, 0xff, sizeof bytes);
    binary(0, bytes, 32, 0);
    binary(76, bytes, 1, 0);
    binary(77, bytes, 1, code);
    binary(0, bytes, 33, code);
    bytes[0] = 0x7f;
    binary(0, bytes, 32, code);
    fresh_row();
    OK(questdb_buffer_column_dec_i64(b, QUESTDB_STR("c"), 76, INT64_MIN));
    FAILS(INVALID_DECIMAL, questdb_buffer_column_dec_i64(b, QUESTDB_STR("c"), 77, 1));
    FAILS(INVALID_DECIMAL, questdb_buffer_column_dec_i128(b, QUESTDB_STR("c"), 77, 0, 1));
}

static void nul(void) {
    char value[80];
    for (size_t len = 1; len <= sizeof value; len++) {
        char place[40];
        memset(value, 'v', sizeof value);
        value[len / 2] = 0;
        snprintf(place, sizeof place, "holds a NUL at byte %u,", (unsigned)(len / 2));
        text(QUESTDB_COLUMN_KIND_SYMBOL, value, len, QUESTDB_ERROR_CODE_INVALID_ARGUMENT, place);
        text(QUESTDB_COLUMN_KIND_STR, value, len, 0, "");
    }
}

/* With 32-bit pointers the sum of address and length of this text overflows to a small number. */
static void over_the_end(void) {
    size_t len;
    fresh_row();
    OK(questdb_buffer_reserve(b, (size_t)16 << 20));
    const uint8_t *bytes = questdb_buffer_peek(b, &len);
    const size_t size = sizeof(void *) == 4 ? SIZE_MAX - (size_t)bytes + 4096 : (size_t)101 << 20;
    char *long_text = malloc(size);
    if (!CHECK(long_text)) return;
    memset(long_text, '7', size);
    FAILS(LIMIT_EXCEEDED, questdb_buffer_symbol_named(b, column, long_text, size));
    FAILS(LIMIT_EXCEEDED, questdb_buffer_column_str_named(b, column, long_text, size));
    FAILS(LIMIT_EXCEEDED, questdb_buffer_column_str(b, QUESTDB_STR("c"), long_text, size));
    CHECK(questdb_buffer_len(b) == 1);
    free(long_text);
}

int main(void) {
    OK(questdb_column_name_new(QUESTDB_STR("c"), &column));
    decimals();
    nul();
    over_the_end();
    questdb_buffer_free(b);
    questdb_column_name_free(column);
    return verdict("values");
}
