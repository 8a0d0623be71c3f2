/* Uses the library enough to be sure that the right one was linked: a row is built, and its bytes are compared. */
#include <questdb_ingress.h>
#include <stdio.h>
#include <string.h>

static int failed(questdb_error *err) {
    fprintf(stderr, "%s\n", questdb_error_message(err));
    questdb_error_free(err);
    return 1;
}

int main(void) {
    static const char expected[] = "t,s=a x=1i 5\n";
    questdb_buffer *buffer = NULL;
    questdb_error *err = NULL;
    const unsigned char *bytes = NULL;
    size_t len = 0;
    int same = 0;
    if (questdb_abi_version() != QUESTDB_ABI_VERSION) return 2;
    if ((err = questdb_buffer_new(1, &buffer))) return failed(err);
    if ((err = questdb_buffer_table(buffer, QUESTDB_STR("t")))) return failed(err);
    if ((err = questdb_buffer_symbol(buffer, QUESTDB_STR("s"), QUESTDB_STR("a")))) return failed(err);
    if ((err = questdb_buffer_column_i64(buffer, QUESTDB_STR("x"), 1))) return failed(err);
    if ((err = questdb_buffer_at_nanos(buffer, 5))) return failed(err);
    bytes = questdb_buffer_peek(buffer, &len);
    same = len == sizeof expected - 1 && memcmp(bytes, expected, len) == 0;
    questdb_buffer_free(buffer);
    printf("questdb-ingress %s: %s\n", questdb_version(), same ? "ok" : "wrong bytes");
    return same ? 0 : 3;
}
