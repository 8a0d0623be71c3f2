// must say: this integer type does not fit 64 bits with a sign
#include <questdb_ingress.hpp>

void use(questdb::buffer &row) {
#ifdef RIGHT
    row.column("c", std::optional<long long>{});
#else
    row.column("c", std::optional<unsigned long long>{});
#endif
}
