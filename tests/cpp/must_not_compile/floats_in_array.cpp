// must say: arrays hold doubles in one piece of memory
#include <questdb_ingress.hpp>
#include <vector>
void use(questdb::buffer &row) {
#ifdef RIGHT
    row.column("c", std::vector<double>{1});
#else
    row.column("c", std::vector<float>{1});
#endif
}
