// must say: this type is no column value
#include <questdb_ingress.hpp>
struct money { long long cents; };
#ifdef RIGHT
questdb::decimal to_questdb_decimal(const money &m) { return {m.cents, 2}; }
#endif
void use(questdb::buffer &row) {
#ifdef RIGHT
    row.column("c", money{1});
#else
    row.column("c", money{1});
#endif
}
