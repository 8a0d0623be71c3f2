/* Tells callgrind, where the program runs under it, to count from here and to write down what it counted. */
#if defined(__has_include)
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#endif
#endif

void bench_count_begin(void) {
#ifdef CALLGRIND_ZERO_STATS
    CALLGRIND_ZERO_STATS;
#endif
}

void bench_count_end(void) {
#ifdef CALLGRIND_DUMP_STATS
    CALLGRIND_DUMP_STATS;
#endif
}
