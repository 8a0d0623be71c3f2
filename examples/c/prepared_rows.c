/* Prepared rows: the table and its columns are described once, then one call appends a row or a batch.
 * ./prepared_rows "http::addr=localhost:9000;" */
#include <stdio.h>
#include <string.h>

#include "questdb_ingress.h"

static questdb_error *run(questdb_sender *sender, questdb_row_layout **layout) {
    questdb_error *err = NULL;
    if ((err = questdb_row_layout_new(QUESTDB_STR("quotes"), QUESTDB_STAMP_NANOS, layout)) ||
        (err = questdb_row_layout_add(*layout, QUESTDB_STR("symbol"), QUESTDB_COLUMN_KIND_SYMBOL)) ||
        (err = questdb_row_layout_add(*layout, QUESTDB_STR("price"), QUESTDB_COLUMN_KIND_F64)) ||
        (err = questdb_row_layout_add(*layout, QUESTDB_STR("size"), QUESTDB_COLUMN_KIND_I64)))
        return err;

    /* One row: a cell for each column. The last cell is null, which leaves its column out. */
    questdb_cell cells[3] = {{0}};
    cells[0].kind = QUESTDB_CELL_KIND_TEXT;
    cells[0].value.ptr = "BTC-USD";
    cells[0].len = 7;
    cells[1].kind = QUESTDB_CELL_KIND_F64;
    cells[1].value.f64 = 43210.5;
    cells[2].kind = QUESTDB_CELL_KIND_NULL;
    if ((err = questdb_sender_append_row(sender, *layout, cells, 3, 1700000000000000000))) return err;

    /* Three rows: an array for each column. Symbol i is the text between offsets i and i + 1. Row 1 has no size. */
    static const int32_t offsets[] = {0, 7, 14, 21};
    static const double prices[] = {43211.0, 2615.5, 2616.0};
    static const int64_t sizes[] = {5, 0, 7};
    static const uint8_t has_size = 0x05;
    static const int64_t times[] = {1700000000000000001, 1700000000000000002, 1700000000000000003};
    questdb_column_data columns[3] = {{0}};
    columns[0].kind = QUESTDB_VALUES_KIND_TEXT;
    columns[0].offset_width = sizeof offsets[0];
    columns[0].offsets = offsets;
    columns[0].text = (const uint8_t *)"BTC-USDETH-USDETH-USD";
    columns[0].text_len = 21;
    columns[1].kind = QUESTDB_VALUES_KIND_F64;
    columns[1].values = prices;
    columns[2].kind = QUESTDB_VALUES_KIND_I64;
    columns[2].values = sizes;
    columns[2].validity = &has_size;
    if ((err = questdb_sender_append_columns(sender, *layout, 3, columns, 3, times))) return err;
    return questdb_sender_close(sender, 10000, NULL);
}

int main(int argc, char **argv) {
    const char *conf = argc > 1 ? argv[1] : "http::addr=localhost:9000;";
    questdb_sender *sender = NULL;
    questdb_row_layout *layout = NULL;
    questdb_error *err = questdb_sender_from_conf(conf, strlen(conf), &sender);
    if (!err) err = run(sender, &layout);
    if (err) fprintf(stderr, "%s\n", questdb_error_message(err));
    const int code = err ? 1 : 0;
    questdb_error_free(err);
    questdb_row_layout_free(layout);
    questdb_sender_free(sender);
    return code;
}
