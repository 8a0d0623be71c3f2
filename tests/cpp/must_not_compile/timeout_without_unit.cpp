// must say: no matching
#include <questdb_ingress.hpp>

void use(questdb::sender &sender, questdb::config &options) {
#ifdef RIGHT
    options.request_timeout(std::chrono::seconds{5});
    sender.close(std::chrono::seconds{5});
#else
    options.request_timeout(5);
    sender.close(5);
#endif
}
