/*
 * The C interface of questdb-ingress, which sends rows to QuestDB.
 *
 * ERRORS. A function that can fail returns NULL on success, or an error that you own: read it with questdb_error_*, then
 * free it with questdb_error_free. Failure is reported in no other way. After a failure, buffers, layouts and configurations
 * are as they were before the call, and an out parameter for a handle holds NULL. There are two exceptions. When
 * questdb_sender_at_* or questdb_sender_append_* fail because of the automatic flush, the rows are in the buffer, and
 * questdb_error_row_accepted says so. When questdb_sender_close fails, the sender is closed all the same, an open row is
 * dropped, and complete rows may have been sent. questdb_error_outcome says what is known about the data of a failed flush.
 *
 * HANDLES. _new, _from_*, _with_* and _clone make a handle that you own; only _free takes it back. _free of
 * NULL does nothing. Any other function that gets NULL for a handle returns INVALID_ARGUMENT, or 0, false or NULL if it
 * cannot fail. A handle inside which a call panicked does the same with HANDLE_POISONED. Handles are independent: freeing
 * one never invalidates another. The only exception is the buffer that questdb_sender_buffer lends, which lives as long
 * as its sender. A returned const char * or const uint8_t * belongs to the handle it came from and lives until that
 * handle is changed or freed.
 *
 * TEXT IN is a pointer and a length in bytes: UTF-8, without a NUL at the end. QUESTDB_STR("literal") writes both arguments.
 * The pointer may be NULL if the length is 0. The memory is read during the call only. TEXT OUT ends with a NUL.
 *
 * NUMBERS. Codes, outcomes and protocol versions are passed as integers. Numbers that this header does not name may come from
 * a newer library: treat an unknown code as INTERNAL, and an unknown outcome as QUESTDB_OUTCOME_IN_DOUBT.
 *
 * THREADS. A handle may move between threads and is used by one at a time; the comment of a type says where more is allowed.
 * The library does not change the process: it installs no logger, no signal handler and no panic hook, and it does not change
 * the environment.
 *
 * DEFECTS. A panic inside the library is caught: the call returns INTERNAL, and later calls on that handle return
 * HANDLE_POISONED. Freeing the handle still works, and other handles are not affected. If memory runs out, calls whose memory
 * grows with the data return OUT_OF_MEMORY; where only a few bytes are needed and cannot be allocated, the process ends.
 *
 * Generated from capi/src by `QUESTDB_BLESS=1 cargo test header`; do not edit.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef QUESTDB_INGRESS_H
#define QUESTDB_INGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#define QUESTDB_VERSION "0.1.0"
#define QUESTDB_VERSION_MAJOR 0
#define QUESTDB_VERSION_MINOR 1
#define QUESTDB_VERSION_PATCH 0

/** What questdb_abi_version() of a library that fits this header returns. */
#define QUESTDB_ABI_VERSION 1

/** Define QUESTDB_STATIC on Windows to link the static library. */
#if defined(_WIN32) && !defined(QUESTDB_STATIC)
#define QUESTDB_API __declspec(dllimport)
#else
#define QUESTDB_API
#endif

#if defined(__GNUC__) || defined(__clang__)
#define QUESTDB_MUST_USE __attribute__((warn_unused_result))
#else
#define QUESTDB_MUST_USE
#endif

/** A string literal as the two arguments that text takes: pointer and length. */
#define QUESTDB_STR(literal) ("" literal), (sizeof(literal) - 1)

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

/** The type of an array, in Arrow's C data interface. */
struct ArrowSchema {
  const char *format;
  const char *name;
  const char *metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema **children;
  struct ArrowSchema *dictionary;
  void (*release)(struct ArrowSchema *);
  void *private_data;
};

/** The values of an array, in Arrow's C data interface. */
struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void **buffers;
  struct ArrowArray **children;
  struct ArrowArray *dictionary;
  void (*release)(struct ArrowArray *);
  void *private_data;
};

#endif

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

/** A sequence of arrays, in Arrow's C stream interface. */
struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
  int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
  const char *(*get_last_error)(struct ArrowArrayStream *);
  void (*release)(struct ArrowArrayStream *);
  void *private_data;
};

#endif

/**
 * A counter of a sender. Counters only grow, except those that say otherwise. Numbers never change.
 */
enum
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  questdb_stat : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Flushes that succeeded.
   */
  QUESTDB_STAT_FLUSHES = 0,
  /**
   * Flushes that returned an error.
   */
  QUESTDB_STAT_FAILED_FLUSHES = 1,
  /**
   * Rows that the server confirmed (HTTP).
   */
  QUESTDB_STAT_ROWS_COMMITTED = 2,
  /**
   * Bytes that the server confirmed (HTTP).
   */
  QUESTDB_STAT_BYTES_COMMITTED = 3,
  /**
   * Rows given to the kernel (TCP, which has no confirmation).
   */
  QUESTDB_STAT_ROWS_SUBMITTED = 4,
  /**
   * Bytes given to the kernel (TCP).
   */
  QUESTDB_STAT_BYTES_SUBMITTED = 5,
  /**
   * Retries because no connection could be made.
   */
  QUESTDB_STAT_RETRIES_CONNECT = 6,
  /**
   * Retries because a connection broke.
   */
  QUESTDB_STAT_RETRIES_CONNECTION = 7,
  /**
   * Retries because time ran out.
   */
  QUESTDB_STAT_RETRIES_TIMEOUT = 8,
  /**
   * Retries because the server was too busy (408, 425, 429, 503).
   */
  QUESTDB_STAT_RETRIES_BUSY = 9,
  /**
   * Retries because of another server error.
   */
  QUESTDB_STAT_RETRIES_SERVER = 10,
  /**
   * Attempts that sent a complete request without learning its fate.
   */
  QUESTDB_STAT_IN_DOUBT_ATTEMPTS = 11,
  /**
   * Connections made after the first.
   */
  QUESTDB_STAT_RECONNECTS = 12,
  /**
   * Automatic flushes that failed.
   */
  QUESTDB_STAT_FAILED_AUTO_FLUSHES = 13,
  /**
   * How long the next automatic flush waits since the last one failed, in milliseconds, as it was drawn; 0 after a
   * success. Falls as well as it grows.
   */
  QUESTDB_STAT_AUTO_FLUSH_WAIT_MILLIS = 14,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum questdb_stat questdb_stat;
#else
typedef uint32_t questdb_stat;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What kind of thing went wrong, by what the caller would do about it. Numbers never change and are never reused.
 */
enum
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  questdb_error_code : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * An argument is NULL, out of range or of the wrong length.
   */
  QUESTDB_ERROR_CODE_INVALID_ARGUMENT = 1,
  /**
   * The call does not fit the state of the object: wrong order, wrong thread, closed.
   */
  QUESTDB_ERROR_CODE_INVALID_STATE = 2,
  /**
   * A table or column name breaks the naming rules or the length limit.
   */
  QUESTDB_ERROR_CODE_INVALID_NAME = 3,
  /**
   * Text is not valid UTF-8.
   */
  QUESTDB_ERROR_CODE_INVALID_UTF8 = 4,
  /**
   * A timestamp is negative or does not fit the unit of the wire format.
   */
  QUESTDB_ERROR_CODE_INVALID_TIMESTAMP = 5,
  /**
   * An array has a bad shape, bad strides or too little data.
   */
  QUESTDB_ERROR_CODE_INVALID_ARRAY = 6,
  /**
   * A decimal is not a number, or its scale or length is out of range.
   */
  QUESTDB_ERROR_CODE_INVALID_DECIMAL = 7,
  /**
   * The protocol version in use cannot express this, or client and server share no version.
   */
  QUESTDB_ERROR_CODE_PROTOCOL_VERSION = 8,
  /**
   * A configured limit (such as `max_buf_size`) would be exceeded.
   */
  QUESTDB_ERROR_CODE_LIMIT_EXCEEDED = 9,
  /**
   * Memory could not be allocated.
   */
  QUESTDB_ERROR_CODE_OUT_OF_MEMORY = 10,
  /**
   * The configuration is wrong.
   */
  QUESTDB_ERROR_CODE_CONFIG = 11,
  /**
   * The host name could not be resolved.
   */
  QUESTDB_ERROR_CODE_COULD_NOT_RESOLVE = 12,
  /**
   * The connection could not be made, or broke.
   */
  QUESTDB_ERROR_CODE_CONNECTION = 13,
  /**
   * A deadline passed.
   */
  QUESTDB_ERROR_CODE_TIMEOUT = 14,
  /**
   * TLS could not be established or was violated.
   */
  QUESTDB_ERROR_CODE_TLS = 15,
  /**
   * The server refused the credentials, or authentication failed.
   */
  QUESTDB_ERROR_CODE_AUTH = 16,
  /**
   * The peer answered, but not as a QuestDB ingestion endpoint does.
   */
  QUESTDB_ERROR_CODE_NOT_QUESTDB = 17,
  /**
   * The server refused the data.
   */
  QUESTDB_ERROR_CODE_REJECTED = 18,
  /**
   * The server refused the data because the request is too large.
   */
  QUESTDB_ERROR_CODE_PAYLOAD_TOO_LARGE = 19,
  /**
   * The server cannot take data now.
   */
  QUESTDB_ERROR_CODE_UNAVAILABLE = 20,
  /**
   * An earlier call on this handle panicked; the handle can only be freed.
   */
  QUESTDB_ERROR_CODE_HANDLE_POISONED = 21,
  /**
   * A defect of this library.
   */
  QUESTDB_ERROR_CODE_INTERNAL = 22,
  /**
   * The call was cancelled from another thread; the outcome says what is known about the data.
   */
  QUESTDB_ERROR_CODE_CANCELLED = 23,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum questdb_error_code questdb_error_code;
