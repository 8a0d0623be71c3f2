/* Rows of the fault table. A row must leave as many descriptors open as it found.
 *
 * A program runs all of its rows. With the arguments "--row NAME" it runs one of them. With "--list" it runs none and
 * prints their ids and names. Each row is a test of capi/tests/faults/c_programs.rs. */
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

/* Returns whether this runs under valgrind, which needs long for code that it sees for the first time. */
static inline int under_valgrind(void) {
    const char *const preload = getenv("LD_PRELOAD");
    return preload && strstr(preload, "vgpreload");
}

/* Returns how long the main thread has waited for a processor. */
static inline double waited(void) {
    unsigned long long ran = 0, waiting = 0;
    FILE *file = fopen("/proc/self/schedstat", "r");
    if (!file) return 0;
    if (fscanf(file, "%llu %llu", &ran, &waiting) != 2) waiting = 0;
    fclose(file);
    return (double)waiting / 1e9;
}

static double waited_before; /* the time that was waited before the row */

/* Returns by how much a deadline may be missed: more on a busy machine. */
static inline double overshoot(void) {
    return (under_valgrind() ? 5 : 0.25) + waited() - waited_before;
}

static const char *only_row;
static int listing_rows, rows_run;

static inline void choose_rows(int count, char **arguments) {
    if (count == 3 && strcmp(arguments[1], "--row") == 0) only_row = arguments[2];
    if (count == 2 && strcmp(arguments[1], "--list") == 0) listing_rows = 1;
}

static inline void row(const char *id, const char *what, void (*test)(void)) {
    if (listing_rows) printf("%s\t%s\n", id, what);
    if (listing_rows || (only_row && strcmp(only_row, what) != 0)) return;
    rows_run++;
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

/* Prints the last line of the program and returns its exit code. */
static inline int verdict_of_rows(const char *name) {
    if (listing_rows) return 0;
    CHECK(rows_run > 0);
    return verdict(name);
}

#endif
