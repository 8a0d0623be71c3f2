/* Both libraries opened, in this order: ./opened FIRST SECOND, of which one is ours. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "theirs.h"

struct ours {
    void *(*name_new)(const char *name, size_t len, void **made);
    uint32_t (*get_code)(const void *error);
    bool (*in_doubt)(const void *error);
    const char *(*code_name)(uint32_t code);
    void (*free)(void *error);
};

/* A pointer to data becomes one to a function by its bytes: ISO C has no cast for it. */
static int find(void *library, void *function, const char *name) {
    void *found = dlsym(library, name);
    memcpy(function, &found, sizeof found);
    return found != NULL;
}

static bool ours_works(const struct ours *library) {
    void *made = NULL, *failed = library->name_new("a?b", 3, &made);
    bool ok = failed && !made && strcmp(library->code_name(library->get_code(failed)), "INVALID_NAME") == 0;
    ok = ok && !library->in_doubt(failed);
    library->free(failed);
    return ok;
}

int main(int argc, char **argv) {
    struct ours ours;
    struct theirs theirs;
    int seen_ours = 0, seen_theirs = 0, i;
    for (i = 1; i < 3; i++) {
        void *library = argc == 3 ? dlopen(argv[i], RTLD_NOW | RTLD_LOCAL) : NULL;
        if (!library) return fprintf(stderr, "%s\n", dlerror()), 2;
        if (dlsym(library, "questdb_column_name_new")) {
            seen_ours = find(library, &ours.name_new, "questdb_column_name_new") &&
                        find(library, &ours.get_code, "questdb_error_get_code") &&
                        find(library, &ours.in_doubt, "questdb_error_in_doubt") &&
                        find(library, &ours.code_name, "questdb_error_code_name") &&
                        find(library, &ours.free, "questdb_error_free");
        } else {
            seen_theirs = find(library, &theirs.get_code, "questdb_error_get_code") &&
                          find(library, &theirs.in_doubt, "questdb_error_in_doubt") &&
                          find(library, &theirs.free, "questdb_error_free") &&
                          find(library, &theirs.utf8_init, "line_sender_utf8_init");
        }
    }
    if (!seen_ours || !seen_theirs) return 3;
    for (i = 0; i < 3; i++)
        if (!ours_works(&ours) || !theirs_works(&theirs)) return 1;
    return 0;
}