#else
typedef uint32_t questdb_error_code;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What is known about the data after a flush. Read a number that you do not know as in doubt.
 */
enum
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  questdb_outcome : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * No attempt handed a complete request to the kernel; nothing was stored. Resending is safe.
   */
  QUESTDB_OUTCOME_NOT_SENT = 1,
  /**
   * The server refused the whole request and stored nothing.
   */
  QUESTDB_OUTCOME_REJECTED = 2,
  /**
   * The server refused a request of several tables; some tables may have been stored. Resending may duplicate.
   */
  QUESTDB_OUTCOME_PARTIAL = 3,
  /**
   * The complete request went out and no complete answer came back. Resending may duplicate.
   */
  QUESTDB_OUTCOME_IN_DOUBT = 4,
  /**
   * ILP/TCP: the data was given to the kernel; the protocol has no acknowledgement.
   */
  QUESTDB_OUTCOME_SUBMITTED = 5,
  /**
   * The server confirmed that the data is stored.
   */
  QUESTDB_OUTCOME_COMMITTED = 6,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum questdb_outcome questdb_outcome;
#else
typedef uint32_t questdb_outcome;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Where the designated timestamp of prepared rows comes from.
 */
enum
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  questdb_stamp : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Given with each row, in nanoseconds since 1970.
   */
  QUESTDB_STAMP_NANOS = 1,
  /**
   * Given with each row, in microseconds since 1970.
   */
  QUESTDB_STAMP_MICROS = 2,
  /**
   * The server's clock.
   */
  QUESTDB_STAMP_NOW = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum questdb_stamp questdb_stamp;
#else
typedef uint32_t questdb_stamp;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a prepared column holds.
 */
enum
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  questdb_column_kind : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * A symbol; its cells are text.
   */
  QUESTDB_COLUMN_KIND_SYMBOL = 1,
  /**
   * A boolean.
   */
  QUESTDB_COLUMN_KIND_BOOL = 2,
  /**
   * A 64-bit integer.
   */
  QUESTDB_COLUMN_KIND_I64 = 3,
  /**
   * A double.
   */
  QUESTDB_COLUMN_KIND_F64 = 4,
  /**
   * A string; its cells are text.
   */
  QUESTDB_COLUMN_KIND_STR = 5,
  /**
   * A timestamp; its cells are integers, microseconds since 1970.
   */
  QUESTDB_COLUMN_KIND_TS_MICROS = 6,
  /**
   * A timestamp; its cells are integers, nanoseconds since 1970.
   */
  QUESTDB_COLUMN_KIND_TS_NANOS = 7,
  /**
   * An n-dimensional array of doubles.
   */
  QUESTDB_COLUMN_KIND_F64_ARRAY = 8,
  /**
   * A decimal; its cells are text or binary.
   */
  QUESTDB_COLUMN_KIND_DECIMAL = 9,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum questdb_column_kind questdb_column_kind;
#else
typedef uint32_t questdb_column_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The kind of value that a cell holds.
 */
enum
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  questdb_cell_kind : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Nothing: the column is left out of the row.
   */
  QUESTDB_CELL_KIND_NULL = 0,
  /**
   * A boolean in `value.i64`: true unless it is 0.
   */
  QUESTDB_CELL_KIND_BOOL = 1,
  /**
   * An integer or a timestamp in `value.i64`.
   */
  QUESTDB_CELL_KIND_I64 = 2,
  /**
   * A double in `value.f64`.
   */
  QUESTDB_CELL_KIND_F64 = 3,
  /**
   * `len` bytes of UTF-8 at `value.ptr`: a symbol, a string or the text of a decimal.
   */
  QUESTDB_CELL_KIND_TEXT = 4,
  /**
   * A `questdb_array` at `value.ptr`.
   */
  QUESTDB_CELL_KIND_ARRAY = 5,
  /**
   * `len` bytes at `value.ptr`: a decimal, as a big-endian two's complement integer that is divided by 10 to the power of
   * `scale`.
   */
  QUESTDB_CELL_KIND_DECIMAL = 6,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum questdb_cell_kind questdb_cell_kind;
#else
typedef uint32_t questdb_cell_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How the values of a column lie in memory.
 */
enum
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  questdb_values_kind : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Booleans at `values`, one byte each: true unless it is 0.
   */
  QUESTDB_VALUES_KIND_BYTES = 1,
  /**
   * Booleans at `values`, one bit each, the lowest bit of each byte first, beginning with bit `first_bit`.
   */
  QUESTDB_VALUES_KIND_BITS = 2,
  /**
   * `int64_t` at `values`: integers and timestamps.
   */
  QUESTDB_VALUES_KIND_I64 = 3,
  /**
   * `double` at `values`.
   */
  QUESTDB_VALUES_KIND_F64 = 4,
  /**
   * Texts: text `i` is `text[offsets[i] .. offsets[i + 1]]`, so `offsets` has one entry more than there are rows.
   */
  QUESTDB_VALUES_KIND_TEXT = 5,
  /**
   * Texts from a dictionary: the text of row `i` has the number `values[i]`, an integer of `width` bytes, among the
   * `dictionary_len` texts that `offsets` and `text` describe.
   */
  QUESTDB_VALUES_KIND_DICTIONARY = 6,
  /**
   * `questdb_array` at `values`.
   */
  QUESTDB_VALUES_KIND_ARRAYS = 7,
  /**
   * Decimals at `values`: big-endian two's complement integers of `width` bytes, divided by 10 to the power of `scale`.
   */
  QUESTDB_VALUES_KIND_DECIMALS = 8,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum questdb_values_kind questdb_values_kind;
#else
typedef uint32_t questdb_values_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Which texts of a batch become symbols; all others become strings.
 */
enum
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  questdb_arrow_symbols : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The columns that are dictionaries. This is the default.
   */
  QUESTDB_ARROW_SYMBOLS_DICTIONARIES = 1,
  /**
   * All columns of texts.
   */
  QUESTDB_ARROW_SYMBOLS_TEXTS = 2,
  /**
   * The columns that `questdb_arrow_options_symbol_column` names.
   */
  QUESTDB_ARROW_SYMBOLS_LISTED = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum questdb_arrow_symbols questdb_arrow_symbols;
#else
typedef uint32_t questdb_arrow_symbols;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What `questdb_pool_stat` returns. Newer libraries have more.
 */
enum
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  questdb_pool_counter : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Batches that wait to be sent.
   */
  QUESTDB_POOL_COUNTER_QUEUED_BATCHES = 0,
  /**
   * Batches that are being sent.
   */
  QUESTDB_POOL_COUNTER_BATCHES_IN_FLIGHT = 1,
  /**
   * Completions that `questdb_pool_next` will return.
   */
  QUESTDB_POOL_COUNTER_UNREAD_COMPLETIONS = 2,
  /**
   * Bytes that count against `queue_max_bytes`.
   */
  QUESTDB_POOL_COUNTER_QUEUE_BYTES = 3,
  /**
   * Threads of the pool, each of which has a connection of its own.
   */
  QUESTDB_POOL_COUNTER_WORKERS = 4,
  /**
   * Rows of batches that succeeded.
   */
  QUESTDB_POOL_COUNTER_ROWS_SENT = 5,
  /**
   * Rows of batches that certainly were not stored.
   */
  QUESTDB_POOL_COUNTER_ROWS_NOT_STORED = 6,
  /**
   * Rows of batches that may be stored.
   */
  QUESTDB_POOL_COUNTER_ROWS_IN_DOUBT = 7,
  /**
   * How many milliseconds a submit waits for room unless it names a time: `acquire_timeout_ms`.
   */
  QUESTDB_POOL_COUNTER_ACQUIRE_TIMEOUT_MILLIS = 8,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum questdb_pool_counter questdb_pool_counter;
#else
typedef uint32_t questdb_pool_counter;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What the columns of a batch are to QuestDB: the table, the symbols, the designated timestamps. A table and a timestamp have
 * to be chosen.
 *
 * Threads: may move between threads; used by one at a time while it is changed, and by any number while batches are appended.
 */
typedef struct questdb_arrow_options questdb_arrow_options;

/**
 * A buffer in which rows are built. Every call that fails leaves the buffer exactly as it was.
 *
 * Threads: may move between threads; used by one at a time. It has no lock.
 */
typedef struct questdb_buffer questdb_buffer;

/**
 * A column or symbol name that was checked once, so that using it costs no more than copying its bytes.
 *
 * Threads: immutable; may be used from several threads at once.
 */
typedef struct questdb_column_name questdb_column_name;

/**
 * Options for a sender.
 *
 * Threads: may move between threads; used by one at a time.
 */
typedef struct questdb_config questdb_config;

/**
 * An error. It belongs to whoever received it, until `questdb_error_free`.
 *
 * Threads: may move between threads, and may be read from several at once.
 */
typedef struct questdb_error questdb_error;

/**
 * A pool: takes batches of rows from any thread and sends them over several connections, on threads of its own.
 *
 * Every batch has exactly one completion, whatever happens. It is returned once: by `questdb_pool_wait`, or by
 * `questdb_pool_next`, whichever comes first.
 *
 * Threads: any thread may make any call at any time until `questdb_pool_free` begins.
 * A pool does not survive `fork`: in the child process every call that returns an error returns INVALID_STATE,
 * `questdb_pool_stat` returns 0, and `questdb_pool_free` frees the child's copy without disturbing the parent.
 */
