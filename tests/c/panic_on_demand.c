/* Shows that the optimised shared library catches its panics, in the main thread and in others: ci/unguarded makes a library with
 * a function that panics, and gives it to this program.
 *
 *   panic_on_demand LIBRARY */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 4, PANICS = 50 };

typedef struct error error;
static error *(*panic_on_demand)(uint32_t what);
static const char *(*message_of)(const error *e);
static void (*free_error)(error *e);

/* Returns what went wrong, or NULL. */
static void *panic_often(void *wrong) {
    for (uint32_t i = 0; i < PANICS; i++) {
        char expected[100];
        error *e = panic_on_demand(1000 + i);
        snprintf(expected, sizeof expected, "a defect of this library: \"%u is on demand\"", (unsigned)(1000 + i));
        if (!e || strcmp(message_of(e), expected) != 0) wrong = (void *)(e ? "another message" : "no error");
        if (wrong) fprintf(stderr, "%s\n", e ? message_of(e) : "no error");
        free_error(e);
        if ((e = panic_on_demand(i))) wrong = (void *)"an error without a panic";
    }
    return wrong;
}

int main(int argc, char **argv) {
    pthread_t threads[THREADS];
    int failed = 0;
    void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!library) return 2;
    /* ISO C has no conversion from a pointer to data. */
    *(void **)&panic_on_demand = dlsym(library, "questdb_panic_on_demand");
    *(void **)&message_of = dlsym(library, "questdb_error_message");
    *(void **)&free_error = dlsym(library, "questdb_error_free");
    if (!panic_on_demand || !message_of || !free_error) return 2;
    if (panic_often(NULL)) failed = 1;
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, panic_often, NULL)) return 2;
    for (int i = 0; i < THREADS; i++) {
        void *wrong = NULL;
        if (pthread_join(threads[i], &wrong) || wrong) failed = 1;
    }
    return failed;
}
