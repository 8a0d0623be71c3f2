/* Rows of any width, as a C program writes them whose columns are known only at run time, each result looked at. */
#include "sweep.h"

#define TRY(call)                      \
    do {                               \
        questdb_error *error = (call); \
        if (error) return error;       \
    } while (0)

static inline bool has(const sweep_column *c, size_t row) {
    return !c->valid || c->valid[row / 8] >> (row % 8) & 1;
}

static inline text text_of(const sweep_column *c, size_t row) {
    size_t i = row;
    switch (c->code_width) {
    case 1: i = ((const uint8_t *)c->values)[row]; break;
    case 2: i = ((const uint16_t *)c->values)[row]; break;
    case 4: i = ((const uint32_t *)c->values)[row]; break;
    }
    int32_t start = c->offsets[i];
    return (text){(const char *)c->bytes + start, (size_t)(c->offsets[i + 1] - start)};
}

/* The function that takes the name in the form that is measured. */
#define CALL(what, ...)                                                                \
    TRY(named ? questdb_buffer_##what##_named(b, c->name.checked, __VA_ARGS__)         \
              : questdb_buffer_##what(b, c->name.raw.ptr, c->name.raw.len, __VA_ARGS__))

static inline __attribute__((always_inline)) questdb_error *calls(questdb_buffer *b, const sweep_rows *r,
                                                                  size_t first, size_t end, bool named) {
    for (size_t row = first; row < end; row++) {
        const sweep_table *t = &r->tables[r->table_of[row]];
        TRY(named ? questdb_buffer_table_named(b, t->checked)
                  : questdb_buffer_table(b, t->raw.ptr, t->raw.len));
        for (const sweep_column *c = r->columns; c < r->columns + r->column_count; c++) {
            if (!has(c, row)) continue;
            switch (c->kind) {
            case QUESTDB_COLUMN_KIND_I64:
                CALL(column_i64, ((const int64_t *)c->values)[row]);
                break;
            case QUESTDB_COLUMN_KIND_F64:
                CALL(column_f64, ((const double *)c->values)[row]);
                break;
            case QUESTDB_COLUMN_KIND_F64_ARRAY:
                CALL(column_f64_arr, &((const questdb_array *)c->values)[row]);
                break;
            case QUESTDB_COLUMN_KIND_STR: {
                text v = text_of(c, row);
                CALL(column_str, v.ptr, v.len);
                break;
            }
            default: {
                text v = text_of(c, row);
                CALL(symbol, v.ptr, v.len);
            }
            }
        }
        TRY(questdb_buffer_at_nanos(b, r->at[row]));
    }
    return NULL;
}

questdb_error *sweep_text(questdb_buffer *b, const sweep_rows *r, size_t first, size_t end) {
    return calls(b, r, first, end, false);
}

questdb_error *sweep_checked(questdb_buffer *b, const sweep_rows *r, size_t first, size_t end) {
    return calls(b, r, first, end, true);
}

/* Field by field: a whole struct that is copied is read again before its parts have been stored. */
static inline void fill(questdb_cell *cell, const sweep_column *c, size_t row) {
    if (!has(c, row)) {
        cell->kind = QUESTDB_CELL_KIND_NULL;
        return;
    }
    switch (c->kind) {
    case QUESTDB_COLUMN_KIND_I64:
        cell->kind = QUESTDB_CELL_KIND_I64;
        cell->value.i64 = ((const int64_t *)c->values)[row];
        break;
    case QUESTDB_COLUMN_KIND_F64:
        cell->kind = QUESTDB_CELL_KIND_F64;
        cell->value.f64 = ((const double *)c->values)[row];
        break;
    case QUESTDB_COLUMN_KIND_F64_ARRAY:
        cell->kind = QUESTDB_CELL_KIND_ARRAY;
        cell->value.ptr = &((const questdb_array *)c->values)[row];
        break;
    default: {
        text v = text_of(c, row);
        cell->kind = QUESTDB_CELL_KIND_TEXT;
        cell->value.ptr = v.ptr;
        cell->len = v.len;
    }
    }
}

questdb_error *sweep_prepared(questdb_buffer *b, const sweep_rows *r, size_t first, size_t end) {
    for (size_t row = first; row < end; row++) {
        for (size_t i = 0; i < r->column_count; i++) fill(&r->cells[i], &r->columns[i], row);
        const questdb_row_layout *layout = r->tables[r->table_of[row]].layout;
        TRY(questdb_buffer_append_row(b, layout, r->cells, r->column_count, r->at[row]));
    }
    return NULL;
}

/* One call for each run of rows of the same table. */
questdb_error *sweep_columns(questdb_buffer *b, const sweep_rows *r, size_t first, size_t end) {
    while (first < end) {
        uint32_t table = r->table_of[first];
        size_t next = first + 1;
        while (next < end && r->table_of[next] == table) next++;
        for (size_t i = 0; i < r->column_count; i++) {
            const sweep_column *c = &r->columns[i];
            questdb_column_data *data = &r->data[i];
            *data = (questdb_column_data){
                .values = (const uint8_t *)c->values + first * c->value_size,
                .offsets = c->offsets,
                .offset_width = 4,
                .text = c->bytes,
                .text_len = c->bytes_len,
                .validity = c->valid,
                .validity_first_bit = first,
            };
            switch (c->kind) {
            case QUESTDB_COLUMN_KIND_I64: data->kind = QUESTDB_VALUES_KIND_I64; break;
            case QUESTDB_COLUMN_KIND_F64: data->kind = QUESTDB_VALUES_KIND_F64; break;
            case QUESTDB_COLUMN_KIND_F64_ARRAY: data->kind = QUESTDB_VALUES_KIND_ARRAYS; break;
            case QUESTDB_COLUMN_KIND_STR:
                data->kind = QUESTDB_VALUES_KIND_TEXT;
                data->offsets = c->offsets + first;
                break;
            default:
                data->kind = QUESTDB_VALUES_KIND_DICTIONARY;
                data->width = c->code_width;
                data->dictionary_len = c->dictionary_len;
            }
        }
        TRY(questdb_buffer_append_columns(b, r->tables[table].layout, next - first, r->data, r->column_count,
                                          r->at + first));
        first = next;
    }
    return NULL;
}
