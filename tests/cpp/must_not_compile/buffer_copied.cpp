// must say: deleted
#include <questdb_ingress.hpp>

void use(questdb::buffer &row) {
#ifdef RIGHT
    questdb::buffer copy = row.clone(); copy.clear();
#else
    questdb::buffer copy = row; copy.clear();
#endif
}
