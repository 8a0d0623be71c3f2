// must say: this is no point in time
#include <questdb_ingress.hpp>

void use(questdb::buffer &row) {
#ifdef RIGHT
    row.at_now();
#else
    row.at("now");
#endif
}
