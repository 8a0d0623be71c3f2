/* Rows of the fault table, as ci/faults reads them. A row leaves as many descriptors as it found. */
#ifndef ROW_H
#define ROW_H

#include <dirent.h>
#include <time.h>

#include "check.h"

static inline int entries(const char *path) {
    int count = 0;
    DIR *folder = opendir(path);
    if (!folder) return -1;
    while (readdir(folder)) count++;
    closedir(folder);
    return count;
}

static inline int open_descriptors(void) {
    return entries("/proc/self/fd");
}

static inline double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* valgrind takes long over what it sees for the first time. */
static inline int under_valgrind(void) {
    const char *const preload = getenv("LD_PRELOAD");
    return preload && strstr(preload, "vgpreload");
}

/* How long the main thread has waited for a processor. */
static inline double waited(void) {
    unsigned long long ran = 0, waiting = 0;
    FILE *file = fopen("/proc/self/schedstat", "r");
    if (!file) return 0;
    if (fscanf(file, "%llu %llu", &ran, &waiting) != 2) waiting = 0;
    fclose(file);
    return (double)waiting / 1e9;
}

static double waited_before; /* the row */

/* By how much a deadline may be missed: more on a busy machine. */
static inline double overshoot(void) {
    return (under_valgrind() ? 5 : 0.25) + waited() - waited_before;
}

static inline void row(const char *id, const char *what, void (*test)(void)) {
    const int before = open_descriptors();
    const unsigned long checked = checks, failed = failures;
    const double begin = seconds();
    waited_before = waited();
    test();
    CHECK(before > 0 && open_descriptors() == before);
    printf("%-5s C    %-49s %-5s %6.0f ms  %lu checks\n", id, what, failures == failed ? "ok" : "WRONG",
           (seconds() - begin) * 1000, checks - checked);
    fflush(stdout);
}

#endif
