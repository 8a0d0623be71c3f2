/* The conformance driver in C: commands on standard input, answers on standard output; see ../README.md. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "questdb_ingress.h"

enum { MAX_WORDS = 64 };
typedef struct { char *p; size_t n; } word;

static questdb_sender *sender;
static questdb_buffer *rows;
static questdb_row_layout *layout;
static questdb_pool *pool;
static questdb_buffer *batch;
static questdb_completion completions[MAX_WORDS]; /* by the number of the batch here */
static uint64_t batches[MAX_WORDS];
static size_t submitted;

/* Undoes the escapes, in place: %XX is a byte, a lone % nothing. */
static word text(char *w) {
  word out = {w, 0};
  for (char *p = w; *p && strcmp(w, "%") != 0; p++) {
    unsigned byte = (unsigned char)*p;
    if (byte == '%' && sscanf(p + 1, "%2x", &byte) == 1) p += 2;
    out.p[out.n++] = (char)byte;
  }
  return out;
}

static size_t split(char *line, const char *at, char **words) {
  size_t count = 0;
  for (char *w = strtok(line, at); w && count < MAX_WORDS; w = strtok(NULL, at)) words[count++] = w;
  return count;
}

static int64_t number(const char *w) { return strtoll(w, NULL, 10); }
static uint32_t small(const char *w) { return (uint32_t)number(w); }

static double bits(const char *hex) {
  union { uint64_t bits; double value; } both = {strtoull(hex, NULL, 16)};
  return both.value;
}

/* 2x3 and the bytes of the values; the shape goes behind the array. */
static questdb_array *array(char *shape, word data, size_t memory[]) {
  questdb_array *a = (questdb_array *)memory;
  size_t *sizes = memory + sizeof *a / sizeof *memory;
  *a = (questdb_array){0, sizes, NULL, (const uint8_t *)data.p, data.n, 0};
  for (char *p = shape; *p; p += *p == 'x') sizes[a->dims++] = strtoull(p, &p, 10);
  return a;
}

static questdb_error *prepared(char **w, size_t count) {
  questdb_cell cells[MAX_WORDS] = {0};
  size_t memory[MAX_WORDS][48];
  for (size_t i = 2; i < count; i++) {
    questdb_cell *cell = &cells[i - 2];
    char kind = w[i][0], *part[MAX_WORDS];
    size_t parts = split(w[i], ":", part);
    word value = text(part[parts - 1]);
    cell->kind = (uint32_t)(strchr("nbiftad", kind) - "nbiftad");
    cell->len = value.n;
    cell->value.ptr = value.p;
    if (kind == 'b' || kind == 'i') cell->value.i64 = number(part[1]);
    if (kind == 'f') cell->value.f64 = bits(part[1]);
    if (kind == 'a') cell->value.ptr = array(part[1], value, memory[i]);
    if (kind == 'd') cell->scale = small(part[1]);
  }
  return questdb_sender_append_row(sender, layout, cells, count - 2, number(w[1]));
}

static questdb_error *new_layout(char **w, size_t count) {
  questdb_row_layout_free(layout);
  word name = text(w[1]);
  questdb_error *error = questdb_row_layout_new(name.p, name.n, small(w[2]), &layout);
  for (size_t i = 3; i < count && !error; i++) {
    char *part[MAX_WORDS];
    split(w[i], ":", part);
    name = text(part[0]);
    error = questdb_row_layout_add(layout, name.p, name.n, small(part[1]));
  }
  return error;
}

static questdb_error *submit(questdb_buffer *buffer, const char *key) {
  questdb_submit how = {sizeof how, 0, (uint64_t)number(key), 0, 1, 0};
  questdb_error *error = questdb_pool_submit(pool, buffer, &how, &batches[submitted]);
  completions[submitted] = (questdb_completion){.size = sizeof *completions};
  submitted += !error;
  return error;
}

/* What is not a command of the pool answers false. */
static bool of_pool(char **w, questdb_error **error, uint64_t *result) {
#define IS(name) (strcmp(w[0], name) == 0)
  const size_t at = IS("done") || IS("again") ? (size_t)number(w[1]) : 0;
  questdb_completion *done = &completions[at];
  if (IS("pool")) {
    word conf = text(w[1]);
    questdb_buffer_free(batch);
    questdb_pool_free(pool);
    batch = NULL, submitted = 0;
    *error = questdb_pool_from_conf(conf.p, conf.n, &pool);
    if (!*error) *error = questdb_pool_new_buffer(pool, &batch);
  } else if (IS("batch")) {
    word table = text(w[1]);
    *error = questdb_buffer_clear(batch);
    for (int64_t i = number(w[2]); i < number(w[2]) + number(w[3]) && !*error; i++) {
      (void)((*error = questdb_buffer_table(batch, table.p, table.n)) || (*error = questdb_buffer_column_i64(batch, "v", 1, i)) ||
             (*error = questdb_buffer_at_nanos(batch, i)));
    }
    if (!*error) *error = submit(batch, w[4]);
  } else if (IS("done")) {
    *error = questdb_pool_wait(pool, batches[at], 60000, done);
    if (!*error) *error = done->error; /* freed when it was printed */
    *result = done->rows;
  } else if (IS("again")) {
    *error = submit(done->failed_rows, w[2]);
    questdb_buffer_free(done->failed_rows);
  } else if (IS("pool_stat")) {
    *result = questdb_pool_stat(pool, small(w[1]));
  } else if (IS("pool_close")) {
    questdb_pool_report report = {.size = sizeof report};
    *error = questdb_pool_close(pool, (uint64_t)number(w[1]), &report);
    *result = report.unsent_rows + report.rows_in_doubt;
  } else {
    return false;
  }
  return true;
#undef IS
}

