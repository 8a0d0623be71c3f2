/* The layout of the rows that shapes.rs makes, and of what c.rs hands over. */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include "questdb_ingress.h"

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
    const questdb_row_layout *layout;
    size_t column_count;
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
