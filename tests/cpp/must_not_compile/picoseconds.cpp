// must say: this time point is finer than nanoseconds
#include <questdb_ingress.hpp>
using when = std::chrono::time_point<std::chrono::system_clock, std::chrono::duration<long long, std::pico>>;
void use(questdb::buffer &row) {
#ifdef RIGHT
    row.at(std::chrono::floor<std::chrono::nanoseconds>(when{}));
#else
    row.at(when{});
#endif
}
