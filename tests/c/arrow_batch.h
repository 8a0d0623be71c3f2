/* A batch of Apache Arrow with two rows, built by hand: times `at`, doubles `price`, and the dictionary `side`. */
#ifndef ARROW_BATCH_H
#define ARROW_BATCH_H

#include <stddef.h>
#include <string.h>

#include "questdb_ingress.h"

enum { BATCH_ROWS = 2, BATCH_COLUMNS = 3 };

/* Everything that the structs of the batch point to. It must stay where it is until they are released. */
struct batch {
    struct ArrowArray array, columns[BATCH_COLUMNS], words, *children[BATCH_COLUMNS];
    struct ArrowSchema schema, types[BATCH_COLUMNS], word, *fields[BATCH_COLUMNS];
    const void *buffers[BATCH_COLUMNS][2], *of_words[3], *of_batch[1];
    unsigned arrays_released, schemas_released;
};

static void batch_release_array(struct ArrowArray *array) {
    struct batch *b = (struct batch *)array->private_data;
    for (size_t i = 0; i < BATCH_COLUMNS; i++) b->columns[i].release = NULL;
    b->words.release = NULL;
    b->arrays_released++;
    array->release = NULL;
}

static void batch_release_schema(struct ArrowSchema *schema) {
    struct batch *b = (struct batch *)schema->private_data;
    b->schemas_released++;
    schema->release = NULL;
}

static struct ArrowArray batch_array(struct batch *b, int64_t buffers, const void **where) {
    struct ArrowArray array;
    memset(&array, 0, sizeof array);
    array.length = BATCH_ROWS;
    array.n_buffers = buffers;
    array.buffers = where;
    array.release = batch_release_array;
    array.private_data = b;
    return array;
}

static struct ArrowSchema batch_schema(struct batch *b, const char *format, const char *name) {
    struct ArrowSchema schema;
    memset(&schema, 0, sizeof schema);
    schema.format = format;
    schema.name = name;
    schema.release = batch_release_schema;
    schema.private_data = b;
    return schema;
}

static inline void batch_init(struct batch *b) {
    static const int64_t times[] = {1000000, 1000001};
    static const double prices[] = {0.5, 1.5};
    static const int8_t sides[] = {1, 0};
    static const int32_t offsets[] = {0, 3, 7};
    static const void *const values[] = {times, prices, sides};
    static const char *const types[] = {"tsu:", "g", "c"}, *const names[] = {"at", "price", "side"};
    b->arrays_released = b->schemas_released = 0;
    b->of_batch[0] = NULL;
    b->array = batch_array(b, 1, b->of_batch);
    b->schema = batch_schema(b, "+s", "");
    for (size_t i = 0; i < BATCH_COLUMNS; i++) {
        b->buffers[i][0] = NULL;
        b->buffers[i][1] = values[i];
        b->columns[i] = batch_array(b, 2, b->buffers[i]);
        b->types[i] = batch_schema(b, types[i], names[i]);
        b->children[i] = &b->columns[i];
        b->fields[i] = &b->types[i];
    }
    b->of_words[0] = NULL;
    b->of_words[1] = offsets;
    b->of_words[2] = "buysell";
    b->words = batch_array(b, 3, b->of_words);
    b->word = batch_schema(b, "u", "");
    b->columns[2].dictionary = &b->words;
    b->types[2].dictionary = &b->word;
    b->array.n_children = b->schema.n_children = BATCH_COLUMNS;
    b->array.children = b->children;
    b->schema.children = b->fields;
}

/* A stream that gives the batch once. */
struct batch_stream {
    struct ArrowArrayStream stream;
    struct batch batch;
    int given, fails;
    unsigned released;
};

static int batch_get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    *out = ((struct batch_stream *)stream->private_data)->batch.schema;
    return 0;
}

static int batch_get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    struct batch_stream *s = (struct batch_stream *)stream->private_data;
    if (s->given && s->fails) return 5;
    if (s->given) {
        out->release = NULL;
        return 0;
    }
    s->given = 1;
    *out = s->batch.array;
    return 0;
}

static const char *batch_last_error(struct ArrowArrayStream *stream) {
    (void)stream;
    return "the source is gone";
}

static void batch_release_stream(struct ArrowArrayStream *stream) {
    ((struct batch_stream *)stream->private_data)->released++;
    stream->release = NULL;
}

static inline void batch_stream_init(struct batch_stream *s, int fails) {
    batch_init(&s->batch);
    s->given = 0;
    s->fails = fails;
    s->released = 0;
    s->stream.get_schema = batch_get_schema;
    s->stream.get_next = batch_get_next;
    s->stream.get_last_error = batch_last_error;
    s->stream.release = batch_release_stream;
    s->stream.private_data = s;
}

#endif
