// must say: a pointer is no column value: pass what it points to
#include <questdb_ingress.hpp>

void use(questdb::buffer &row) {
#ifdef RIGHT
    int x = 1; row.column("c", x);
#else
    int x = 1; row.column("c", &x);
#endif
}
