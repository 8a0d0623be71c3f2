// must say: a table name is text or a questdb::table_name
#include <questdb_ingress.hpp>

void use(questdb::buffer &row) {
#ifdef RIGHT
    row.table(questdb::table_name{"t"});
#else
    row.table(questdb::column_name{"c"});
#endif
}
