// must say: the first value of a row is its point in time
#include <questdb_ingress.hpp>

void use(questdb::buffer &row) {
#ifdef RIGHT
    row.append(questdb::row_layout{"t"}, questdb::server_time, 2);
#else
    row.append(questdb::row_layout{"t"}, 1, 2);
#endif
}
