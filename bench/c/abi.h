/* The functions of the C ABI that are measured, and the layout of the rows that shapes.rs makes. */
#ifndef BENCH_ABI_H
#define BENCH_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct questdb_buffer questdb_buffer;
typedef struct questdb_error questdb_error;
typedef struct questdb_table_name questdb_table_name;
typedef struct questdb_column_name questdb_column_name;
typedef struct questdb_array {
    size_t dims;
    const size_t *shape;
    const ptrdiff_t *strides;
    const uint8_t *data;
    size_t data_len;
    size_t origin;
} questdb_array;

questdb_error *questdb_buffer_table(questdb_buffer *, const char *, size_t);
questdb_error *questdb_buffer_symbol(questdb_buffer *, const char *, size_t, const char *, size_t);
questdb_error *questdb_buffer_column_bool(questdb_buffer *, const char *, size_t, bool);
questdb_error *questdb_buffer_column_i64(questdb_buffer *, const char *, size_t, int64_t);
questdb_error *questdb_buffer_column_f64(questdb_buffer *, const char *, size_t, double);
questdb_error *questdb_buffer_column_str(questdb_buffer *, const char *, size_t, const char *, size_t);
questdb_error *questdb_buffer_column_ts_micros(questdb_buffer *, const char *, size_t, int64_t);
questdb_error *questdb_buffer_column_f64_arr(questdb_buffer *, const char *, size_t, const questdb_array *);
questdb_error *questdb_buffer_column_dec_str(questdb_buffer *, const char *, size_t, const char *, size_t);
questdb_error *questdb_buffer_column_dec(questdb_buffer *, const char *, size_t, uint32_t, const uint8_t *, size_t);

questdb_error *questdb_buffer_table_named(questdb_buffer *, const questdb_table_name *);
questdb_error *questdb_buffer_symbol_named(questdb_buffer *, const questdb_column_name *, const char *, size_t);
questdb_error *questdb_buffer_column_bool_named(questdb_buffer *, const questdb_column_name *, bool);
questdb_error *questdb_buffer_column_i64_named(questdb_buffer *, const questdb_column_name *, int64_t);
questdb_error *questdb_buffer_column_f64_named(questdb_buffer *, const questdb_column_name *, double);
questdb_error *questdb_buffer_column_str_named(questdb_buffer *, const questdb_column_name *, const char *, size_t);
questdb_error *questdb_buffer_column_ts_micros_named(questdb_buffer *, const questdb_column_name *, int64_t);
questdb_error *questdb_buffer_column_f64_arr_named(questdb_buffer *, const questdb_column_name *, const questdb_array *);
questdb_error *questdb_buffer_column_dec_str_named(questdb_buffer *, const questdb_column_name *, const char *, size_t);
questdb_error *questdb_buffer_column_dec_named(questdb_buffer *, const questdb_column_name *, uint32_t, const uint8_t *, size_t);

questdb_error *questdb_buffer_at_nanos(questdb_buffer *, int64_t);
questdb_error *questdb_buffer_at_micros(questdb_buffer *, int64_t);

typedef struct {
    const char *ptr;
    size_t len;
} text;

/* A name as text and as a checked handle. */
typedef struct {
    text raw;
    const questdb_column_name *checked;
} name;

typedef struct {
    text table_raw;
    const questdb_table_name *table;
    name columns[11];
} names;

typedef struct {
    text symbol, side;
    double price, amount;
    int64_t at;
} s1;

typedef struct {
    text sensor;
    double values[10];
    int64_t at;
} s2;

typedef struct {
    text symbols[3];
    text strings[2];
    double doubles[2];
    int64_t integers[2];
    int64_t stamp, at;
    bool flag;
} s3;

typedef struct {
    int64_t value, at;
} s4;

typedef struct {
    text symbol;
    const double *book;
    int64_t at;
} s5;

typedef struct {
    text lines[5];
    int64_t at;
} s6;

typedef struct {
    text symbol, bid, ask;
    int64_t at;
    uint32_t scale;
} s7;

#endif
