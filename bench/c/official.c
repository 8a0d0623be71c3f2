/* The shapes as a C program writes them with the official library, each result looked at. Compiled three times from
 * shapes.inc: names and values checked before (pre), values checked in the loop (val), names too (all). */
#include "official.h"

#include <dlfcn.h>
#include <stdio.h>

#include "rows.h"

static official_library lib;

const official_library *official_load(const char *path) {
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        fprintf(stderr, "%s\n", dlerror());
        return NULL;
    }
    const struct {
        const char *name;
        void *place;
    } wanted[] = {
        {"line_sender_utf8_init", &lib.utf8_init},
        {"line_sender_table_name_init", &lib.table_name_init},
        {"line_sender_column_name_init", &lib.column_name_init},
        {"line_sender_buffer_table", &lib.table},
        {"line_sender_buffer_symbol", &lib.symbol},
        {"line_sender_buffer_column_bool", &lib.column_bool},
        {"line_sender_buffer_column_i64", &lib.column_i64},
        {"line_sender_buffer_column_f64", &lib.column_f64},
        {"line_sender_buffer_column_str", &lib.column_str},
        {"line_sender_buffer_column_ts_micros", &lib.column_ts_micros},
        {"line_sender_buffer_column_dec_str", &lib.column_dec_str},
        {"line_sender_buffer_column_dec", &lib.column_dec},
        {"line_sender_buffer_column_f64_arr_c_major", &lib.column_f64_arr_c_major},
        {"line_sender_buffer_at_nanos", &lib.at_nanos},
        {"line_sender_buffer_at_micros", &lib.at_micros},
        {"line_sender_buffer_new", &lib.buffer_new},
        {"line_sender_buffer_free", &lib.buffer_free},
        {"line_sender_buffer_clear", &lib.buffer_clear},
        {"line_sender_buffer_peek", &lib.peek},
        {"line_sender_error_msg", &lib.error_msg},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        void *symbol = dlsym(handle, wanted[i].name);
        if (!symbol) {
            fprintf(stderr, "%s has no %s\n", path, wanted[i].name);
            return NULL;
        }
        *(void **)wanted[i].place = symbol;
    }
    return &lib;
}

/* The same type as in rows.c, so that both are called alike; it is the official library's error. */
#define FAILED(e) return (questdb_error *)(e)
#define TRY(call)                   \
    do {                            \
        official_error *e = NULL;   \
        if (!(call)) FAILED(e);     \
    } while (0)

/* A value, and with it a name, in the form that is measured. */
#define VALUE_PRE(v, p, n) official_text v = {n, p}
#define VALUE_VAL(v, p, n) official_text v; TRY(lib.utf8_init(&v, n, p, &e))
#define NAME_PRE(v, init, t) official_text v = {(t).len, (t).ptr}
#define NAME_ALL(v, init, t) official_text v; TRY(lib.init(&v, (t).len, (t).ptr, &e))

#define TABLE()                                         \
    do {                                                \
        NAME(t, table_name_init, n->table_raw);         \
        TRY(lib.table(b, t, &e));                       \
    } while (0)
#define CELL(what, i, ...)                              \
    do {                                                \
        NAME(c, column_name_init, n->columns[i].raw);   \
        CELL_##what(__VA_ARGS__);                       \
    } while (0)
#define END(what, stamp) TRY(lib.what(b, stamp, &e))

#define CELL_symbol(p, l) VALUE(v, p, l); TRY(lib.symbol(b, c, v, &e))
#define CELL_column_str(p, l) VALUE(v, p, l); TRY(lib.column_str(b, c, v, &e))
#define CELL_column_bool(v) TRY(lib.column_bool(b, c, v, &e))
#define CELL_column_i64(v) TRY(lib.column_i64(b, c, v, &e))
#define CELL_column_f64(v) TRY(lib.column_f64(b, c, v, &e))
#define CELL_column_ts_micros(v) TRY(lib.column_ts_micros(b, c, v, &e))
#define CELL_column_dec_str(p, l) TRY(lib.column_dec_str(b, c, p, l, &e))
#define CELL_column_dec(s, p, l) TRY(lib.column_dec(b, c, s, p, l, &e))
#define CELL_column_f64_arr(a) \
    TRY(lib.column_f64_arr_c_major(b, c, (a)->dims, (a)->shape, (const double *)(a)->data, \
                                   (a)->data_len / sizeof(double), &e))

#define VALUE VALUE_PRE
#define NAME NAME_PRE
#define SHAPE(s) official_pre_##s
#include "shapes.inc"
#undef SHAPE
#undef VALUE

#define VALUE VALUE_VAL
#define SHAPE(s) official_val_##s
#include "shapes.inc"
#undef SHAPE
#undef NAME

#define NAME NAME_ALL
#define SHAPE(s) official_all_##s
#include "shapes.inc"
