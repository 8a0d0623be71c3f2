/* Checks for the programs in this folder. A failed check is printed and counted, and the program goes on. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "questdb_ingress.h"

static unsigned long checks, failures;

static int check(int good, const char *what, const char *file, int line) {
    checks++;
    if (!good) {
        failures++;
        printf("%s:%d: %s\n", file, line, what);
    }
    return good;
}

/* Frees the error. Returns whether it has the code (0: there is no error), a message of one line, and an outcome. */
static inline int has_code(questdb_error *err, uint32_t code) {
    const uint32_t found = questdb_error_get_code(err);
    int good = found == code;
    if (err) {
        const char *message = questdb_error_message(err);
        good = good && message && message[0] && !strchr(message, '\n') && questdb_error_outcome(err) != 0;
    }
    if (!good)
        printf("  expected %s, got %s: %s\n", questdb_error_code_name(code), questdb_error_code_name(found),
               err ? questdb_error_message(err) : "no error");
    questdb_error_free(err);
    return good;
}

#define CHECK(condition) check((condition) ? 1 : 0, #condition, __FILE__, __LINE__)
#define OK(call) check(has_code((call), 0), #call, __FILE__, __LINE__)
#define FAILS(code, call) check(has_code((call), QUESTDB_ERROR_CODE_##code), #call, __FILE__, __LINE__)

/* Prints the last line of a program and returns its exit code. */
static inline int verdict(const char *name) {
    printf("%s: %lu checks, %lu failures\n", name, checks, failures);
    return failures ? 1 : 0;
}

#endif
