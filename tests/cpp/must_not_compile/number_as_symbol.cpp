// must say: a symbol is text: use std::to_string, or make it a column
#include <questdb_ingress.hpp>

void use(questdb::buffer &row) {
#ifdef RIGHT
    row.symbol("c", std::to_string(1));
#else
    row.symbol("c", 1);
#endif
}
