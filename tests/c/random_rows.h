/* Random prepared rows: layouts, cells, and columns of values in all of their forms. */
#ifndef RANDOM_ROWS_H
#define RANDOM_ROWS_H

#include "random_model.h"

enum { MOST_COLUMNS = 8, MOST_ROWS = 20 };

struct layout {
    questdb_row_layout *handle;
    size_t count, longest_name;
    uint32_t stamp, kinds[MOST_COLUMNS];
};

static struct layout layouts[3];

static struct text any_column_name(size_t number) {
    char made[32];
    if (once_in(6)) return any_name(SIZE_MAX);
    return text_of(made, (size_t)snprintf(made, sizeof made, "c%zu", number), GOOD);
}

static void change_layout(void) {
    struct layout *l = &ONE_OF(layouts);
    if (!l->handle || once_in(12)) {
        CALL(questdb_row_layout_free)(l->handle);
        memset(l, 0, sizeof *l);
        const struct text table = any_name(SIZE_MAX);
        const uint32_t stamp = any_kind(3);
        const int no_out = once_in(40);
        l->handle = (questdb_row_layout *)1;
        const uint32_t code =
            done(CALL(questdb_row_layout_new)(table.ptr, table.len, stamp, no_out ? NULL : &l->handle));
        if (no_out) l->handle = NULL;
        EXPECT((code == 0) == (l->handle != NULL));
        if (no_out || table.good == BAD || stamp > 3 || stamp == 0) EXPECT(code != 0);
        l->stamp = stamp;
        l->longest_name = table.len;
        return;
    }
    if (l->count < MOST_COLUMNS && !once_in(4)) {
        const struct text name = any_column_name(l->count);
        const uint32_t kind = any_kind(9);
        if (!done(CALL(questdb_row_layout_add)(l->handle, name.ptr, name.len, kind))) {
            EXPECT(name.good != BAD && kind >= 1 && kind <= 9);
            l->kinds[l->count++] = kind;
            if (name.len > l->longest_name) l->longest_name = name.len;
        }
    }
    EXPECT(CALL(questdb_row_layout_column_count)(l->handle) == l->count);
}

/* Returns whether rows of the layout fit the buffer: its version has such values, and the names are not too long. */
static int fits(const struct layout *l, const questdb_buffer *b) {
    const uint32_t version = CALL(questdb_buffer_protocol_version)(b);
    if (l->longest_name > CALL(questdb_buffer_max_name_len)(b)) return 0;
    for (size_t i = 0; i < l->count; i++) {
        if (l->kinds[i] == QUESTDB_COLUMN_KIND_F64_ARRAY && version < 2) return 0;
        if (l->kinds[i] == QUESTDB_COLUMN_KIND_DECIMAL && version < 3) return 0;
    }
    return 1;
}

static int stamp_is_good(const struct layout *l, int64_t at, uint32_t version) {
    if (l->stamp == QUESTDB_STAMP_NOW) return 1;
    if (l->stamp == QUESTDB_STAMP_MICROS && version == 1 && at > INT64_MAX / 1000) return 0;
    return at >= 0;
}

/* --- one row ------------------------------------------------------------------------------------------------------- */

/* Makes a cell for a kind of column. Returns whether it must be accepted. */
static int any_cell(questdb_cell *cell, uint32_t kind) {
    struct text text;
    int good = GOOD;
    memset(cell, 0, sizeof *cell);
    if (once_in(8)) return GOOD; /* null */
    if (once_in(25)) {             /* any kind; what it points to is empty */
        cell->kind = any_kind(6);
        return cell->kind == QUESTDB_CELL_KIND_ARRAY ? BAD : UNSURE;
    }
    switch (kind) {
    case QUESTDB_COLUMN_KIND_SYMBOL:
    case QUESTDB_COLUMN_KIND_STR:
        text = kind == QUESTDB_COLUMN_KIND_SYMBOL ? any_symbol() : any_value();
        cell->kind = QUESTDB_CELL_KIND_TEXT;
        cell->value.ptr = text.ptr;
        cell->len = text.len;
        return text.good;
    case QUESTDB_COLUMN_KIND_DECIMAL:
        cell->scale = any_scale(&good);
        text = once_in(2) ? any_decimal_text() : any_unscaled();
        cell->kind = text.len > 0 && text.ptr && !once_in(2) ? QUESTDB_CELL_KIND_TEXT : QUESTDB_CELL_KIND_DECIMAL;
        cell->value.ptr = text.ptr;
        cell->len = text.len;
        return UNSURE;
    case QUESTDB_COLUMN_KIND_F64_ARRAY:
        cell->kind = QUESTDB_CELL_KIND_ARRAY;
        questdb_array *view = block(sizeof *view);
        cell->value.ptr = view;
        return any_array(view);
    case QUESTDB_COLUMN_KIND_F64:
        cell->kind = QUESTDB_CELL_KIND_F64;
        cell->value.f64 = any_f64();
        return GOOD;
    case QUESTDB_COLUMN_KIND_BOOL:
        cell->kind = QUESTDB_CELL_KIND_BOOL;
        cell->value.i64 = any_i64();
        return GOOD;
    default:
        cell->kind = QUESTDB_CELL_KIND_I64;
        cell->value.i64 = any_i64();
        return GOOD;
    }
}