typedef struct questdb_pool questdb_pool;

/**
 * A table and its columns, described once, so that one call appends a whole row.
 *
 * Threads: may move between threads; used by one at a time while columns are added, and by any number while rows are appended.
 */
typedef struct questdb_row_layout questdb_row_layout;

/**
 * A sender: sends rows to QuestDB.
 *
 * Threads: may move between threads; used by one at a time: a call that finds the sender in use by another thread returns
 * INVALID_STATE. `questdb_sender_cancel`, `questdb_sender_stat` and `questdb_sender_last_error` may be called at any time from
 * any thread.
 * A sender does not survive `fork`: in the child process every call that goes to the server (connect, flush, begin, commit,
 * close, an automatic flush) returns INVALID_STATE.
 */
typedef struct questdb_sender questdb_sender;

/**
 * A table name that was checked once, so that using it costs no more than copying its bytes.
 *
 * Threads: immutable; may be used from several threads at once.
 */
typedef struct questdb_table_name questdb_table_name;

/**
 * An n-dimensional array of doubles in your memory. The layout of this struct is frozen.
 *
 * Element `[i, j, …]` is read at `data + origin + i*strides[0] + j*strides[1] + …`, all in bytes; strides may be zero or
 * negative and need no alignment. Every element must lie within `data_len` bytes from `data`, or the call fails.
 */
typedef struct {
  /**
   * Number of dimensions, 1 to 32.
   */
  size_t dims;
  /**
   * Elements in each dimension, `dims` of them.
   */
  const size_t *shape;
  /**
   * Bytes from one element to the next in each dimension, `dims` of them. NULL: row-major, without gaps, from `origin`.
   */
  const ptrdiff_t *strides;
  /**
   * Start of the memory.
   */
  const uint8_t *data;
  /**
   * Bytes of the memory.
   */
  size_t data_len;
  /**
   * Bytes from `data` to element `[0, 0, …]`.
   */
  size_t origin;
} questdb_array;

/**
 * The value of a cell.
 */
typedef union {
  /**
   * Booleans, integers and timestamps.
   */
  int64_t i64;
  /**
   * Doubles.
   */
  double f64;
  /**
   * Text, arrays and decimals.
   */
  const void *ptr;
} questdb_cell_value;

/**
 * One value of a row. 24 bytes on 64-bit platforms; the layout of this struct is frozen.
 */
typedef struct {
  /**
   * One of `questdb_cell_kind`.
   */
  uint32_t kind;
  /**
   * DECIMAL: the scale, 0 to 76.
   */
  uint32_t scale;
  /**
   * The value.
   */
  questdb_cell_value value;
  /**
   * TEXT, DECIMAL: the number of bytes at `value.ptr`.
   */
  size_t len;
} questdb_cell;

/**
 * The values of one column, one per row. Fields that the kind does not use are not read. The layout of this struct is frozen.
 */
typedef struct {
  /**
   * One of `questdb_values_kind`.
   */
  uint32_t kind;
  /**
   * DICTIONARY: bytes per entry of `values`: 1, 2, 4 or 8. DECIMALS: bytes per value, at most 32.
   */
  uint32_t width;
  /**
   * DECIMALS: the scale, 0 to 76.
   */
  uint32_t scale;
  /**
   * TEXT, DICTIONARY: bytes per entry of `offsets`: 4 or 8.
   */
  uint32_t offset_width;
  /**
   * The values.
   */
  const void *values;
  /**
   * BITS: the number of the bit that belongs to the first row.
   */
  size_t first_bit;
  /**
   * TEXT, DICTIONARY: the places in `text` where each text begins and where the last one ends.
   */
  const void *offsets;
  /**
   * TEXT, DICTIONARY: the texts, in UTF-8.
   */
  const uint8_t *text;
  /**
   * TEXT, DICTIONARY: the number of bytes at `text`.
   */
  size_t text_len;
  /**
   * DICTIONARY: the number of texts.
   */
  size_t dictionary_len;
  /**
   * One bit per row, the lowest bit of each byte first: set if the row has a value. NULL: every row has a value.
   */
  const uint8_t *validity;
  /**
   * The number of the bit at `validity` that belongs to the first row.
   */
  size_t validity_first_bit;
} questdb_column_data;

/**
 * How a batch is submitted. Set `size`, and leave the rest 0 for what most callers need. Fields never move; later versions may
 * add some at the end. A `size` that the library does not know is INVALID_ARGUMENT.
 */
typedef struct {
  /**
   * `sizeof(questdb_submit)`.
   */
  size_t size;
  /**
   * A number of yours, which the completion returns.
   */
  uint64_t user_data;
  /**
   * Batches with the same key go out one after the other, if `has_order_key` is set.
   */
  uint64_t order_key;
  /**
   * How long to wait while the queue is full, in milliseconds, if `has_timeout` is set; otherwise `acquire_timeout_ms`.
   */
  uint64_t timeout_millis;
  /**
   * Whether `order_key` counts: 0 or 1.
   */
  uint32_t has_order_key;
  /**
   * Whether `timeout_millis` counts: 0 or 1.
   */
  uint32_t has_timeout;
} questdb_submit;

/**
 * What became of a batch. Set `size` of the first one before the call: all of an array have that size, and the call sets the
 * others. Fields never move; later versions may add some at the end. A `size` that the library does not know is
 * INVALID_ARGUMENT.
 */
typedef struct {
  /**
   * `sizeof(questdb_completion)`.
   */
  size_t size;
  /**
   * The batch, as `questdb_pool_submit` returned it.
   */
  uint64_t batch;
  /**
   * The number that was given to `questdb_pool_submit`, otherwise 0.
   */
  uint64_t user_data;
  /**
   * The number of rows in the batch.
   */
  uint64_t rows;
  /**
   * The number of bytes in the batch.
   */
  uint64_t bytes;
  /**
   * What is known about the rows: one of `questdb_outcome`.
   */
  uint32_t outcome;
  /**
   * How many attempts were made to send the batch.
   */
  uint32_t attempts;
  /**
   * How many of them ended in doubt.
   */
  uint32_t in_doubt_attempts;
  /**
   * 0.
   */
  uint32_t reserved;
  /**
   * Why the batch failed; NULL after a success. Yours: `questdb_error_free`.
   */
  questdb_error *error;
  /**
   * The rows of a batch that failed, to send them again or to keep them elsewhere; NULL after a success. Yours:
   * `questdb_buffer_free`.
   */
  questdb_buffer *failed_rows;
} questdb_completion;

/**
 * What `questdb_pool_close` has achieved with the batches that were not complete when it was called.
 */
typedef struct {
  /**
   * `sizeof(questdb_pool_report)`.
   */
  size_t size;
  /**
   * Rows of batches that were refused or not sent.
   */
  uint64_t unsent_rows;
  /**
   * Rows of batches that may be stored, as a whole or in part.
   */
  uint64_t rows_in_doubt;
  /**
   * Rows that were given to the kernel over TCP connections and may be lost, over the whole life of the pool.
   */
  uint64_t earlier_rows_in_doubt;
} questdb_pool_report;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Returns the version of the library, such as `0.1.0`.
 *
 * Ownership: the text is static.
 * Since: 0.1
 */
QUESTDB_API const char *questdb_version(void);

/**
 * Returns the version of the ABI. A library whose number differs from `QUESTDB_ABI_VERSION` of the header must not be used.
 *
 * Since: 0.1
 */
QUESTDB_API
uint32_t questdb_abi_version(void);

/**
 * Frees an error. NULL is fine.
 *
 * Since: 0.1
 */
QUESTDB_API void questdb_error_free(questdb_error *error);

/**
 * Returns the kind of the error: one of `questdb_error_code`, or 0 for NULL. Newer libraries may return numbers that this
 * header does not name.
 *
 * Since: 0.1
 */
QUESTDB_API
uint32_t questdb_error_get_code(const questdb_error *error);

/**
 * Returns the name of an error code, such as `INVALID_NAME`, or `UNKNOWN` for a number that this library does not know.
 *
 * Ownership: the text is static.
 * Since: 0.1
 */
QUESTDB_API
const char *questdb_error_code_name(uint32_t code);

/**
 * Returns the message: one line for people, without secrets.
 *
 * Ownership: the text belongs to the error and lives until it is freed. NULL for NULL.
 * Since: 0.1
 */
QUESTDB_API const char *questdb_error_message(const questdb_error *error);

/**
 * Returns what is known about the data: one of `questdb_outcome`, or 0 for NULL. Treat a number that you do not know as
 * `QUESTDB_OUTCOME_IN_DOUBT`.
 *
 * Since: 0.1
 */
QUESTDB_API
uint32_t questdb_error_outcome(const questdb_error *error);

/**
 * Returns the name of an outcome, such as `NOT_SENT`, or `IN_DOUBT` for a number that this library does not know.
 *
 * Ownership: the text is static.
 * Since: 0.1
 */
QUESTDB_API
const char *questdb_outcome_name(uint32_t outcome);

/**
 * Returns whether the same call may succeed later without any change.
 *
 * Since: 0.1
 */
QUESTDB_API bool questdb_error_retryable(const questdb_error *error);

/**
 * Returns whether the data may have been stored, so that sending it again may duplicate rows: the outcome is IN_DOUBT or
 * PARTIAL, or an earlier attempt was in doubt.
 *
 * Since: 0.1
 */
QUESTDB_API
bool questdb_error_in_doubt(const questdb_error *error);

