/* An allocator that refuses requests when told to. It replaces malloc in the program, and therefore in the library
 * too. */
#ifndef REFUSING_MALLOC_H
#define REFUSING_MALLOC_H

#include <errno.h>
#include <limits.h>
#include <stddef.h>

/* The functions that really allocate. */
#ifdef __SANITIZE_ADDRESS__
#define REAL(name) __interceptor_##name
#else
#define REAL(name) __libc_##name
#endif
void *REAL(malloc)(size_t);
void *REAL(calloc)(size_t, size_t);
void *REAL(realloc)(void *, size_t);
void *REAL(memalign)(size_t, size_t);

/* Requests of at least this many bytes are counted; 0 means none. The requests from number `refused_first` on are
 * refused, `refused_most` of them. */
static size_t counted_from;
static unsigned long counted, refused, refused_first, refused_most, refused_in_all;

static int says_no(size_t bytes) {
    if (!counted_from || bytes < counted_from) return 0;
    const unsigned long number = counted++;
    if (number < refused_first || number - refused_first >= refused_most) return 0;
    refused++;
    refused_in_all++;
    errno = ENOMEM;
    return 1;
}

/* From now on, of the requests of at least `bytes` bytes, the first `granted` are granted and the `most` that follow
 * are refused. */
static void refuse(size_t bytes, unsigned long granted, unsigned long most) {
    counted = refused = 0;
    refused_first = granted;
    refused_most = most;
    counted_from = bytes;
}

/* Grants all requests again. Returns how many were refused. */
static unsigned long grant(void) {
    counted_from = 0;
    return refused;
}

void *malloc(size_t bytes) {
    return says_no(bytes) ? NULL : REAL(malloc)(bytes);
}

void *calloc(size_t count, size_t bytes) {
    return says_no(bytes && count > (size_t)-1 / bytes ? (size_t)-1 : count * bytes) ? NULL : REAL(calloc)(count, bytes);
}

void *realloc(void *old, size_t bytes) {
    return says_no(bytes) ? NULL : REAL(realloc)(old, bytes);
}

int posix_memalign(void **out, size_t alignment, size_t bytes) {
    if (says_no(bytes)) return ENOMEM;
    *out = REAL(memalign)(alignment, bytes);
    return *out ? 0 : ENOMEM;
}

#endif
