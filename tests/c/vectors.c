/* Replays the golden vectors through the C API. Reads the text form that tests/it/c_vectors.rs writes: one line per
 * call, text and bytes in hex ("-" for none). Each vector is replayed with names as text, then with checked names. */
#include <inttypes.h>

#include "check.h"

enum { MAX_FIELDS = 4096 };

static uint8_t bytes[1 << 20];
static size_t used; /* the bytes that the current line uses */

struct text {
    const char *ptr;
    size_t len;
};

static struct text unhex(const char *hex) {
    struct text text = {(const char *)bytes + used, 0};
    if (strcmp(hex, "-") == 0) return text;
    for (; hex[0] && hex[1]; hex += 2) {
        unsigned byte = 0;
        sscanf(hex, "%2x", &byte);
        bytes[used++] = (uint8_t)byte;
        text.len++;
    }
    return text;
}

static questdb_error *array(questdb_buffer *b, struct text name, questdb_column_name *checked, char **field) {
    static size_t shape[64];
    static ptrdiff_t strides[64];
    static double data[MAX_FIELDS];
    questdb_array view;
    memset(&view, 0, sizeof view);
    view.dims = (size_t)strtoull(*field++, NULL, 10);
    view.shape = shape;
    for (size_t i = 0; i < view.dims; i++) shape[i] = (size_t)strtoull(*field++, NULL, 10);
    if (strcmp(*field++, "strides") == 0) {
        view.strides = strides;
        for (size_t i = 0; i < view.dims; i++) strides[i] = (ptrdiff_t)strtoll(*field++, NULL, 10);
    }
    view.origin = (size_t)strtoull(*field++, NULL, 10);
    size_t count = 0;
    for (; *field; field++) {
        const uint64_t bits = strtoull(*field, NULL, 16);
        memcpy(&data[count++], &bits, sizeof bits);
    }
    view.data = (const uint8_t *)data;
    view.data_len = count * sizeof data[0];
    return checked ? questdb_buffer_column_f64_arr_named(b, checked, &view)
                   : questdb_buffer_column_f64_arr(b, name.ptr, name.len, &view);
}

