// must say: ignoring return
#include <questdb_ingress.hpp>

void use(questdb::sender &sender) {
#ifdef RIGHT
    questdb::transaction all = sender.begin("t");
    all.commit();
#else
    sender.begin("t");
#endif
}
