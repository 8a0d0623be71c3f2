/* Apache Arrow: a batch is appended from its own memory. Usually another library of Arrow exports the two structs; here they
 * are filled in by hand.
 * ./arrow "http::addr=localhost:9000;" */
#include <stdio.h>
#include <string.h>

#include "questdb_ingress.h"

enum { ROWS = 3, COLUMNS = 3 };
static const int64_t times[ROWS] = {1700000000000000000, 1700000000000000001, 1700000000000000002};
static const double prices[ROWS] = {43210.5, 2615.5, 2616.0};
static const int32_t offsets[ROWS + 1] = {0, 7, 14, 21};
static const char text[] = "BTC-USDETH-USDETH-USD";
static const uint8_t has_price = 0x05; /* row 1 has none */

/* The values are constants, so there is nothing to free. */
static void release_array(struct ArrowArray *array) { array->release = NULL; }
static void release_schema(struct ArrowSchema *schema) { schema->release = NULL; }

static const void *buffers[COLUMNS][3] = {{NULL, times, NULL}, {&has_price, prices, NULL}, {NULL, offsets, text}};
static const void *no_validity[] = {NULL};
static struct ArrowArray arrays[COLUMNS], *children[COLUMNS];
static struct ArrowSchema schemas[COLUMNS], *fields[COLUMNS];

static void export_batch(struct ArrowArray *array, struct ArrowSchema *schema) {
    static const char *const formats[COLUMNS] = {"tsn:", "g", "u"}, *const names[COLUMNS] = {"time", "price", "symbol"};
    for (int i = 0; i < COLUMNS; i++) {
        schemas[i].format = formats[i];
        schemas[i].name = names[i];
        schemas[i].release = release_schema;
        arrays[i].length = ROWS;
        arrays[i].null_count = -1; /* not counted */
        arrays[i].n_buffers = i == 2 ? 3 : 2;
        arrays[i].buffers = buffers[i];
        arrays[i].release = release_array;
        fields[i] = &schemas[i];
        children[i] = &arrays[i];
    }
    memset(array, 0, sizeof *array);
    memset(schema, 0, sizeof *schema);
    schema->format = "+s";
    schema->n_children = array->n_children = COLUMNS;
    schema->children = fields;
    schema->release = release_schema;
    array->length = ROWS;
    array->n_buffers = 1;
    array->buffers = no_validity;
    array->children = children;
    array->release = release_array;
}

static questdb_error *run(questdb_sender *sender, questdb_arrow_options *options) {
    questdb_error *err = NULL;
    struct ArrowArray array;
    struct ArrowSchema schema;
    if ((err = questdb_arrow_options_table(options, QUESTDB_STR("ticks"))) ||
        (err = questdb_arrow_options_at_column(options, QUESTDB_STR("time"), 0)) ||
        (err = questdb_arrow_options_symbol_column(options, QUESTDB_STR("symbol"), 0)))
        return err;
    export_batch(&array, &schema);
    err = questdb_sender_arrow(sender, &array, &schema, options); /* releases the array, whatever happens */
    schema.release(&schema);
    return err ? err : questdb_sender_close(sender, 10000, NULL);
}

int main(int argc, char **argv) {
    const char *conf = argc > 1 ? argv[1] : "http::addr=localhost:9000;";
    questdb_sender *sender = NULL;
    questdb_arrow_options *options = NULL;
    questdb_error *err = questdb_sender_from_conf(conf, strlen(conf), &sender);
    if (!err) err = questdb_arrow_options_new(&options);
    if (!err) err = run(sender, options);
    if (err) fprintf(stderr, "%s\n", questdb_error_message(err));
    const int code = err ? 1 : 0;
    questdb_error_free(err);
    questdb_arrow_options_free(options);
    questdb_sender_free(sender);
    return code;
}
