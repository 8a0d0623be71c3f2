// must say: an enumeration is no column value
#include <questdb_ingress.hpp>
enum class side { buy, sell };
void use(questdb::buffer &row) {
#ifdef RIGHT
    row.column("c", static_cast<int>(side::buy));
#else
    row.column("c", side::buy);
#endif
}
