// must say: a character is no column value
#include <questdb_ingress.hpp>

void use(questdb::buffer &row) {
#ifdef RIGHT
    row.column("c", "x");
#else
    row.column("c", 'x');
#endif
}
