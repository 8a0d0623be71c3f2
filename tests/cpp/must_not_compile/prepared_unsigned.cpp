// must say: this integer type does not fit 64 bits with a sign
#include <questdb_ingress.hpp>

void use(questdb::buffer &row) {
#ifdef RIGHT
    row.append(questdb::row_layout{"t"}, questdb::timestamp_nanos{1}, std::int64_t{1});
#else
    row.append(questdb::row_layout{"t"}, questdb::timestamp_nanos{1}, std::uint64_t{1});
#endif
}