/* Calls the function that takes the name as text, or the one that takes a checked name. */
#define EITHER(function, ...) \
    (column ? function##_named(b, column, __VA_ARGS__) : function(b, name.ptr, name.len, __VA_ARGS__))

static questdb_error *apply(questdb_buffer *b, char **field, int by_handle) {
    const char *op = field[0];
    used = 0;
    if (strcmp(op, "at_now") == 0) return questdb_buffer_at_now(b);
    if (strcmp(op, "at_nanos") == 0) return questdb_buffer_at_nanos(b, strtoll(field[1], NULL, 10));
    if (strcmp(op, "at_micros") == 0) return questdb_buffer_at_micros(b, strtoll(field[1], NULL, 10));
    const struct text name = unhex(field[1]);
    questdb_error *err = NULL;
    if (strcmp(op, "table") == 0) {
        questdb_table_name *table = NULL;
        if (!by_handle) return questdb_buffer_table(b, name.ptr, name.len);
        if (!(err = questdb_table_name_new(name.ptr, name.len, &table))) err = questdb_buffer_table_named(b, table);
        questdb_table_name_free(table);
        return err;
    }
    questdb_column_name *column = NULL;
    if (by_handle && (err = questdb_column_name_new(name.ptr, name.len, &column))) return err;
    const struct text value = unhex(strcmp(op, "symbol") && strcmp(op, "str") && strcmp(op, "dec_str") ? "-" : field[2]);
    if (strcmp(op, "symbol") == 0) err = EITHER(questdb_buffer_symbol, value.ptr, value.len);
    else if (strcmp(op, "bool") == 0) err = EITHER(questdb_buffer_column_bool, field[2][0] == '1');
    else if (strcmp(op, "i64") == 0) err = EITHER(questdb_buffer_column_i64, strtoll(field[2], NULL, 10));
    else if (strcmp(op, "f64") == 0) {
        const uint64_t bits = strtoull(field[2], NULL, 16);
        double number;
        memcpy(&number, &bits, sizeof number);
        err = EITHER(questdb_buffer_column_f64, number);
    } else if (strcmp(op, "str") == 0) err = EITHER(questdb_buffer_column_str, value.ptr, value.len);
    else if (strcmp(op, "ts_micros") == 0) err = EITHER(questdb_buffer_column_ts_micros, strtoll(field[2], NULL, 10));
    else if (strcmp(op, "ts_nanos") == 0) err = EITHER(questdb_buffer_column_ts_nanos, strtoll(field[2], NULL, 10));
    else if (strcmp(op, "arr") == 0) err = array(b, name, column, field + 2);
    else if (strcmp(op, "dec_str") == 0) err = EITHER(questdb_buffer_column_dec_str, value.ptr, value.len);
    else if (strcmp(op, "dec") == 0) {
        const struct text unscaled = unhex(field[3]);
        const uint32_t scale = (uint32_t)strtoul(field[2], NULL, 10);
        err = EITHER(questdb_buffer_column_dec, scale, (const uint8_t *)unscaled.ptr, unscaled.len);
    } else if (strcmp(op, "dec_i128") == 0) {
        const uint32_t scale = (uint32_t)strtoul(field[2], NULL, 10);
        err = EITHER(questdb_buffer_column_dec_i128, scale, strtoll(field[3], NULL, 10), strtoull(field[4], NULL, 10));
    } else {
        printf("unknown call %s\n", op);
        exit(2);
    }
    questdb_column_name_free(column);
    return err;
}

/* The state of the vector that is being replayed. */
static questdb_buffer *buffer;
static char id[256];
static questdb_error *err; /* the error of the failed call; the rest of the vector is skipped */

static int unchanged(const questdb_buffer *copy, int was_flushable) {
    size_t len = 0, copy_len = 0;
    const uint8_t *now = questdb_buffer_peek(buffer, &len), *before = questdb_buffer_peek(copy, &copy_len);
    questdb_error *open = questdb_buffer_check_flushable(buffer);
    const int flushable = open == NULL;
    questdb_error_free(open);
    return len == copy_len && memcmp(now, before, len) == 0 && flushable == was_flushable &&
           questdb_buffer_row_count(buffer) == questdb_buffer_row_count(copy);
}

static void call(char **field, int by_handle) {
    questdb_buffer *copy = NULL;
    OK(questdb_buffer_clone(buffer, &copy));
    questdb_error *open = questdb_buffer_check_flushable(buffer);
    const int was_flushable = open == NULL;
    questdb_error_free(open);
    err = apply(buffer, field, by_handle);
    if (err && !CHECK(unchanged(copy, was_flushable))) printf("  %s: a failed call changed the buffer\n", id);
    questdb_buffer_free(copy);
}

/* "expect hex...": the bytes must be one of these. "expect error CODE": the error must be that one, or any if CODE is
 * ANY. Returns whether this is so. */
static int met(char **field) {
    size_t len = 0;
    const uint8_t *made = questdb_buffer_peek(buffer, &len);
    if (strcmp(field[1], "error") == 0)
        return err && (strcmp(field[2], "ANY") == 0 ||
                       strcmp(field[2], questdb_error_code_name(questdb_error_get_code(err))) == 0);
    if (err) return 0;
    for (field++; *field; field++) {
        used = 0;
        const struct text wanted = unhex(*field);
        if (wanted.len == len && memcmp(wanted.ptr, made, len) == 0) return 1;
    }
    return 0;
}

static void replay(FILE *file, int by_handle) {
    static char line[1 << 20];
    unsigned vectors = 0, interop = 0;
    rewind(file);
    while (fgets(line, sizeof line, file)) {
        static char *field[MAX_FIELDS];
        int count = 0;
        for (char *word = strtok(line, " \n"); word && count < MAX_FIELDS - 1; word = strtok(NULL, " \n"))
            field[count++] = word;
        field[count] = NULL;
        if (count == 0) continue;
        if (strcmp(field[0], "vector") == 0 || strcmp(field[0], "interop") == 0) {
            *(field[0][0] == 'v' ? &vectors : &interop) += 1;
            snprintf(id, sizeof id, "%s", field[1]);
            OK(questdb_buffer_with_limits((uint32_t)strtoul(field[2], NULL, 10), (size_t)strtoull(field[3], NULL, 10), 1024,
                                          100u << 20, &buffer));
            err = NULL;
        } else if (strcmp(field[0], "expect") == 0) {
            if (!CHECK(met(field))) {
                size_t len = 0;
                const uint8_t *made = questdb_buffer_peek(buffer, &len);
                printf("  %s: %s\n  ", id, err ? questdb_error_message(err) : "no error");
                for (size_t i = 0; i < len; i++) printf("%02x", made[i]);
                printf("\n");
            }
            questdb_error_free(err);
            questdb_buffer_free(buffer);
        } else if (!err) {
            call(field, by_handle);
        }
    }
    printf("%s: %u builder vectors, %u runs of interop cases\n", by_handle ? "checked names" : "names as text", vectors,
           interop);
    CHECK(vectors == 300);
    CHECK(interop == 325);
}

int main(int argc, char **argv) {
    FILE *file = argc > 1 ? fopen(argv[1], "r") : NULL;
    if (!file) {
        printf("usage: %s <vectors in text form>\n", argv[0]);
        return 2;
    }
    replay(file, 0);
    replay(file, 1);
    fclose(file);
    return verdict("vectors");
}
