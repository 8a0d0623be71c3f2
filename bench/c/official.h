/* The part of the official C library's interface (7.2) that the shapes need, loaded at run time: the library is no
 * dependency of ours. */
#ifndef BENCH_OFFICIAL_H
#define BENCH_OFFICIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Text and names have the same layout there: length, then pointer. */
typedef struct {
    size_t len;
    const char *buf;
} official_text;

typedef void official_buffer;
typedef void official_error;

typedef struct {
    bool (*utf8_init)(official_text *, size_t, const char *, official_error **);
    bool (*table_name_init)(official_text *, size_t, const char *, official_error **);
    bool (*column_name_init)(official_text *, size_t, const char *, official_error **);
    bool (*table)(official_buffer *, official_text, official_error **);
    bool (*symbol)(official_buffer *, official_text, official_text, official_error **);
    bool (*column_bool)(official_buffer *, official_text, bool, official_error **);
    bool (*column_i64)(official_buffer *, official_text, int64_t, official_error **);
    bool (*column_f64)(official_buffer *, official_text, double, official_error **);
    bool (*column_str)(official_buffer *, official_text, official_text, official_error **);
    bool (*column_ts_micros)(official_buffer *, official_text, int64_t, official_error **);
    bool (*column_dec_str)(official_buffer *, official_text, const char *, size_t, official_error **);
    bool (*column_dec)(official_buffer *, official_text, unsigned, const uint8_t *, size_t,
                       official_error **);
    bool (*column_f64_arr_c_major)(official_buffer *, official_text, size_t, const uintptr_t *,
                                   const double *, size_t, official_error **);
    bool (*at_nanos)(official_buffer *, int64_t, official_error **);
    bool (*at_micros)(official_buffer *, int64_t, official_error **);
    official_buffer *(*buffer_new)(int);
    void (*buffer_free)(official_buffer *);
    void (*buffer_clear)(official_buffer *);
    official_text (*peek)(const official_buffer *);
    const char *(*error_msg)(const official_error *, size_t *);
} official_library;

/* Loads the library at `path`; NULL and a reason on standard error if that fails. */
const official_library *official_load(const char *path);

#endif
