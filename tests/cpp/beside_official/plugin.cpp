// A shared library of one's own around the wrapper and the static library, of which it shows nothing: see host.c.
#include <questdb_ingress.hpp>

extern "C" __attribute__((visibility("default"))) int plugin_works() {
    try {
        questdb::column_name{"a?b"};
        return 0;
    } catch (const questdb::error &e) {
        return e.code() == QUESTDB_ERROR_CODE_INVALID_NAME && !e.in_doubt();
    }
}