/**
 * Returns whether the row that the failed call ended is in the buffer, because only the automatic flush after it failed. Do
 * not add that row again.
 *
 * Since: 0.1
 */
QUESTDB_API
bool questdb_error_row_accepted(const questdb_error *error);

/**
 * Returns how many rows the sender had taken of those that the failed call was given, if it takes them piece by piece: they
 * were sent or are in the buffer. Go on with the row after them.
 *
 * Since: 0.1
 */
QUESTDB_API
size_t questdb_error_rows_accepted(const questdb_error *error);

/**
 * Returns how many attempts the flush made.
 *
 * Since: 0.1
 */
QUESTDB_API uint32_t questdb_error_attempts(const questdb_error *error);

/**
 * Returns how many attempts sent the complete request without learning what became of it.
 *
 * Since: 0.1
 */
QUESTDB_API uint32_t questdb_error_in_doubt_attempts(const questdb_error *error);

/**
 * Returns the HTTP status of the last answer, or 0 if there was none.
 *
 * Since: 0.1
 */
QUESTDB_API uint32_t questdb_error_http_status(const questdb_error *error);

/**
 * Returns how many milliseconds the server asked the client to wait before the next attempt, or -1 if it did not ask.
 *
 * Since: 0.1
 */
QUESTDB_API
int64_t questdb_error_retry_after_millis(const questdb_error *error);

/**
 * Returns the id that the server gave this error, which is also in the server's log, or NULL if there is none.
 *
 * Ownership: the text belongs to the error and lives until it is freed.
 * Since: 0.1
 */
QUESTDB_API
const char *questdb_error_server_error_id(const questdb_error *error);

/**
 * Returns the server's own code for the kind of error, such as `invalid`, or NULL if there is none.
 *
 * Ownership: the text belongs to the error and lives until it is freed.
 * Since: 0.1
 */
QUESTDB_API const char *questdb_error_server_code(const questdb_error *error);

/**
 * Returns the number of the first refused row in the flushed buffer, counted from 1, or 0 if it is unknown. A PROTOCOL_VERSION
 * error about a row that was built before the server's protocol version was known has this number too.
 *
 * Since: 0.1
 */
QUESTDB_API
uint64_t questdb_error_server_line(const questdb_error *error);

/**
 * Returns the table that the error is about, or NULL if it is unknown.
 *
 * Ownership: the text belongs to the error and lives until it is freed.
 * Since: 0.1
 */
QUESTDB_API const char *questdb_error_table(const questdb_error *error);

/**
 * Returns how many rows of earlier successful flushes over this TCP connection may be lost, because the connection broke or
 * did not end properly. Each row is reported once. Rows of the failed flush itself are not counted, but an error of
 * `questdb_sender_close` counts the rows that this call gave to the kernel. 0 over HTTP and for NULL.
 *
 * Since: 0.1
 */
QUESTDB_API
uint64_t questdb_error_earlier_rows_in_doubt(const questdb_error *error);

/**
 * Returns how many bytes of the buffer the last attempt handed to the kernel.
 *
 * Since: 0.1
 */
QUESTDB_API uint64_t questdb_error_bytes_sent(const questdb_error *error);

/**
 * Returns the milliseconds from the start of the flush to this error.
 *
 * Since: 0.1
 */
QUESTDB_API uint64_t questdb_error_elapsed_millis(const questdb_error *error);

/**
 * Makes an empty configuration. Before it can be used, `protocol` and `addr` must be set.
 *
 * Ownership: `*config` is yours until `questdb_config_free`; NULL after an error.
 * Errors: INVALID_ARGUMENT.
 * Since: 0.1
 */
QUESTDB_API QUESTDB_MUST_USE questdb_error *questdb_config_new(questdb_config **config);

/**
 * Makes a configuration from a connection string such as `http::addr=localhost:9000;`.
 *
 * Ownership: `*config` is yours until `questdb_config_free`; NULL after an error.
 * Errors: CONFIG, with the position and the key; INVALID_UTF8; INVALID_ARGUMENT.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_config_from_conf(const char *conf,
                                         size_t conf_len,
                                         questdb_config **config);

/**
 * Makes a configuration from the connection string in the environment variable `QDB_CLIENT_CONF`.
 *
 * Ownership: `*config` is yours until `questdb_config_free`; NULL after an error.
 * Errors: CONFIG, also when the variable is not set; INVALID_ARGUMENT.
 * Since: 0.1
 */
QUESTDB_API QUESTDB_MUST_USE questdb_error *questdb_config_from_env(questdb_config **config);

/**
 * Copies a configuration, including its secrets. `config` does not change, and each copy is freed separately.
 *
 * Ownership: `*copy` is yours until `questdb_config_free`; NULL after an error.
 * Errors: INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_config_clone(questdb_config *config,
                                     questdb_config **copy);

/**
 * Sets one option and replaces an earlier value. Keys and values are those of the connection string; the key `protocol` sets
 * what stands before `::` there.
 *
 * Errors: CONFIG, with the key, the value and the range, and the configuration stays as it was; INVALID_UTF8;
 * INVALID_ARGUMENT.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_config_set(questdb_config *config,
                                   const char *key,
                                   size_t key_len,
                                   const char *value,
                                   size_t value_len);

/**
 * Checks that all options fit together. Making a sender makes the same check.
 *
 * Errors: CONFIG; INVALID_ARGUMENT.
 * Since: 0.1
 */
QUESTDB_API QUESTDB_MUST_USE questdb_error *questdb_config_validate(questdb_config *config);

/**
 * Frees a configuration. NULL is fine.
 *
 * Since: 0.1
 */
QUESTDB_API void questdb_config_free(questdb_config *config);

/**
 * Checks a table name and makes a handle for it.
 *
 * Ownership: `*table` is yours until `questdb_table_name_free`; NULL after an error.
 * Errors: INVALID_NAME, INVALID_UTF8, INVALID_ARGUMENT.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_table_name_new(const char *name,
                                       size_t name_len,
                                       questdb_table_name **table);

/**
 * Frees a table name. NULL is fine.
 *
 * Since: 0.1
 */
QUESTDB_API void questdb_table_name_free(questdb_table_name *table);

/**
 * Checks a column or symbol name and makes a handle for it.
 *
 * Ownership: `*column` is yours until `questdb_column_name_free`; NULL after an error.
 * Errors: INVALID_NAME, INVALID_UTF8, INVALID_ARGUMENT.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_column_name_new(const char *name,
                                        size_t name_len,
                                        questdb_column_name **column);

/**
 * Frees a column name. NULL is fine.
 *
 * Since: 0.1
 */
QUESTDB_API void questdb_column_name_free(questdb_column_name *column);

/**
 * Makes a buffer of protocol version 1, 2 or 3 with the default limits: names of at most 127 bytes, 64 KiB of memory to begin
 * with, and at most 100 MiB of rows.
 *
 * Ownership: `*buffer` is yours until `questdb_buffer_free`; NULL after an error.
 * Errors: INVALID_ARGUMENT, OUT_OF_MEMORY.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_new(uint32_t protocol_version,
                                   questdb_buffer **buffer);

/**
 * Like `questdb_buffer_new`, with limits of your own, all in bytes: the longest name, the memory to begin with, and the most
 * that the buffer may hold.
 *
 * Ownership: `*buffer` is yours until `questdb_buffer_free`; NULL after an error.
 * Errors: INVALID_ARGUMENT, LIMIT_EXCEEDED, OUT_OF_MEMORY.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_with_limits(uint32_t protocol_version,
                                           size_t max_name_len,
                                           size_t init_buf_size,
                                           size_t max_buf_size,
                                           questdb_buffer **buffer);

/**
 * Makes an independent copy of a buffer, which may also be a sender's own buffer.
 *
 * Ownership: `*copy` is yours until `questdb_buffer_free`; NULL after an error.
 * Errors: OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_clone(questdb_buffer *buffer,
                                     questdb_buffer **copy);

/**
 * Frees a buffer. Does nothing for NULL and for a sender's own buffer.
 *
 * Since: 0.1
 */
QUESTDB_API void questdb_buffer_free(questdb_buffer *buffer);

/**
 * Makes room for at least `additional` more bytes.
 *
 * Errors: LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_reserve(questdb_buffer *buffer,
                                       size_t additional);

/**
 * Remembers the present end of the buffer, between two rows, for `questdb_buffer_rewind_to_marker`.
 *
 * Errors: INVALID_STATE with an open row, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API QUESTDB_MUST_USE questdb_error *questdb_buffer_set_marker(questdb_buffer *buffer);

/**
 * Drops the marker and everything after it, including an open row.
 *
 * Errors: INVALID_STATE without a marker, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_rewind_to_marker(questdb_buffer *buffer);

/**
 * Drops the marker, if there is one. The rows stay.
 *
 * Errors: INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API QUESTDB_MUST_USE questdb_error *questdb_buffer_clear_marker(questdb_buffer *buffer);

/**
 * Drops all rows, including an open row, and the marker. Keeps the memory.
 *
 * Errors: INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API QUESTDB_MUST_USE questdb_error *questdb_buffer_clear(questdb_buffer *buffer);

/**
 * Drops the open row, if there is one, and keeps the complete rows.
 *
 * Errors: INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API QUESTDB_MUST_USE questdb_error *questdb_buffer_drop_row(questdb_buffer *buffer);

/**
 * Removes `count` complete rows, beginning with row number `first`. Rows are counted from 1, as in
 * `questdb_error_server_line`, so that a row that the server refused can be removed and the rest can be sent. Later rows move
 * up, an open row stays, and a marker stays between the same rows. Automatic flushes, which stop after such a refusal, can run
 * again.
 *
 * The time is proportional to the size of the whole buffer.
 *
 * Errors: INVALID_ARGUMENT if `first` or `count` is 0 or the rows do not all exist, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_remove_rows(questdb_buffer *buffer,
                                           size_t first,
                                           size_t count);

/**
 * Checks that no row is open, so that the buffer can be flushed.
 *
 * Errors: INVALID_STATE, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API QUESTDB_MUST_USE questdb_error *questdb_buffer_check_flushable(questdb_buffer *buffer);

/**
 * Returns the number of bytes in the buffer, including the open row. 0 for NULL.
 *
 * Since: 0.1
 */
