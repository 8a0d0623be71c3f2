/* Checks sizes and offsets of the public structs, and the numbers of the enums: programs built with an older header
 * rely on them. */
#include <stddef.h>

#include "check.h"

#define FIELD(type, field, at, bytes) \
    CHECK(offsetof(type, field) == (at)); \
    CHECK(sizeof(((type *)0)->field) == (bytes))

int main(void) {
    const size_t word = sizeof(void *);
    CHECK(sizeof(size_t) == word);
    CHECK(sizeof(bool) == 1);
    CHECK(sizeof(questdb_error_code) == 4);
    CHECK(sizeof(questdb_outcome) == 4);
    CHECK(sizeof(questdb_stat) == 4);
    CHECK(sizeof(questdb_stamp) == 4);
    CHECK(sizeof(questdb_column_kind) == 4);
    CHECK(sizeof(questdb_cell_kind) == 4);
    CHECK(sizeof(questdb_values_kind) == 4);

    FIELD(questdb_array, dims, 0, word);
    FIELD(questdb_array, shape, word, word);
    FIELD(questdb_array, strides, 2 * word, word);
    FIELD(questdb_array, data, 3 * word, word);
    FIELD(questdb_array, data_len, 4 * word, word);
    FIELD(questdb_array, origin, 5 * word, word);
    CHECK(sizeof(questdb_array) == 6 * word);

    CHECK(sizeof(questdb_cell_value) == 8);
    FIELD(questdb_cell, kind, 0, 4);
    FIELD(questdb_cell, scale, 4, 4);
    FIELD(questdb_cell, value, 8, 8);
    FIELD(questdb_cell, len, 16, word);
    /* Where 64-bit numbers need only the alignment of words, as on i386, the struct has no padding after the length. */
    struct aligned {
        char before;
        questdb_cell_value value;
    };
    const size_t alignment = offsetof(struct aligned, value);
    CHECK(sizeof(questdb_cell) == (16 + word + alignment - 1) / alignment * alignment);
    CHECK(word != 8 || sizeof(questdb_cell) == 24);

    FIELD(questdb_column_data, kind, 0, 4);
    FIELD(questdb_column_data, width, 4, 4);
    FIELD(questdb_column_data, scale, 8, 4);
    FIELD(questdb_column_data, offset_width, 12, 4);
    FIELD(questdb_column_data, values, 16, word);
    FIELD(questdb_column_data, first_bit, 16 + word, word);
    FIELD(questdb_column_data, offsets, 16 + 2 * word, word);
    FIELD(questdb_column_data, text, 16 + 3 * word, word);
    FIELD(questdb_column_data, text_len, 16 + 4 * word, word);
    FIELD(questdb_column_data, dictionary_len, 16 + 5 * word, word);
    FIELD(questdb_column_data, validity, 16 + 6 * word, word);
    FIELD(questdb_column_data, validity_first_bit, 16 + 7 * word, word);
    CHECK(sizeof(questdb_column_data) == 16 + 8 * word);

    /* The first and the last number of each enum. capi/tests/it/abi.rs compares the others with the ledgers. */
    CHECK(QUESTDB_ERROR_CODE_INVALID_ARGUMENT == 1);
    CHECK(QUESTDB_ERROR_CODE_INTERNAL == 22);
    CHECK(QUESTDB_ERROR_CODE_CANCELLED == 23);
    CHECK(QUESTDB_OUTCOME_NOT_SENT == 1);
    CHECK(QUESTDB_OUTCOME_COMMITTED == 6);
    CHECK(QUESTDB_STAT_FLUSHES == 0);
    CHECK(QUESTDB_STAT_RECONNECTS == 12);
    CHECK(QUESTDB_STAMP_NANOS == 1);
    CHECK(QUESTDB_STAMP_NOW == 3);
    CHECK(QUESTDB_COLUMN_KIND_SYMBOL == 1);
    CHECK(QUESTDB_COLUMN_KIND_DECIMAL == 9);
    CHECK(QUESTDB_CELL_KIND_NULL == 0);
    CHECK(QUESTDB_CELL_KIND_DECIMAL == 6);
    CHECK(QUESTDB_VALUES_KIND_BYTES == 1);
    CHECK(QUESTDB_VALUES_KIND_DECIMALS == 8);

    /* The loaded library fits this header. */
    CHECK(questdb_abi_version() == QUESTDB_ABI_VERSION);
    CHECK(strcmp(questdb_version(), QUESTDB_VERSION) == 0);
    char parts[32];
    snprintf(parts, sizeof parts, "%d.%d.%d", QUESTDB_VERSION_MAJOR, QUESTDB_VERSION_MINOR, QUESTDB_VERSION_PATCH);
    CHECK(strncmp(parts, QUESTDB_VERSION, strlen(parts)) == 0);
    return verdict("layout");
}
