// must say: only std::chrono::system_clock counts from 1970
#include <questdb_ingress.hpp>

void use(questdb::buffer &row) {
#ifdef RIGHT
    row.column("c", std::chrono::system_clock::now());
#else
    row.column("c", std::chrono::steady_clock::now());
#endif
}