QUESTDB_API size_t questdb_buffer_len(const questdb_buffer *buffer);

/**
 * Returns how many bytes the buffer can hold before it has to grow. 0 for NULL.
 *
 * Since: 0.1
 */
QUESTDB_API size_t questdb_buffer_capacity(const questdb_buffer *buffer);

/**
 * Returns the number of complete rows in the buffer. 0 for NULL.
 *
 * Since: 0.1
 */
QUESTDB_API size_t questdb_buffer_row_count(const questdb_buffer *buffer);

/**
 * Returns whether a row has been started and not yet ended. False for NULL and for a poisoned buffer.
 *
 * Since: 0.1
 */
QUESTDB_API
bool questdb_buffer_is_row_open(const questdb_buffer *buffer);

/**
 * Returns whether all rows belong to one table, so that the server stores all of them or none. False for NULL.
 *
 * Since: 0.1
 */
QUESTDB_API
bool questdb_buffer_is_transactional(const questdb_buffer *buffer);

/**
 * Returns the protocol version: 1, 2 or 3. 0 for NULL.
 *
 * Since: 0.1
 */
QUESTDB_API uint32_t questdb_buffer_protocol_version(const questdb_buffer *buffer);

/**
 * Returns the length in bytes of the longest name that the buffer accepts. 0 for NULL.
 *
 * Since: 0.1
 */
QUESTDB_API size_t questdb_buffer_max_name_len(const questdb_buffer *buffer);

/**
 * Returns the number of bytes of memory that the buffer began with. 0 for NULL.
 *
 * Since: 0.1
 */
QUESTDB_API size_t questdb_buffer_init_buf_size(const questdb_buffer *buffer);

/**
 * Returns the most bytes that the buffer may hold. 0 for NULL.
 *
 * Since: 0.1
 */
QUESTDB_API size_t questdb_buffer_max_buf_size(const questdb_buffer *buffer);

/**
 * Returns the bytes of the buffer and stores their number in `*len`. They do not end with a NUL. NULL and 0 for NULL.
 *
 * Ownership: the bytes belong to the buffer and live until it is changed or freed.
 * Since: 0.1
 */
QUESTDB_API
const uint8_t *questdb_buffer_peek(const questdb_buffer *buffer,
                                   size_t *len);

/**
 * Begins a row of a table.
 *
 * Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_table(questdb_buffer *buffer,
                                     const char *name,
                                     size_t name_len);

/**
 * Like `questdb_buffer_table`, but takes a checked name.
 *
 * Errors: INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_table_named(questdb_buffer *buffer,
                                           const questdb_table_name *name);

/**
 * Appends a symbol to the open row. Symbols must come before all other columns.
 *
 * Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_symbol(questdb_buffer *buffer,
                                      const char *name,
                                      size_t name_len,
                                      const char *value,
                                      size_t value_len);

/**
 * Like `questdb_buffer_symbol`, but takes a checked name.
 *
 * Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_symbol_named(questdb_buffer *buffer,
                                            const questdb_column_name *name,
                                            const char *value,
                                            size_t value_len);

/**
 * Appends a boolean column to the open row.
 *
 * Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_column_bool(questdb_buffer *buffer,
                                           const char *name,
                                           size_t name_len,
                                           bool value);

/**
 * Like `questdb_buffer_column_bool`, but takes a checked name.
 *
 * Errors: INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_column_bool_named(questdb_buffer *buffer,
                                                 const questdb_column_name *name,
                                                 bool value);

/**
 * Appends an integer column to the open row. The server reads -2^63 as NULL.
 *
 * Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_column_i64(questdb_buffer *buffer,
                                          const char *name,
                                          size_t name_len,
                                          int64_t value);

/**
 * Like `questdb_buffer_column_i64`, but takes a checked name.
 *
 * Errors: INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_column_i64_named(questdb_buffer *buffer,
                                                const questdb_column_name *name,
                                                int64_t value);

/**
 * Appends a double column to the open row.
 *
 * Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_column_f64(questdb_buffer *buffer,
                                          const char *name,
                                          size_t name_len,
                                          double value);

/**
 * Like `questdb_buffer_column_f64`, but takes a checked name.
 *
 * Errors: INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_column_f64_named(questdb_buffer *buffer,
                                                const questdb_column_name *name,
                                                double value);

/**
 * Appends a string column to the open row.
 *
 * Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_column_str(questdb_buffer *buffer,
                                          const char *name,
                                          size_t name_len,
                                          const char *value,
                                          size_t value_len);

/**
 * Like `questdb_buffer_column_str`, but takes a checked name.
 *
 * Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_column_str_named(questdb_buffer *buffer,
                                                const questdb_column_name *name,
                                                const char *value,
                                                size_t value_len);

/**
 * Appends a timestamp column in microseconds since 1970 (UTC), which may be negative.
 *
 * Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_column_ts_micros(questdb_buffer *buffer,
                                                const char *name,
                                                size_t name_len,
                                                int64_t micros);

/**
 * Like `questdb_buffer_column_ts_micros`, but takes a checked name.
 *
 * Errors: INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_column_ts_micros_named(questdb_buffer *buffer,
                                                      const questdb_column_name *name,
                                                      int64_t micros);

/**
 * Appends a timestamp column in nanoseconds since 1970 (UTC), which may be negative. Protocol version 1 cuts it to
 * microseconds.
 *
 * Errors: INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_column_ts_nanos(questdb_buffer *buffer,
                                               const char *name,
                                               size_t name_len,
                                               int64_t nanos);

/**
 * Like `questdb_buffer_column_ts_nanos`, but takes a checked name.
 *
 * Errors: INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_column_ts_nanos_named(questdb_buffer *buffer,
                                                     const questdb_column_name *name,
                                                     int64_t nanos);

/**
 * Ends the open row with a designated timestamp in nanoseconds since 1970 (UTC), which must not be negative.
 *
 * Errors: INVALID_TIMESTAMP, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_at_nanos(questdb_buffer *buffer,
                                        int64_t nanos);

/**
 * Ends the open row with a designated timestamp in microseconds since 1970 (UTC), which must not be negative and in protocol
 * version 1 must be at most 9223372036854775.
 *
 * Errors: INVALID_TIMESTAMP, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_at_micros(questdb_buffer *buffer,
                                         int64_t micros);

/**
 * Ends the open row and leaves its designated timestamp to the server. Deduplication cannot recognise such rows.
 *
 * Errors: INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_at_now(questdb_buffer *buffer);

/**
 * Appends an n-dimensional array of doubles to the open row. Needs protocol version 2 or later.
 *
 * Errors: INVALID_ARRAY, PROTOCOL_VERSION, INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY,
 * INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_column_f64_arr(questdb_buffer *buffer,
                                              const char *name,
                                              size_t name_len,
                                              const questdb_array *array);

/**
 * Like `questdb_buffer_column_f64_arr`, but takes a checked name.
 *
 * Errors: INVALID_ARRAY, PROTOCOL_VERSION, INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT,
 * HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_column_f64_arr_named(questdb_buffer *buffer,
                                                    const questdb_column_name *name,
                                                    const questdb_array *array);

/**
 * Appends a decimal given as text, such as `-12.50` or `1E+5`: digits with an optional sign, point and exponent, at most 76
 * digits, of which at most 75 follow the point. `NaN`, `Infinity` and `-Infinity` are stored as NULL, which has the danger
 * that `questdb_buffer_column_dec` describes. Needs protocol version 3.
 *
 * Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY,
 * INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_column_dec_str(questdb_buffer *buffer,
                                              const char *name,
                                              size_t name_len,
                                              const char *value,
                                              size_t value_len);

/**
 * Like `questdb_buffer_column_dec_str`, but takes a checked name.
 *
 * Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT,
 * HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_column_dec_str_named(questdb_buffer *buffer,
                                                    const questdb_column_name *name,
                                                    const char *value,
                                                    size_t value_len);

/**
 * Appends a decimal as its unscaled value, a big-endian two's complement integer of at most 32 bytes, and its scale, 0 to 76.
 * Length 0 means NULL, but leave the column out instead: QuestDB 9.3 accepts such a NULL also for a column that is not a
 * decimal, and then stores a wrong value or suspends the table. Needs protocol version 3.
 *
 * Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY,
 * INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_column_dec(questdb_buffer *buffer,
                                          const char *name,
                                          size_t name_len,
                                          uint32_t scale,
                                          const uint8_t *unscaled,
                                          size_t unscaled_len);

/**
 * Like `questdb_buffer_column_dec`, but takes a checked name.
 *
 * Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT,
 * HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_column_dec_named(questdb_buffer *buffer,
                                                const questdb_column_name *name,
                                                uint32_t scale,
                                                const uint8_t *unscaled,
                                                size_t unscaled_len);

/**
 * Appends the decimal `unscaled / 10^scale`. The scale is 0 to 76. Needs protocol version 3.
 *
 * Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY,
 * INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_column_dec_i64(questdb_buffer *buffer,
                                              const char *name,
                                              size_t name_len,
                                              uint32_t scale,
                                              int64_t unscaled);

/**
 * Like `questdb_buffer_column_dec_i64`, but takes a checked name.
 *
 * Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT,
 * HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_column_dec_i64_named(questdb_buffer *buffer,
                                                    const questdb_column_name *name,
                                                    uint32_t scale,
                                                    int64_t unscaled);

/**
 * Appends the decimal `(high * 2^64 + low) / 10^scale`. The scale is 0 to 76. Needs protocol version 3.
 *
 * Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_UTF8, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY,
 * INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_column_dec_i128(questdb_buffer *buffer,
                                               const char *name,
                                               size_t name_len,
                                               uint32_t scale,
                                               int64_t high,
                                               uint64_t low);

/**
 * Like `questdb_buffer_column_dec_i128`, but takes a checked name.
 *
 * Errors: INVALID_DECIMAL, PROTOCOL_VERSION, INVALID_NAME, INVALID_STATE, LIMIT_EXCEEDED, OUT_OF_MEMORY, INVALID_ARGUMENT,
 * HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_column_dec_i128_named(questdb_buffer *buffer,
                                                     const questdb_column_name *name,
                                                     uint32_t scale,
                                                     int64_t high,
                                                     uint64_t low);

/**
 * Makes a layout for a table, without columns. `stamp` is one of `questdb_stamp` and says how rows give their designated
 * timestamp.
 *
 * Ownership: `*layout` is yours until `questdb_row_layout_free`; NULL after an error.
 * Errors: INVALID_NAME, INVALID_UTF8, INVALID_ARGUMENT.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_row_layout_new(const char *table,
                                       size_t table_len,
                                       uint32_t stamp,
                                       questdb_row_layout **layout);

/**
 * Adds a column. `kind` is one of `questdb_column_kind`. Cells are given in the order in which the columns were added; symbols
 * may be added before, after and between other columns.
 *
 * Errors: INVALID_NAME, also for a name that was added before; INVALID_UTF8, INVALID_ARGUMENT, HANDLE_POISONED. The layout
 * stays as it was.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_row_layout_add(questdb_row_layout *layout,
                                       const char *name,
                                       size_t name_len,
                                       uint32_t kind);

/**
 * Returns how many columns were added. 0 for NULL.
 *
 * Since: 0.1
 */
