/* The shapes as a C program writes them: one call for each cell, each result looked at. Compiled twice from shapes.inc,
 * with names as text and with checked names. */
#include "abi.h"

#define TRY(call)                      \
    do {                               \
        questdb_error *error = (call); \
        if (error) return error;       \
    } while (0)

#define SHAPE(s) raw_##s
#define TABLE() TRY(questdb_buffer_table(b, n->table_raw.ptr, n->table_raw.len))
#define CELL(function, i, ...) \
    TRY(function(b, n->columns[i].raw.ptr, n->columns[i].raw.len, __VA_ARGS__))
#include "shapes.inc"
#undef SHAPE
#undef TABLE
#undef CELL

#define SHAPE(s) checked_##s
#define TABLE() TRY(questdb_buffer_table_named(b, n->table))
#define CELL(function, i, ...) TRY(function##_named(b, n->columns[i].checked, __VA_ARGS__))
#include "shapes.inc"
