/* The functions of the official library that the tests call, declared without its headers: these and those of
   questdb_ingress.h give different types to the same names, so no source file can include both. */
#ifndef THEIRS_H
#define THEIRS_H

#include <stdbool.h>
#include <stddef.h>

struct their_text {
    size_t len;
    const char *buf;
};
struct theirs {
    int (*get_code)(const void *error);
    bool (*in_doubt)(const void *error);
    void (*free)(void *error);
    bool (*utf8_init)(struct their_text *text, size_t len, const char *buf, void **failed);
};

/* Makes an error in the official library and gives it back there. */
static inline bool theirs_works(const struct theirs *library) {
    struct their_text text = {0, 0};
    void *failed = 0;
    bool ok = !library->utf8_init(&text, 1, "\xff", &failed) && failed;
    ok = ok && library->get_code(failed) >= 0 && library->get_code(failed) < 100 && !library->in_doubt(failed);
    library->free(failed);
    return ok;
}

#endif