QUESTDB_API size_t questdb_row_layout_column_count(const questdb_row_layout *layout);

/**
 * Frees a layout. NULL is fine.
 *
 * Since: 0.1
 */
QUESTDB_API void questdb_row_layout_free(questdb_row_layout *layout);

/**
 * Appends one row: one cell for each column of the layout, in the order in which the columns were added, and the designated
 * timestamp, which is ignored if the layout leaves it to the server.
 *
 * Errors: those of the `questdb_buffer_*` calls that build the same row, with the number and the name of the column;
 * INVALID_ARGUMENT also for a wrong number of cells and for a cell of another kind than its column. The buffer stays as it
 * was.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_append_row(questdb_buffer *buffer,
                                          const questdb_row_layout *layout,
                                          const questdb_cell *cells,
                                          size_t cell_count,
                                          int64_t at);

/**
 * Appends a row to the sender's own buffer, like `questdb_buffer_append_row`, then flushes if an `auto_flush_*` limit is
 * reached.
 *
 * Errors: those of `questdb_buffer_append_row`, and the buffer stays as it was. Those of `questdb_sender_flush`, and the row
 * is in the buffer: see `questdb_error_row_accepted`.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_sender_append_row(questdb_sender *sender,
                                          const questdb_row_layout *layout,
                                          const questdb_cell *cells,
                                          size_t cell_count,
                                          int64_t at);

/**
 * Appends `rows` rows: a column of values for each column of the layout, in the order in which the columns were added, and the
 * designated timestamps at `at`, which is NULL if the layout leaves them to the server. Appends all rows or none.
 *
 * Errors: those of `questdb_buffer_append_row`, with the number of the row.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_append_columns(questdb_buffer *buffer,
                                              const questdb_row_layout *layout,
                                              size_t rows,
                                              const questdb_column_data *columns,
                                              size_t column_count,
                                              const int64_t *at);

/**
 * Appends rows to the sender's own buffer, like `questdb_buffer_append_columns`, then flushes if an `auto_flush_*` limit is
 * reached.
 *
 * Errors: those of `questdb_buffer_append_columns`, and the buffer stays as it was. Those of `questdb_sender_flush`, and the
 * rows are in the buffer: see `questdb_error_row_accepted`.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_sender_append_columns(questdb_sender *sender,
                                              const questdb_row_layout *layout,
                                              size_t rows,
                                              const questdb_column_data *columns,
                                              size_t column_count,
                                              const int64_t *at);

/**
 * Makes a sender from a connection string such as `http::addr=localhost:9000;`. Over TCP it connects and authenticates; over
 * HTTP it asks the server for its protocol version, unless `protocol_version` is set.
 *
 * Cannot be cancelled. Blocks over HTTP for at most the sum of `request_timeout` and `retry_timeout`, over TCP for at most the
 * sum of `connect_timeout` and `auth_timeout` (`send_timeout` if `auth_timeout=0`). With `lazy_connect=on` it does not connect
 * and does not wait.
 *
 * Ownership: `*sender` is yours until `questdb_sender_free`; NULL after an error.
 * Errors: CONFIG; COULD_NOT_RESOLVE, CONNECTION, TIMEOUT, TLS, AUTH, NOT_QUESTDB, UNAVAILABLE, PROTOCOL_VERSION; INVALID_UTF8;
 * INVALID_ARGUMENT.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_sender_from_conf(const char *conf,
                                         size_t conf_len,
                                         questdb_sender **sender);

/**
 * Makes a sender from the connection string in the environment variable `QDB_CLIENT_CONF`.
 *
 * Ownership: `*sender` is yours until `questdb_sender_free`; NULL after an error.
 * Errors: those of `questdb_sender_from_conf`; CONFIG also when the variable is not set.
 * Since: 0.1
 */
QUESTDB_API QUESTDB_MUST_USE questdb_error *questdb_sender_from_env(questdb_sender **sender);

/**
 * Makes a sender from a configuration, which you still own.
 *
 * Ownership: `*sender` is yours until `questdb_sender_free`; NULL after an error.
 * Errors: those of `questdb_sender_from_conf`.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_sender_new(questdb_config *config,
                                   questdb_sender **sender);

/**
 * Returns the sender's own buffer. Build rows in it with `questdb_buffer_*` and end them with `questdb_sender_at_*`, which
 * flush automatically when a limit is reached. NULL for NULL.
 *
 * Ownership: the buffer belongs to the sender and lives until it is freed; `questdb_buffer_free` on it does nothing.
 * Threads: the buffer is part of the sender: one thread at a time uses either of them.
 * Since: 0.1
 */
QUESTDB_API
questdb_buffer *questdb_sender_buffer(questdb_sender *sender);

/**
 * Makes an independent buffer with the protocol version and the limits of the sender. Another thread can fill it, and any
 * sender can send it.
 *
 * Ownership: `*buffer` is yours until `questdb_buffer_free`; NULL after an error.
 * Errors: OUT_OF_MEMORY; INVALID_STATE; INVALID_ARGUMENT; HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_sender_new_buffer(questdb_sender *sender,
                                          questdb_buffer **buffer);

/**
 * Returns the protocol version that was configured or negotiated: 1, 2 or 3. 0 for NULL or a sender in use.
 *
 * Since: 0.1
 */
QUESTDB_API
uint32_t questdb_sender_protocol_version(const questdb_sender *sender);

/**
 * Returns the length in bytes of the longest name that the server accepts. 0 for NULL or a sender in use.
 *
 * Since: 0.1
 */
QUESTDB_API
size_t questdb_sender_max_name_len(const questdb_sender *sender);

/**
 * Ends the open row of the sender's own buffer with a designated timestamp in nanoseconds since 1970 (UTC), then flushes if an
 * `auto_flush_*` limit is reached.
 *
 * Errors: INVALID_STATE, INVALID_TIMESTAMP, LIMIT_EXCEEDED, OUT_OF_MEMORY, and the row stays open. INVALID_ARGUMENT,
 * HANDLE_POISONED. Those of `questdb_sender_flush`, and the row is in the buffer: see `questdb_error_row_accepted`.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_sender_at_nanos(questdb_sender *sender,
                                        int64_t nanos);

/**
 * Like `questdb_sender_at_nanos`, with a timestamp in microseconds.
 *
 * Errors: those of `questdb_sender_at_nanos`.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_sender_at_micros(questdb_sender *sender,
                                         int64_t micros);

/**
 * Like `questdb_sender_at_nanos`, but leaves the timestamp to the server. Deduplication cannot recognise such rows.
 *
 * Errors: those of `questdb_sender_at_nanos`.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_sender_at_now(questdb_sender *sender);

/**
 * Flushes the sender's own buffer if an `auto_flush_*` limit is reached. Call it after rows that were ended with functions of
 * the buffer, which do not flush, such as `questdb_buffer_at_nanos` and `questdb_buffer_append_row`.
 *
 * Errors: those of `questdb_sender_flush`, and all rows stay in the buffer.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_sender_flush_if_due(questdb_sender *sender);

/**
 * Sends the sender's own buffer and clears it.
 *
 * Errors: those of `questdb_sender_flush`; INVALID_STATE also while a transaction is open.
 * Since: 0.1
 */
