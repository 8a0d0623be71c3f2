// must say: long double does not fit a QuestDB DOUBLE: cast it to double
#include <questdb_ingress.hpp>

void use(questdb::buffer &row) {
#ifdef RIGHT
    row.column("c", 1.0);
#else
    row.column("c", 1.0L);
#endif
}
