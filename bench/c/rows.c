/* The shapes as a C program writes them, each result looked at. Compiled three times from shapes.inc: one call for each
 * cell, with names as text and with checked names, and one call for each row. */
#include "rows.h"

#define TRY(call)                      \
    do {                               \
        questdb_error *error = (call); \
        if (error) return error;       \
    } while (0)

#define SHAPE(s) raw_##s
#define TABLE() TRY(questdb_buffer_table(b, n->table_raw.ptr, n->table_raw.len))
#define CELL(what, i, ...) \
    TRY(questdb_buffer_##what(b, n->columns[i].raw.ptr, n->columns[i].raw.len, __VA_ARGS__))
#define END(what, stamp) TRY(questdb_buffer_##what(b, stamp))
#include "shapes.inc"
#undef SHAPE
#undef TABLE
#undef CELL

#define SHAPE(s) checked_##s
#define TABLE() TRY(questdb_buffer_table_named(b, n->table))
#define CELL(what, i, ...) \
    TRY(questdb_buffer_##what##_named(b, n->columns[i].checked, __VA_ARGS__))
#include "shapes.inc"
#undef SHAPE
#undef TABLE
#undef CELL
#undef END

#define CELL_symbol(p, n) {.kind = QUESTDB_CELL_KIND_TEXT, .value.ptr = (p), .len = (n)}
#define CELL_column_str CELL_symbol
#define CELL_column_dec_str CELL_symbol
#define CELL_column_bool(v) {.kind = QUESTDB_CELL_KIND_BOOL, .value.i64 = (v)}
#define CELL_column_i64(v) {.kind = QUESTDB_CELL_KIND_I64, .value.i64 = (v)}
#define CELL_column_ts_micros CELL_column_i64
#define CELL_column_f64(v) {.kind = QUESTDB_CELL_KIND_F64, .value.f64 = (v)}
#define CELL_column_f64_arr(a) {.kind = QUESTDB_CELL_KIND_ARRAY, .value.ptr = (a)}
#define CELL_column_dec(s, p, n) \
    {.kind = QUESTDB_CELL_KIND_DECIMAL, .scale = (s), .value.ptr = (p), .len = (n)}

#define SHAPE(s) prepared_##s
#define TABLE() questdb_cell cells[11]
#define CELL(what, i, ...) cells[i] = (questdb_cell)CELL_##what(__VA_ARGS__)
#define END(what, stamp) \
    TRY(questdb_buffer_append_row(b, n->layout, cells, n->column_count, stamp))
#include "shapes.inc"

/* All rows at once, from one array for each column. */
questdb_error *columns(questdb_buffer *b, const names *n, const questdb_column_data *data,
                       size_t rows, const int64_t *at) {
    return questdb_buffer_append_columns(b, n->layout, rows, data, n->column_count, at);
}
