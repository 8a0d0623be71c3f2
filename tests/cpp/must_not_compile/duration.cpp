// must say: a duration is no point in time
#include <questdb_ingress.hpp>

void use(questdb::buffer &row) {
#ifdef RIGHT
    row.column("c", std::chrono::system_clock::now());
#else
    row.column("c", std::chrono::seconds{1});
#endif
}
