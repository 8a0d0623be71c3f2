/* Measures how long it takes to load the shared library and to find every function, with dlopen and dlsym, like a
 * program that is not linked to it. Each measurement runs in its own process, because a library is loaded only once.
 *
 *   load_time LIBRARY SYMBOLS RUNS   runs itself RUNS times; prints the least and the median time in microseconds
 *   load_time LIBRARY SYMBOLS        measures once; prints nanoseconds
 *
 * SYMBOLS is a file with a function name at the start of each line; lines with # are ignored. */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_SYMBOLS = 1000, MOST_RUNS = 1000 };

static char *names[MOST_SYMBOLS];
static int count;

static int read_names(const char *path) {
    FILE *file = fopen(path, "r");
    char line[256];
    if (!file) return 0;
    while (count < MOST_SYMBOLS && fgets(line, sizeof line, file)) {
        if (line[0] == '#' || line[0] == '\n') continue;
        line[strcspn(line, " \n")] = '\0';
        names[count++] = strdup(line);
    }
    fclose(file);
    return count;
}

static int64_t now_nanos(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Runs in its own process: prints the time, or fails if something is missing. */
static int measure(const char *path) {
    const int64_t began = now_nanos();
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    for (int i = 0; i < count; i++) {
        if (!dlsym(library, names[i])) {
            fprintf(stderr, "%s\n", dlerror());
            return 1;
        }
    }
    return printf("%" PRId64 "\n", now_nanos() - began) < 0;
}

static int64_t measure_in_a_process(char **argv) {
    char command[1024];
    long long time = -1;
    snprintf(command, sizeof command, "exec '%s' '%s' '%s'", argv[0], argv[1], argv[2]);
    FILE *child = popen(command, "r");
    if (!child || fscanf(child, "%lld", &time) != 1) time = -1;
    return child && pclose(child) == 0 ? time : -1;
}

static int by_size(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    static int64_t times[MOST_RUNS];
    if (argc < 3 || !read_names(argv[2])) return 2;
    if (argc == 3) return measure(argv[1]);
    const int runs = atoi(argv[3]);
    if (runs < 1 || runs > MOST_RUNS) return 2;
    for (int i = 0; i < runs; i++) {
        if ((times[i] = measure_in_a_process(argv)) < 0) return 1;
    }
    qsort(times, (size_t)runs, sizeof times[0], by_size);
    printf("%d functions, %d processes: least %.0f us, median %.0f us\n", count, runs, (double)times[0] / 1e3,
           (double)times[runs / 2] / 1e3);
    return 0;
}
