// must say: deleted
#include <questdb_ingress.hpp>

void use(questdb::sender &sender) {
    questdb::row first = sender.table("t");
#ifdef RIGHT
    questdb::row second = std::move(first);
#else
    questdb::row second = first;
#endif
    second.at_now();
}
