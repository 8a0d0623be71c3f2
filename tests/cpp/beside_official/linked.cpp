// The wrapper, linked as always, in one process with the official library, which is opened: ./linked LIBRARY
#include <questdb_ingress.hpp>

#include <cstdio>
#include <dlfcn.h>

#include "theirs.h"

template <class F>
static void find(void *library, F &function, const char *name) {
    function = reinterpret_cast<F>(::dlsym(library, name));
}

static bool ours_works() {
    try {
        questdb::column_name{"a?b"};
        return false;
    } catch (const questdb::error &e) {
        return e.code() == QUESTDB_ERROR_CODE_INVALID_NAME && !e.in_doubt() && std::string_view(e.what()).size() > 5;
    }
}

int main(int argc, char **argv) {
    // RTLD_LOCAL keeps its names to itself, so that nothing else is bound to them.
    void *const library = argc == 2 ? ::dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : nullptr;
    if (library == nullptr) return std::fprintf(stderr, "%s\n", ::dlerror()), 2;
    theirs official{};
    find(library, official.get_code, "questdb_error_get_code");
    find(library, official.in_doubt, "questdb_error_in_doubt");
    find(library, official.free, "questdb_error_free");
    find(library, official.utf8_init, "line_sender_utf8_init");
    for (int i = 0; i < 3; ++i)
        if (!ours_works() || !theirs_works(&official)) return 1;
    return ::dlclose(library);
}
