/* A program that is linked with the official library and with plugin.cpp, in either order. */
#include "theirs.h"

int questdb_error_get_code(const void *error);
bool questdb_error_in_doubt(const void *error);
void questdb_error_free(void *error);
bool line_sender_utf8_init(struct their_text *text, size_t len, const char *buf, void **failed);
int plugin_works(void);

int main(void) {
    const struct theirs theirs = {questdb_error_get_code, questdb_error_in_doubt, questdb_error_free, line_sender_utf8_init};
    int i;
    for (i = 0; i < 3; i++)
        if (!plugin_works() || !theirs_works(&theirs)) return 1;
    return 0;
}
