/* A batch of Apache Arrow by hand, see batch.go. Everything that its structs point to lies in one piece of memory. */
#ifndef QUESTDB_GO_ARROWTEST_BATCH_H
#define QUESTDB_GO_ARROWTEST_BATCH_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "questdb_ingress.h"

enum { ROWS = 2, COLUMNS = 3 };

struct batch {
  struct ArrowArray array, columns[COLUMNS], *children[COLUMNS];
  struct ArrowSchema schema, types[COLUMNS], *fields[COLUMNS];
  struct ArrowArrayStream stream;
  const void *buffers[COLUMNS][3], *no_validity[1];
  int arrays, schemas, streams, left;
  bool fails, spoilt;
};

static void release_array(struct ArrowArray *array) {
  ((struct batch *)array->private_data)->arrays++;
  array->release = NULL;
}

static void release_schema(struct ArrowSchema *schema) {
  ((struct batch *)schema->private_data)->schemas++;
  schema->release = NULL;
}

static void release_stream(struct ArrowArrayStream *stream) {
  ((struct batch *)stream->private_data)->streams++;
  stream->release = NULL;
}

/* A child is released by its parent, so that its own callback is only a mark. */
static void release_child(struct ArrowArray *array) { array->release = NULL; }
static void release_field(struct ArrowSchema *schema) { schema->release = NULL; }

static void batch_fill(struct batch *b) {
  static const int64_t times[ROWS] = {1000000, 1000001};
  static const double prices[ROWS] = {0.5, 1.5};
  static const int32_t offsets[ROWS + 1] = {0, 3, 7};
  static const char *const formats[COLUMNS] = {"tsu:", "g", "u"}, *const names[COLUMNS] = {"at", "price", "side"};
  const void *const values[COLUMNS] = {times, prices, offsets};
  for (int i = 0; i < COLUMNS; i++) {
    b->buffers[i][1] = values[i];
    b->columns[i] = (struct ArrowArray){.length = ROWS, .n_buffers = i == 2 ? 3 : 2, .buffers = b->buffers[i], .release = release_child};
    b->types[i] = (struct ArrowSchema){.format = formats[i], .name = names[i], .release = release_field};
    b->children[i] = &b->columns[i];
    b->fields[i] = &b->types[i];
  }
  b->buffers[2][2] = b->spoilt ? "buys\xff\xff\xff" : "buysell";
  b->array = (struct ArrowArray){.length = ROWS, .n_buffers = 1, .buffers = b->no_validity, .n_children = COLUMNS,
                                 .children = b->children, .release = release_array, .private_data = b};
  b->schema = (struct ArrowSchema){.format = "+s", .name = "", .n_children = COLUMNS, .children = b->fields,
                                   .release = release_schema, .private_data = b};
}

static struct batch *batch_new(void) {
  struct batch *b = calloc(1, sizeof *b);
  if (b == NULL) abort();
  batch_fill(b);
  return b;
}

static int stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  *out = ((struct batch *)stream->private_data)->schema;
  return 0;
}

static int stream_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  struct batch *b = stream->private_data;
  if (b->left == 0) {
    out->release = NULL;
    return b->fails ? EIO : 0;
  }
  b->left--;
  *out = b->array;
  return 0;
}

static const char *stream_error(struct ArrowArrayStream *stream) {
  (void)stream;
  return "the disk is gone";
}

static void batch_stream(struct batch *b, int batches, bool fails) {
  b->left = batches;
  b->fails = fails;
  b->stream = (struct ArrowArrayStream){stream_schema, stream_next, stream_error, release_stream, b};
}

#endif
