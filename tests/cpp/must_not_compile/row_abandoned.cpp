// must say: ignoring return
#include <questdb_ingress.hpp>

void use(questdb::sender &sender) {
#ifdef RIGHT
    sender.table("t").symbol("s", "a").at_now();
#else
    sender.table("t").symbol("s", "a");
#endif
}