struct prepared {
    const struct layout *layout;
    int good;
    size_t rows, count;
    const questdb_cell *cells;
    const questdb_column_data *columns;
    int64_t at;
    const int64_t *stamps;
};

static void worse(int *good, int other) {
    if (other == BAD || *good == BAD) *good = BAD;
    else if (other == UNSURE) *good = UNSURE;
}

static struct prepared any_row(const questdb_buffer *b) {
    struct prepared p = {&ONE_OF(layouts), GOOD, 1, 0, NULL, NULL, any_i64(), NULL};
    int values = 0;
    const uint32_t version = CALL(questdb_buffer_protocol_version)(b);
    if (once_in(2) && p.at < 0) p.at = 1;
    questdb_cell *cells = block((p.layout->count + 1) * sizeof *cells);
    for (size_t i = 0; i < p.layout->count; i++) {
        worse(&p.good, any_cell(&cells[i], p.layout->kinds[i]));
        values += cells[i].kind != QUESTDB_CELL_KIND_NULL;
    }
    p.cells = cells;
    p.count = p.layout->count;
    if (!p.layout->handle || values == 0 || !stamp_is_good(p.layout, p.at, version)) p.good = BAD;
    /* Values that the version does not have are refused, but a null is not examined. */
    else if (!fits(p.layout, b)) worse(&p.good, UNSURE);
    if (once_in(20)) {
        p.count += once_in(2) ? 1 : (size_t)(rnd() >> below(64));
        if (p.count != p.layout->count) p.good = BAD;
    } else if (once_in(40) && p.count > 0) {
        p.cells = once_in(2) ? NULL : (const questdb_cell *)(const void *)((const char *)cells + 4);
        p.good = BAD;
    }
    return p;
}

/* --- many rows ----------------------------------------------------------------------------------------------------- */

/* Makes `count` texts, one after the other, with offsets of `width` bytes. One time in ten the offsets are invalid. */
static int any_texts(questdb_column_data *data, size_t count, uint32_t kind) {
    char bytes[64 * (MOST_ROWS + 1)];
    int64_t offsets[MOST_ROWS + 1] = {0};
    int32_t narrow[MOST_ROWS + 1];
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        const struct text text = kind == QUESTDB_COLUMN_KIND_DECIMAL  ? any_decimal_text()
                                 : kind == QUESTDB_COLUMN_KIND_SYMBOL ? any_symbol()
                                                                      : any_value();
        if (text.good == GOOD && text.len <= 64) {
            if (text.len > 0) memcpy(bytes + len, text.ptr, text.len);
            len += text.len;
        } else {
            bytes[len++] = '1';
        }
        offsets[i + 1] = (int64_t)len;
    }
    int good = GOOD;
    if (once_in(10)) {
        offsets[below(count + 1)] = any_i64();
        good = UNSURE;
    }
    for (size_t i = 0; i <= count; i++) narrow[i] = (int32_t)offsets[i];
    data->offset_width = once_in(2) ? 4 : 8;
    data->offsets = data->offset_width == 4 ? copied(narrow, (count + 1) * sizeof narrow[0])
                                            : copied(offsets, (count + 1) * sizeof offsets[0]);
    data->text = copied(bytes, len);
    data->text_len = len;
    return good;
}

/* Makes codes of `width` bytes for a dictionary of `count` texts. One time in ten a code is outside. */
static int any_codes(questdb_column_data *data, size_t rows, size_t count) {
    static const uint32_t widths[] = {1, 2, 4, 8};
    uint8_t bytes[8 * MOST_ROWS];
    int good = GOOD;
    data->width = ONE_OF(widths);
    for (size_t i = 0; i < rows; i++) {
        uint64_t code = count > 0 ? below(count) : 0;
        if (count == 0) good = UNSURE;
        if (once_in(10 * MOST_ROWS)) {
            code = rnd();
            good = UNSURE;
        }
        memcpy(bytes + i * data->width, &code, data->width); /* little-endian, like all machines that run this test */
    }
    data->values = copied(bytes, rows * data->width);
    data->dictionary_len = count;
    return good;
}

static void any_bits(const uint8_t **bits, size_t *first, size_t rows) {
    *first = once_in(2) ? 0 : below(70);
    const size_t bytes = (*first + rows + 7) / 8;
    uint8_t *made = block(bytes);
    memset(made, once_in(2) ? 0xff : (int)rnd(), bytes);
    *bits = made;
}

/* Returns 64-bit values. For this test it does not matter whether the column reads them as doubles or integers. */
static const void *any_words(size_t rows) {
    int64_t words[MOST_ROWS];
    for (size_t i = 0; i < rows; i++) words[i] = any_i64();
    return copied(words, rows * sizeof words[0]);
}

