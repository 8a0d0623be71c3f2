// must say: nullptr is no value: leave the column out
#include <questdb_ingress.hpp>

void use(questdb::buffer &row) {
#ifdef RIGHT
    row.column("c", std::optional<int>{});
#else
    row.column("c", nullptr);
#endif
}
