/* The rows of a sweep, as sweep/in_c.rs hands them over. */
#ifndef BENCH_SWEEP_H
#define BENCH_SWEEP_H

#include "rows.h"

typedef struct {
    text raw;
    const questdb_table_name *checked;
    const questdb_row_layout *layout;
} sweep_table;

typedef struct {
    /* questdb_column_kind */
    uint32_t kind;
    /* Bytes of a code; 0 where a row has a text of its own. */
    uint32_t code_width;
    name name;
    /* Integers, doubles, arrays or codes, `value_size` bytes each. */
    const void *values;
    size_t value_size;
    const int32_t *offsets;
    const uint8_t *bytes;
    size_t bytes_len, dictionary_len;
    const uint8_t *valid;
} sweep_column;

typedef struct {
    const sweep_table *tables;
    const uint32_t *table_of;
    const sweep_column *columns;
    size_t column_count;
    const int64_t *at;
    /* Room for one row of cells, and for the columns of one call. */
    questdb_cell *cells;
    questdb_column_data *data;
} sweep_rows;

#endif