QUESTDB_API QUESTDB_MUST_USE questdb_error *questdb_sender_flush_own(questdb_sender *sender);

/**
 * Sends a buffer and clears it. Success means COMMITTED over HTTP and SUBMITTED over TCP. For an empty buffer it succeeds and
 * sends nothing. For the sender's own buffer it does what `questdb_sender_flush_own` does.
 *
 * Errors: REJECTED, PAYLOAD_TOO_LARGE, AUTH, NOT_QUESTDB, UNAVAILABLE, CANCELLED, TIMEOUT, CONNECTION, COULD_NOT_RESOLVE, TLS:
 * see `questdb_error_outcome`. INVALID_STATE (open row, closed, other thread, after fork), LIMIT_EXCEEDED, OUT_OF_MEMORY,
 * PROTOCOL_VERSION, INVALID_ARGUMENT, HANDLE_POISONED: nothing was sent. After every error the buffer stays exactly as it was,
 * with one exception: with `lazy_connect=on`, the flush that first reaches the server may have rewritten the rows for the
 * server's protocol version.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_sender_flush(questdb_sender *sender,
                                     questdb_buffer *buffer);

/**
 * Sends a buffer and keeps its rows, for example to send them to another server too.
 *
 * Errors: those of `questdb_sender_flush`.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_sender_flush_and_keep(questdb_sender *sender,
                                              questdb_buffer *buffer);

/**
 * Like `questdb_sender_flush_and_keep`. With `transactional`, it refuses what the server could store only in part: a buffer
 * with rows of several tables, and every buffer over TCP.
 *
 * Errors: those of `questdb_sender_flush`.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_sender_flush_and_keep_with_flags(questdb_sender *sender,
                                                         questdb_buffer *buffer,
                                                         bool transactional);

/**
 * Makes the sender ready to send. Over TCP it connects and authenticates, unless a connection exists. Over HTTP it asks the
 * server for its protocol version if `lazy_connect=on` has put that off; otherwise it sends nothing, so that success does not
 * show that an HTTP server is up. The first flush that has rows does the same, so calling this is optional.
 *
 * Errors: those of `questdb_sender_from_conf`; CANCELLED; INVALID_STATE; INVALID_ARGUMENT; HANDLE_POISONED. Rows stay.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_sender_connect(questdb_sender *sender);

/**
 * Cancels the running call of the sender, wherever it waits. That call returns within 100 ms with CANCELLED and its true
 * outcome, is not retried, and keeps its rows. It may still succeed if it was about to.
 *
 * Does nothing for NULL, or if no call is running: a call that begins later is not cancelled. If you cannot tell whether the
 * call has begun, cancel repeatedly until it returns.
 *
 * Threads: any thread, and also a signal handler, at any time until `questdb_sender_free` begins.
 * Since: 0.1
 */
QUESTDB_API
void questdb_sender_cancel(const questdb_sender *sender);

/**
 * Returns the counter that `stat`, one of `questdb_stat`, names. 0 for NULL or a number that this library does not know.
 *
 * Threads: any thread, at any time.
 * Since: 0.1
 */
QUESTDB_API
uint64_t questdb_sender_stat(const questdb_sender *sender,
                             uint32_t stat);

/**
 * Copies the last error of a flush, even if a later flush succeeded. `*last` is NULL if there was none.
 *
 * Ownership: `*last` is yours until `questdb_error_free`.
 * Errors: INVALID_ARGUMENT.
 * Threads: any thread, at any time.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_sender_last_error(questdb_sender *sender,
                                          questdb_error **last);

/**
 * Closes the sender: sends the complete rows of its own buffer and ends the connection, within `timeout_millis` milliseconds.
 * With 0 nothing that has to wait can succeed: complete rows fail with TIMEOUT, NOT_SENT. The sender is closed whether or not
 * the call succeeds, also after CANCELLED: every later call that takes or sends rows returns INVALID_STATE. Free the sender
 * afterwards.
 *
 * An open row is dropped, and the call returns INVALID_STATE even if the complete rows were sent: `questdb_error_outcome` says
 * what became of them. An open transaction is not sent: the call returns INVALID_STATE, and the rows stay in the buffer.
 * Closing again sends nothing, and fails if rows are still unconfirmed.
 *
 * `unconfirmed_rows` may be NULL. It receives the number of complete rows of the sender's own buffer that were not handed
 * over: over HTTP not confirmed by the server, over TCP not given to the kernel. These rows stay in the buffer, and
 * `questdb_buffer_clone` can copy them. It receives 0 if the rows could not be counted, because of INVALID_ARGUMENT,
 * HANDLE_POISONED or a sender in use by another thread.
 *
 * Over TCP the call waits until the server has read everything and has ended the connection on its side. Success means that
 * the server has read the rows, not that it has stored them: a server ends the connection in the same way after a row that it
 * refused.
 *
 * Errors: those of `questdb_sender_flush`. Over TCP also if the server sends something, resets the connection or does not end
 * it in time (TIMEOUT), so that rows of earlier flushes, and of this one, may be lost: `questdb_error_earlier_rows_in_doubt`
 * counts them. The connection is ended all the same.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_sender_close(questdb_sender *sender,
                                     uint64_t timeout_millis,
                                     uint64_t *unconfirmed_rows);

/**
 * Frees a sender and its own buffer. Sends nothing and never blocks. Rows that were not flushed are lost: see
 * `questdb_sender_close`. NULL is fine.
 *
 * Since: 0.1
 */
QUESTDB_API
void questdb_sender_free(questdb_sender *sender);

/**
 * Begins a transaction on one table in the sender's own buffer. Pending rows are flushed first, and automatic flushes are
 * suspended until commit or rollback. HTTP only.
 *
 * Errors: INVALID_STATE, INVALID_NAME, INVALID_UTF8; those of `questdb_sender_flush` for the pending rows.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_sender_begin(questdb_sender *sender,
                                     const char *table,
                                     size_t table_len);

/**
 * Returns whether a transaction is open. False for NULL, and while another thread is using the sender.
 *
 * Since: 0.1
 */
QUESTDB_API
bool questdb_sender_in_transaction(const questdb_sender *sender);

/**
 * Sends the rows of the transaction in one request: all of them are stored or none. After a failure the transaction stays open
 * with all its rows: commit again or roll back.
 *
 * Errors: INVALID_STATE without a transaction, with an open row or with rows of another table; those of
 * `questdb_sender_flush`.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_sender_commit(questdb_sender *sender);

/**
 * Drops the rows of the transaction, including an open row.
 *
 * Errors: INVALID_STATE without a transaction.
 * Since: 0.1
 */
QUESTDB_API QUESTDB_MUST_USE questdb_error *questdb_sender_rollback(questdb_sender *sender);

/**
 * Makes options that choose neither a table nor a timestamp yet, and make symbols of dictionaries.
 *
 * Ownership: `*options` is yours until `questdb_arrow_options_free`; NULL after an error.
 * Errors: INVALID_ARGUMENT.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_arrow_options_new(questdb_arrow_options **options);

/**
 * Sends all rows to one table.
 *
 * Errors: INVALID_UTF8, INVALID_ARGUMENT, HANDLE_POISONED. Whether the name is allowed is checked when rows are appended.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_arrow_options_table(questdb_arrow_options *options,
                                            const char *name,
                                            size_t name_len);

/**
 * Sends each row to the table that a column of texts names; the column itself is not sent. The column is the first one of that
 * name or, if `name` is NULL, the one at `position`, counted from 0.
 *
 * Errors: INVALID_UTF8, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_arrow_options_table_column(questdb_arrow_options *options,
                                                   const char *name,
                                                   size_t name_len,
                                                   size_t position);

/**
 * Chooses which texts become symbols. `symbols` is one of `questdb_arrow_symbols`. It forgets the columns that were listed.
 *
 * Errors: INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_arrow_options_symbols(questdb_arrow_options *options,
                                              uint32_t symbols);

/**
 * Adds a column of texts to the list of those that become symbols; columns that are not listed no longer do. The column is the
 * first one of that name or, if `name` is NULL, the one at `position`, counted from 0.
 *
 * Errors: INVALID_UTF8, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_arrow_options_symbol_column(questdb_arrow_options *options,
                                                    const char *name,
                                                    size_t name_len,
                                                    size_t position);

/**
 * Gives all rows the same designated timestamp, or lets the server set it. `stamp` is one of `questdb_stamp`, and `value` is
 * ignored for QUESTDB_STAMP_NOW.
 *
 * Errors: INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_arrow_options_at(questdb_arrow_options *options,
                                         uint32_t stamp,
                                         int64_t value);

/**
 * Takes the designated timestamps from a column of the type timestamp or date; the column itself is not sent. Rows without a
 * value get the time at which the server receives them. The column is the first one of that name or, if `name` is NULL, the one
 * at `position`, counted from 0.
 *
 * Errors: INVALID_UTF8, INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_arrow_options_at_column(questdb_arrow_options *options,
                                                const char *name,
                                                size_t name_len,
                                                size_t position);

/**
 * Frees options. NULL is fine.
 *
 * Since: 0.1
 */
QUESTDB_API void questdb_arrow_options_free(questdb_arrow_options *options);

