/* Joins calls, so that Go crosses into C once. Included by the Go files of this package only. */
#ifndef QUESTDB_GO_HELPERS_H
#define QUESTDB_GO_HELPERS_H

#include <stdlib.h>

#include "questdb_ingress.h"

/* Begins a row; a row that was begun and never ended is dropped before. */
static inline questdb_error *begin_row(questdb_buffer *b, bool forgotten, const char *name, size_t len) {
  questdb_error *error = forgotten ? questdb_buffer_drop_row(b) : NULL;
  return error ? error : questdb_buffer_table(b, name, len);
}

static inline questdb_error *doubles(questdb_buffer *b, const char *name, size_t len, size_t dims, const size_t *shape,
                                     const double *data, size_t count) {
  questdb_array array = {dims, shape, NULL, (const uint8_t *)data, count * sizeof(double), 0};
  return questdb_buffer_column_f64_arr(b, name, len, &array);
}

/* C.malloc of cgo ends the process where memory is refused; this one returns NULL. */
static inline void *memory(size_t size) { return malloc(size); }

#endif
