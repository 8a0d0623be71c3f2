// must say: a std::optional of a std::optional: unwrap one of them
#include <questdb_ingress.hpp>

void use(questdb::buffer &row) {
#ifdef RIGHT
    row.column("c", std::optional<int>{});
#else
    row.column("c", std::optional<std::optional<int>>{});
#endif
}
