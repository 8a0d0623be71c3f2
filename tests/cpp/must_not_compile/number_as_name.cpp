// must say: a column name is text or a questdb::column_name
#include <questdb_ingress.hpp>

void use(questdb::buffer &row) {
#ifdef RIGHT
    row.column("c", 1);
#else
    row.column(1, 1);
#endif
}
