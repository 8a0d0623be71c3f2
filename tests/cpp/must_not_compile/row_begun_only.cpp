// must say: ignoring return
#include <questdb_ingress.hpp>

void use(questdb::sender &sender) {
#ifdef RIGHT
    questdb::row row = sender.table("t");
    row.symbol("s", "a").at_now();
#else
    sender.table("t");
#endif
}
