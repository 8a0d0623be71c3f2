/* Apache Arrow: a batch that nanoarrow builds is sent from its own memory.
 * ./arrow_c "http::addr=localhost:9000;" */
#include <nanoarrow/nanoarrow.h>
#include <stdio.h>
#include <string.h>

#include "questdb_ingress.h"

enum { ROWS = 3 };
static const int64_t start = 1700000000000000000;
static const double prices[ROWS] = {43210.5, 0, 2616.0};
static const int has_price[ROWS] = {1, 0, 1};
static const char *const symbols[ROWS] = {"BTC-USD", "ETH-USD", "ETH-USD"};

/* Describes the columns. */
static ArrowErrorCode make_schema(struct ArrowSchema *schema) {
    ArrowSchemaInit(schema);
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetTypeStruct(schema, 3));
    NANOARROW_RETURN_NOT_OK(
        ArrowSchemaSetTypeDateTime(schema->children[0], NANOARROW_TYPE_TIMESTAMP, NANOARROW_TIME_UNIT_NANO, NULL));
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetName(schema->children[0], "time"));
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetType(schema->children[1], NANOARROW_TYPE_STRING));
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetName(schema->children[1], "symbol"));
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetType(schema->children[2], NANOARROW_TYPE_DOUBLE));
    return ArrowSchemaSetName(schema->children[2], "price");
}

/* Builds the rows. */
static ArrowErrorCode make_array(struct ArrowArray *array, const struct ArrowSchema *schema) {
    NANOARROW_RETURN_NOT_OK(ArrowArrayInitFromSchema(array, schema, NULL));
    NANOARROW_RETURN_NOT_OK(ArrowArrayStartAppending(array));
    for (int i = 0; i < ROWS; i++) {
        NANOARROW_RETURN_NOT_OK(ArrowArrayAppendInt(array->children[0], start + i));
        NANOARROW_RETURN_NOT_OK(ArrowArrayAppendString(array->children[1], ArrowCharView(symbols[i])));
        NANOARROW_RETURN_NOT_OK(has_price[i] ? ArrowArrayAppendDouble(array->children[2], prices[i])
                                             : ArrowArrayAppendNull(array->children[2], 1));
        NANOARROW_RETURN_NOT_OK(ArrowArrayFinishElement(array));
    }
    return ArrowArrayFinishBuildingDefault(array, NULL);
}

static questdb_error *run(questdb_sender *sender, questdb_arrow_options *options, struct ArrowArray *array,
                          const struct ArrowSchema *schema) {
    questdb_error *err = NULL;
    /* [doc] */
    if ((err = questdb_arrow_options_table(options, QUESTDB_STR("ticks"))) ||
        (err = questdb_arrow_options_at_column(options, QUESTDB_STR("time"), 0)) ||
        (err = questdb_arrow_options_symbol_column(options, QUESTDB_STR("symbol"), 0)))
        return err;
    err = questdb_sender_arrow(sender, array, schema, options); /* releases the array, whatever happens */
    /* [/doc] */
    return err ? err : questdb_sender_close(sender, 10000, NULL);
}

int main(int argc, char **argv) {
    const char *conf = argc > 1 ? argv[1] : "http::addr=localhost:9000;";
    struct ArrowSchema schema = {.release = NULL};
    struct ArrowArray array = {.release = NULL};
    questdb_sender *sender = NULL;
    questdb_arrow_options *options = NULL;
    questdb_error *err = NULL;
    int code = make_schema(&schema) || make_array(&array, &schema);
    if (code) fprintf(stderr, "the batch cannot be built\n");
    if (!code) err = questdb_sender_from_conf(conf, strlen(conf), &sender);
    if (!code && !err) err = questdb_arrow_options_new(&options);
    if (!code && !err) err = run(sender, options, &array, &schema);
    if (err) fprintf(stderr, "%s\n", questdb_error_message(err));
    code = code || err;
    questdb_error_free(err);
    questdb_arrow_options_free(options);
    questdb_sender_free(sender);
    if (array.release) ArrowArrayRelease(&array);
    if (schema.release) ArrowSchemaRelease(&schema);
    return code;
}
