/* A stand-in for the official C library (7.0 and newer): the three functions whose names both libraries export, with an error
   of its own form, and one function that makes such an error. As in the real one, its own calls are bound inside. */
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

typedef struct {
    unsigned mark;
} stand_in_error;
typedef struct {
    size_t len;
    const char *buf;
} stand_in_utf8;
#define MARK 0x0ff1c1a1u

/* Whatever is not an error of this library ends the program, as a crash would. */
static void only_mine(const stand_in_error *error) {
    if (error && error->mark != MARK) abort();
}
int questdb_error_get_code(const stand_in_error *error);
int questdb_error_get_code(const stand_in_error *error) {
    only_mine(error);
    return 8;
}
bool questdb_error_in_doubt(const stand_in_error *error);
bool questdb_error_in_doubt(const stand_in_error *error) {
    only_mine(error);
    return false;
}
void questdb_error_free(stand_in_error *error);
void questdb_error_free(stand_in_error *error) {
    only_mine(error);
    if (error) error->mark = 0;
    free(error);
}
bool line_sender_utf8_init(stand_in_utf8 *text, size_t len, const char *buf, stand_in_error **failed);
bool line_sender_utf8_init(stand_in_utf8 *text, size_t len, const char *buf, stand_in_error **failed) {
    (void)text, (void)len, (void)buf;
    *failed = (stand_in_error *)malloc(sizeof **failed);
    if (*failed) (*failed)->mark = MARK;
    return false;
}
