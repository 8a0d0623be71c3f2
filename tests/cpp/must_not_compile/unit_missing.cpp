// must say: a bare number has no unit: use questdb::timestamp_nanos
#include <questdb_ingress.hpp>

void use(questdb::buffer &row) {
#ifdef RIGHT
    row.at(questdb::timestamp_nanos{1700000000000000000});
#else
    row.at(1700000000000000000);
#endif
}
