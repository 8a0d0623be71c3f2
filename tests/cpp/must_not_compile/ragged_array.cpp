// must say: arrays hold doubles in one piece of memory
#include <questdb_ingress.hpp>
#include <vector>
void use(questdb::buffer &row) {
#ifdef RIGHT
    row.column("c", std::array<std::array<double, 2>, 2>{});
#else
    row.column("c", std::vector<std::vector<double>>{});
#endif
}