static questdb_error *command(char **w, size_t count, uint64_t *result) {
  size_t memory[48];
  questdb_error *told = NULL;
  if (of_pool(w, &told, result)) return told;
#define IS(name) (strcmp(w[0], name) == 0)
  if (IS("row")) return prepared(w, count);
  if (IS("layout")) return new_layout(w, count);
  word a = text(count > 1 ? w[1] : w[0]), v = text(count > 2 ? w[count - 1] : w[0]);
  if (IS("open")) {
    questdb_error *error = questdb_sender_from_conf(a.p, a.n, &sender);
    rows = questdb_sender_buffer(sender);
    return error;
  }
  if (IS("table")) return questdb_buffer_table(rows, a.p, a.n);
  if (IS("symbol")) return questdb_buffer_symbol(rows, a.p, a.n, v.p, v.n);
  if (IS("str")) return questdb_buffer_column_str(rows, a.p, a.n, v.p, v.n);
  if (IS("dec")) return questdb_buffer_column_dec_str(rows, a.p, a.n, v.p, v.n);
  if (IS("bool")) return questdb_buffer_column_bool(rows, a.p, a.n, number(w[2]) != 0);
  if (IS("i64")) return questdb_buffer_column_i64(rows, a.p, a.n, number(w[2]));
  if (IS("f64")) return questdb_buffer_column_f64(rows, a.p, a.n, bits(w[2]));
  if (IS("us")) return questdb_buffer_column_ts_micros(rows, a.p, a.n, number(w[2]));
  if (IS("ns")) return questdb_buffer_column_ts_nanos(rows, a.p, a.n, number(w[2]));
  if (IS("arr")) return questdb_buffer_column_f64_arr(rows, a.p, a.n, array(w[2], v, memory));
  if (IS("dec64")) return questdb_buffer_column_dec_i64(rows, a.p, a.n, small(w[2]), number(w[3]));
  if (IS("decbin")) return questdb_buffer_column_dec(rows, a.p, a.n, small(w[2]), (const uint8_t *)v.p, v.n);
  if (IS("at_ns")) return questdb_sender_at_nanos(sender, number(w[1]));
  if (IS("at_us")) return questdb_sender_at_micros(sender, number(w[1]));
  if (IS("at_now")) return questdb_sender_at_now(sender);
  if (IS("flush")) return questdb_sender_flush_own(sender);
  if (IS("begin")) return questdb_sender_begin(sender, a.p, a.n);
  if (IS("commit")) return questdb_sender_commit(sender);
  *result = IS("stat") ? questdb_sender_stat(sender, small(w[1])) : IS("pending") ? questdb_buffer_row_count(rows) : 0;
  if (IS("stat") || IS("pending")) return NULL;
  if (IS("clear")) return questdb_buffer_clear(rows);
  if (IS("rollback")) return questdb_sender_rollback(sender);
  if (IS("drop")) return questdb_buffer_drop_row(rows);
  if (IS("remove")) return questdb_buffer_remove_rows(rows, (size_t)number(w[1]), (size_t)number(w[2]));
  questdb_error *error = questdb_sender_close(sender, (uint64_t)number(w[1]), result);
  questdb_sender_free(sender);
  return sender = NULL, error;
}

int main(void) {
  static char line[1 << 25], *words[MAX_WORDS];
  while (fgets(line, sizeof line, stdin)) {
    uint64_t result = 0;
    questdb_error *e = command(words, split(line, " \n", words), &result);
    if (!e) printf("ok %" PRIu64 "\n", result);
    else printf("err %s %s %s%s%s. %u %" PRIu64 " %s\n", questdb_error_code_name(questdb_error_get_code(e)),
                questdb_outcome_name(questdb_error_outcome(e)), questdb_error_retryable(e) ? "r" : "",
                questdb_error_in_doubt(e) ? "d" : "", questdb_error_row_accepted(e) ? "a" : "",
                questdb_error_http_status(e), questdb_error_server_line(e), questdb_error_message(e));
    questdb_error_free(e);
    fflush(stdout);
  }
  questdb_row_layout_free(layout);
  questdb_sender_free(sender);
  questdb_buffer_free(batch);
  questdb_pool_free(pool);
}
