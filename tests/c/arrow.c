/* Batches of Apache Arrow: what is appended, who releases the structs, and what a failure leaves behind. */
#include "check.h"

#include "arrow_batch.h"

static questdb_arrow_options *options;

/* Checks that the buffer has these rows, then empties it. */
static void has(questdb_buffer *buffer, const char *rows, int line) {
    size_t len = 0;
    const char *bytes = (const char *)questdb_buffer_peek(buffer, &len);
    if (!check(len == strlen(rows) && memcmp(bytes, rows, len) == 0, rows, __FILE__, line)) printf("  %.*s\n", (int)len, bytes);
    OK(questdb_buffer_clear(buffer));
}
#define HAS(rows) has(buffer, (rows), __LINE__)

/* Appends the batch once. It is released once, also if that fails. */
static questdb_error *append(questdb_buffer *buffer, struct batch *b) {
    questdb_error *err = questdb_buffer_arrow(buffer, &b->array, &b->schema, options);
    CHECK(b->array.release == NULL && b->arrays_released == 1);
    CHECK(b->schema.release != NULL && b->schemas_released == 0);
    b->schema.release(&b->schema);
    return err;
}

static questdb_error *append_new(questdb_buffer *buffer) {
    struct batch b;
    batch_init(&b);
    return append(buffer, &b);
}

static void options_decide(questdb_buffer *buffer) {
    OK(append_new(buffer));
    HAS("trades,side=sell price=0.5 1000000000\ntrades,side=buy price=1.5 1000001000\n");
    OK(questdb_arrow_options_symbols(options, QUESTDB_ARROW_SYMBOLS_LISTED));
    OK(questdb_arrow_options_at(options, QUESTDB_STAMP_NOW, 0));
    OK(append_new(buffer));
    HAS("trades at=1000000t,price=0.5,side=\"sell\"\ntrades at=1000001t,price=1.5,side=\"buy\"\n");
    OK(questdb_arrow_options_symbol_column(options, NULL, 0, 2));
    OK(questdb_arrow_options_at(options, QUESTDB_STAMP_MICROS, 7));
    OK(append_new(buffer));
    HAS("trades,side=sell at=1000000t,price=0.5 7000\ntrades,side=buy at=1000001t,price=1.5 7000\n");
    OK(questdb_arrow_options_table_column(options, QUESTDB_STR("side"), 0));
    OK(questdb_arrow_options_at(options, QUESTDB_STAMP_NANOS, 7));
    OK(append_new(buffer));
    HAS("sell at=1000000t,price=0.5 7\nbuy at=1000001t,price=1.5 7\n");
    OK(questdb_arrow_options_table(options, QUESTDB_STR("trades")));
    OK(questdb_arrow_options_symbols(options, QUESTDB_ARROW_SYMBOLS_TEXTS));
    OK(questdb_arrow_options_at_column(options, NULL, 0, 0));
    FAILS(INVALID_ARGUMENT, questdb_arrow_options_symbols(options, 4));
    FAILS(INVALID_ARGUMENT, questdb_arrow_options_at(options, 4, 0));
    FAILS(INVALID_UTF8, questdb_arrow_options_table(options, "\xFF", 1));
}

static void failures_leave_the_buffer(questdb_buffer *buffer) {
    struct batch b;
    OK(questdb_buffer_table(buffer, QUESTDB_STR("before")));
    FAILS(INVALID_STATE, append_new(buffer));
    OK(questdb_buffer_drop_row(buffer));
    batch_init(&b);
    b.types[1].format = "tiD";
    FAILS(INVALID_ARGUMENT, append(buffer, &b));
    batch_init(&b);
    b.columns[1].n_buffers = 1;
    FAILS(INVALID_ARGUMENT, append(buffer, &b));
    batch_init(&b);
    b.array.children = NULL;
    FAILS(INVALID_ARGUMENT, append(buffer, &b));
    batch_init(&b);
    FAILS(INVALID_ARGUMENT, questdb_buffer_arrow(NULL, &b.array, &b.schema, options));
    CHECK(b.arrays_released == 1 && b.array.release == NULL);
    FAILS(INVALID_ARGUMENT, questdb_buffer_arrow(buffer, &b.array, &b.schema, options)); /* it was released */
    CHECK(b.arrays_released == 1);
    batch_init(&b);
    FAILS(INVALID_ARGUMENT, questdb_buffer_arrow(buffer, &b.array, &b.schema, NULL));
    CHECK(b.arrays_released == 1);
    batch_init(&b);
    FAILS(INVALID_ARGUMENT, questdb_buffer_arrow(buffer, &b.array, NULL, options));
    CHECK(b.arrays_released == 1);
    CHECK(questdb_buffer_len(buffer) == 0);
}

static void streams(questdb_buffer *buffer) {
    struct batch_stream s;
    batch_stream_init(&s, 0);
    OK(questdb_buffer_arrow_stream(buffer, &s.stream, options));
    CHECK(s.stream.release == NULL && s.released == 1 && s.batch.arrays_released == 1 && s.batch.schemas_released == 1);
    HAS("trades,side=sell price=0.5 1000000000\ntrades,side=buy price=1.5 1000001000\n");
    batch_stream_init(&s, 1);
    questdb_error *err = questdb_buffer_arrow_stream(buffer, &s.stream, options);
    CHECK(err && strstr(questdb_error_message(err), "the source is gone") && questdb_error_rows_accepted(err) == 0);
    questdb_error_free(err);
    CHECK(s.released == 1 && s.batch.arrays_released == 1 && questdb_buffer_len(buffer) == 0);
    batch_stream_init(&s, 0);
    FAILS(INVALID_ARGUMENT, questdb_buffer_arrow_stream(NULL, &s.stream, options));
    CHECK(s.released == 1 && s.batch.arrays_released == 0);
}

/* Nobody listens on that port, so each flush fails. */
static void senders_tell_how_many_rows_they_took(void) {
    questdb_sender *sender = NULL;
    struct batch b;
    struct batch_stream s;
    OK(questdb_sender_from_conf(QUESTDB_STR("http::addr=127.0.0.1:1;protocol_version=1;retry_timeout=0;auto_flush_rows=1;"), &sender));
    batch_init(&b);
    questdb_error *err = questdb_sender_arrow(sender, &b.array, &b.schema, options);
    CHECK(err && questdb_error_row_accepted(err) && questdb_error_rows_accepted(err) == 1);
    questdb_error_free(err);
    CHECK(b.arrays_released == 1 && questdb_buffer_row_count(questdb_sender_buffer(sender)) == 1);
    batch_stream_init(&s, 0);
    questdb_error_free(questdb_sender_arrow_stream(sender, &s.stream, options));
    CHECK(s.released == 1 && s.batch.arrays_released == 1 && s.batch.schemas_released == 1);
    questdb_sender_free(sender);
}

int main(void) {
    questdb_buffer *buffer = NULL;
    OK(questdb_buffer_new(1, &buffer));
    OK(questdb_arrow_options_new(&options));
    FAILS(INVALID_ARGUMENT, append_new(buffer)); /* nothing was chosen */
    OK(questdb_arrow_options_table(options, QUESTDB_STR("trades")));
    OK(questdb_arrow_options_at_column(options, QUESTDB_STR("at"), 0));
    options_decide(buffer);
    failures_leave_the_buffer(buffer);
    streams(buffer);
    senders_tell_how_many_rows_they_took();
    questdb_arrow_options_free(options);
    questdb_buffer_free(buffer);
    return verdict("arrow");
}