/**
 * Appends a batch of rows in the memory of Apache Arrow: an array of the type struct, with a child for each column. Appends
 * all rows or none.
 *
 * Ownership: `array` is taken, also if the call fails: its `release` is called once and is NULL afterwards. `schema` is only
 * read, and stays yours, so that many arrays can be appended with it.
 * Errors: INVALID_ARGUMENT for structs that contradict themselves, for types that cannot be sent and for options that do not
 * fit; INVALID_STATE if a row is open or a row has no values; INVALID_TIMESTAMP, INVALID_ARRAY; those of the `questdb_buffer_*`
 * calls that build the same rows. They name the row and the column, both counted from 0. The buffer stays as it was.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_arrow(questdb_buffer *buffer,
                                     struct ArrowArray *array,
                                     const struct ArrowSchema *schema,
                                     const questdb_arrow_options *options);

/**
 * Appends all batches of a stream, each like `questdb_buffer_arrow`. Appends all rows or none.
 *
 * Ownership: `stream` is taken, also if the call fails: its `release` is called once and is NULL afterwards.
 * Errors: those of `questdb_buffer_arrow`, with the number of the batch, counted from 0; INVALID_ARGUMENT also if the stream
 * fails. The buffer stays as it was.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_buffer_arrow_stream(questdb_buffer *buffer,
                                            struct ArrowArrayStream *stream,
                                            const questdb_arrow_options *options);

/**
 * Appends a batch to the sender's own buffer, like `questdb_buffer_arrow`, and flushes each time that an `auto_flush_*` limit
 * is reached, so that a batch may be larger than `max_buf_size`.
 *
 * Ownership: as for `questdb_buffer_arrow`. Keep a reference of your own if you want to go on after a failed flush.
 * Errors: those of `questdb_buffer_arrow`, and those of `questdb_sender_flush`. `questdb_error_rows_accepted` says how many
 * rows of the batch were taken: they were sent or are in the buffer. If a row is wrong and no row has been sent, none is taken.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_sender_arrow(questdb_sender *sender,
                                     struct ArrowArray *array,
                                     const struct ArrowSchema *schema,
                                     const questdb_arrow_options *options);

/**
 * Appends all batches of a stream to the sender's own buffer, each like `questdb_sender_arrow`.
 *
 * Ownership: as for `questdb_buffer_arrow_stream`.
 * Errors: those of `questdb_sender_arrow`, with the number of the batch, counted from 0; `questdb_error_rows_accepted` counts
 * the rows of all batches.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_sender_arrow_stream(questdb_sender *sender,
                                            struct ArrowArrayStream *stream,
                                            const questdb_arrow_options *options);

/**
 * Makes a pool from a connection string such as `http::addr=localhost:9000;sender_pool_max=8;`. Like a sender it makes one
 * connection, or asks the server for its protocol version, unless `lazy_connect=on`. Threads start with the first submit.
 *
 * Ownership: `*pool` is yours until `questdb_pool_free`; NULL after an error.
 * Errors: those of `questdb_sender_from_conf`.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_pool_from_conf(const char *conf,
                                       size_t conf_len,
                                       questdb_pool **pool);

/**
 * Makes a pool from a configuration, which you still own.
 *
 * Ownership: `*pool` is yours until `questdb_pool_free`; NULL after an error.
 * Errors: those of `questdb_sender_from_conf`.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_pool_new(questdb_config *config,
                                 questdb_pool **pool);

/**
 * Makes an empty buffer with the protocol version and the limits of the pool.
 *
 * Ownership: `*buffer` is yours until `questdb_buffer_free`; NULL after an error.
 * Errors: OUT_OF_MEMORY; INVALID_STATE after fork; INVALID_ARGUMENT; HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_pool_new_buffer(const questdb_pool *pool,
                                        questdb_buffer **buffer);

/**
 * Makes a sender whose rows go out through the pool. It has an own buffer and takes all calls of a sender, but has no connection:
 * an automatic flush submits the rows and does not wait for the server. Its batches go out one after the other, beside those of
 * other senders. One thread at a time uses it: make one for each.
 *
 * `questdb_sender_flush_own` and `questdb_sender_close` wait for all batches of the sender: afterwards each of its rows is stored
 * or in its own buffer. They, and the next automatic flush, also tell of an earlier automatic flush that failed: its rows are in
 * the own buffer again, before those that came later. What became of the batches of a sender that is freed comes from
 * `questdb_pool_next`. Close the senders before the pool: a sender outlives its pool, but sends nothing then.
 *
 * Ownership: `*sender` is yours until `questdb_sender_free`; NULL after an error.
 * Errors: OUT_OF_MEMORY; UNAVAILABLE without a thread for the timer; INVALID_STATE after fork; INVALID_ARGUMENT; HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_pool_new_sender(const questdb_pool *pool,
                                        questdb_sender **sender);

/**
 * Takes the rows of a buffer, and leaves it empty with memory for the next ones. The rows are sent later, on a thread of the
 * pool. Waits only while the queue is full: at `queue_max_bytes`, and at 65,536 batches that are under way or whose completions
 * nobody has read, those of batches that succeeded too. An empty buffer is a batch of no rows, which succeeds and sends nothing.
 * `how` may be NULL, `batch` too.
 *
 * Ownership: the buffer stays yours; it cannot be one that a sender lends.
 * Errors: INVALID_STATE (open row, closed pool, after fork), LIMIT_EXCEEDED (a batch of more than `queue_max_bytes`, which does
 * not wait), TIMEOUT (no room in time), UNAVAILABLE (no thread could be started), OUT_OF_MEMORY, INVALID_ARGUMENT, HANDLE_POISONED. The buffer is as it was.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_pool_submit(const questdb_pool *pool,
                                    questdb_buffer *buffer,
                                    const questdb_submit *how,
                                    uint64_t *batch);

/**
 * Returns up to `capacity` completions, the oldest first, in `completions[0 .. *count]`. Waits for the first one for
 * `timeout_millis` at most; 0 does not wait. `*count` is 0 if there is none by then, which is no error.
 *
 * Ownership: `error` and `failed_rows` of each completion are yours.
 * Errors: INVALID_STATE after fork; INVALID_ARGUMENT; HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_pool_next(const questdb_pool *pool,
                                  uint64_t timeout_millis,
                                  questdb_completion *completions,
                                  size_t capacity,
                                  size_t *count);

/**
 * Waits for the completion of one batch, for `timeout_millis` at most; 0 does not wait.
 *
 * Ownership: `error` and `failed_rows` of the completion are yours.
 * Errors: TIMEOUT if the batch is not complete by then; INVALID_STATE if there is no such batch or its completion was read, and
 * after fork; INVALID_ARGUMENT; HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_pool_wait(const questdb_pool *pool,
                                  uint64_t batch_number,
                                  uint64_t timeout_millis,
                                  questdb_completion *completion);

/**
 * Returns what is ready to read while `questdb_pool_next` has a completion, for `poll`, `epoll` and event loops: a descriptor,
 * on Windows the HANDLE of an event. Only wait for it: do not read it.
 *
 * Ownership: it belongs to the pool and lives until `questdb_pool_free`.
 * Errors: UNAVAILABLE if the system has none to give; INVALID_STATE after fork; INVALID_ARGUMENT; HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_pool_handle(const questdb_pool *pool,
                                    ptrdiff_t *handle);

/**
 * Cancels a batch if it still waits: it completes as NOT_SENT. With `in_flight_too` also if it is being sent: that ends within
 * 100 ms, and the batch may be IN_DOUBT or have succeeded. Does nothing for a batch that is complete. The completion tells.
 *
 * Errors: INVALID_STATE after fork; INVALID_ARGUMENT; HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_pool_cancel(const questdb_pool *pool,
                                    uint64_t batch_number,
                                    bool in_flight_too);

/**
 * Waits until no batch waits or is being sent, for `timeout_millis` at most. Batches that other threads submit meanwhile count
 * too. It reads no completions.
 *
 * Errors: TIMEOUT if some are not by then; they go on. INVALID_STATE after fork; INVALID_ARGUMENT; HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_pool_drain(const questdb_pool *pool,
                                   uint64_t timeout_millis);

/**
 * Takes no more batches, sends those it has within `timeout_millis`, and ends the connections. Batches that still wait then
 * complete as NOT_SENT with CANCELLED; those being sent are cancelled, and complete with the outcome that is true. Submits that
 * wait for room return INVALID_STATE. It returns at most 250 ms after its time. Completions can be read afterwards. `report` may
 * be NULL; set its `size` before the call. A second call counts only what was still open.
 *
 * Errors: the first error of a batch that was not complete when the call began, or of the end of a connection; TIMEOUT if a
 * batch has not ended even so. INVALID_STATE after fork; INVALID_ARGUMENT; HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_API
QUESTDB_MUST_USE
questdb_error *questdb_pool_close(const questdb_pool *pool,
                                   uint64_t timeout_millis,
                                   questdb_pool_report *report);

/**
 * Returns the counter that `counter`, one of `questdb_pool_counter`, names. 0 for NULL, after fork, and for a number that this
 * library does not know.
 *
 * Since: 0.1
 */
QUESTDB_API
uint64_t questdb_pool_stat(const questdb_pool *pool,
                           uint32_t counter);

/**
 * Frees a pool with all completions that were not read and their rows. Never waits for the network: batches that wait are not
 * sent, and those being sent are cancelled and may be stored. Call `questdb_pool_close` and read the completions before. NULL
 * is fine. Returns when the threads of the pool have ended, which takes less than 100 ms, and on an overloaded machine at most
 * 2 s.
 *
 * Threads: no other call with this pool may be running.
 * Since: 0.1
 */
QUESTDB_API
void questdb_pool_free(questdb_pool *pool);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* QUESTDB_INGRESS_H */