static int any_column(questdb_column_data *data, uint32_t kind, size_t rows) {
    int good = GOOD;
    memset(data, 0, sizeof *data);
    switch (kind) {
    case QUESTDB_COLUMN_KIND_SYMBOL:
    case QUESTDB_COLUMN_KIND_STR:
        data->kind = once_in(2) ? QUESTDB_VALUES_KIND_TEXT : QUESTDB_VALUES_KIND_DICTIONARY;
        if (data->kind == QUESTDB_VALUES_KIND_TEXT) return any_texts(data, rows, kind);
        const size_t count = below(MOST_ROWS);
        good = any_codes(data, rows, count);
        worse(&good, any_texts(data, count, kind));
        return good;
    case QUESTDB_COLUMN_KIND_BOOL:
        data->kind = once_in(2) ? QUESTDB_VALUES_KIND_BYTES : QUESTDB_VALUES_KIND_BITS;
        const uint8_t *bytes = memset(block(rows), once_in(2), rows);
        if (data->kind == QUESTDB_VALUES_KIND_BITS) any_bits(&bytes, &data->first_bit, rows);
        data->values = bytes;
        return good;
    case QUESTDB_COLUMN_KIND_F64_ARRAY:
        data->kind = QUESTDB_VALUES_KIND_ARRAYS;
        questdb_array *views = block(rows * sizeof *views);
        data->values = views;
        for (size_t i = 0; i < rows; i++) worse(&good, any_array(&views[i]));
        return good;
    case QUESTDB_COLUMN_KIND_DECIMAL:
        data->kind = once_in(2) ? QUESTDB_VALUES_KIND_TEXT : QUESTDB_VALUES_KIND_DECIMALS;
        if (data->kind == QUESTDB_VALUES_KIND_TEXT) return any_texts(data, rows, kind);
        data->scale = any_scale(&good);
        data->width = (uint32_t)below(34);
        data->values = memset(block(rows * data->width), 0x81, rows * data->width);
        /* A number that needs all 32 bytes may have more digits than a decimal can have. */
        return good == BAD || data->width >= 32 ? UNSURE : GOOD;
    default:
        data->kind = kind == QUESTDB_COLUMN_KIND_F64 ? QUESTDB_VALUES_KIND_F64 : QUESTDB_VALUES_KIND_I64;
        data->values = any_words(rows);
        return GOOD;
    }
}

/* Makes a statement of the column about its memory wrong, in ways that must be refused before the memory is read. */
static void spoil(questdb_column_data *data) {
    switch (below(5)) {
    case 0: data->kind = once_in(2) ? 0 : 9 + (uint32_t)below(UINT32_MAX - 9); break;
    case 1: data->offset_width = data->width = 3; break;
    case 2: data->values = data->offsets = NULL; break;
    case 3: data->dictionary_len = SIZE_MAX - below(9); break;
    default: data->values = (const char *)data->values + 1; break; /* misaligned, unless the values are single bytes: */
    }
    if (data->kind == QUESTDB_VALUES_KIND_BYTES || data->kind == QUESTDB_VALUES_KIND_BITS ||
        data->kind == QUESTDB_VALUES_KIND_DECIMALS || data->width == 1)
        data->values = NULL;
}

static struct prepared any_columns(const questdb_buffer *b) {
    struct prepared p = {&ONE_OF(layouts), GOOD, once_in(10) ? 0 : below(MOST_ROWS), 0, NULL, NULL, 0, NULL};
    const uint32_t version = CALL(questdb_buffer_protocol_version)(b);
    questdb_column_data *columns = block((p.layout->count + 1) * sizeof *columns);
    int64_t stamps[MOST_ROWS];
    for (size_t i = 0; i < p.layout->count; i++) {
        worse(&p.good, any_column(&columns[i], p.layout->kinds[i], p.rows));
        if (once_in(6)) {
            any_bits(&columns[i].validity, &columns[i].validity_first_bit, p.rows);
            worse(&p.good, UNSURE); /* a row may have no values then, and values that are null are not examined */
        }
        if (once_in(40)) {
            spoil(&columns[i]);
            worse(&p.good, UNSURE);
        }
    }
    for (size_t i = 0; i < p.rows; i++) {
        stamps[i] = once_in(50) ? any_i64() : (int64_t)below(1000000);
        if (!stamp_is_good(p.layout, stamps[i], version)) p.good = BAD;
    }
    if (p.layout->stamp != QUESTDB_STAMP_NOW) p.stamps = copied(stamps, p.rows * sizeof stamps[0]);
    p.columns = columns;
    p.count = p.layout->count;
    if (!p.layout->handle || (p.count == 0 && p.rows > 0)) p.good = BAD;
    else if (!fits(p.layout, b) && p.good == GOOD) p.good = UNSURE;
    if (once_in(30)) {
        p.count += once_in(2) ? 1 : (size_t)(rnd() >> below(64));
        if (p.count != p.layout->count) p.good = BAD;
    } else if (once_in(30)) {
        p.stamps = p.stamps ? NULL : copied(stamps, sizeof stamps);
        p.good = BAD;
    } else if (once_in(60) && p.stamps) {
        p.rows = SIZE_MAX - below(9); /* larger than any memory, so the values are not read */
        p.good = BAD;
    }
    return p;
}

#endif
