// must say: this time point counts in fractions
#include <questdb_ingress.hpp>
using when = std::chrono::time_point<std::chrono::system_clock, std::chrono::duration<double>>;
void use(questdb::buffer &row) {
#ifdef RIGHT
    row.column("c", std::chrono::time_point_cast<std::chrono::nanoseconds>(when{}));
#else
    row.column("c", when{});
#endif
}
