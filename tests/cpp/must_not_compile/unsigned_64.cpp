// must say: this integer type does not fit 64 bits with a sign
#include <questdb_ingress.hpp>

void use(questdb::buffer &row) {
#ifdef RIGHT
    row.column("c", std::int64_t{1});
#else
    row.column("c", std::uint64_t{1});
#endif
}
