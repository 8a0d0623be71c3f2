/*
 * The C interface of questdb-receiver: a small server inside your program that takes rows of the line protocol (ILP) over TCP and
 * HTTP as QuestDB does, and keeps them in memory as tables. For tests.
 *
 * ERRORS. A function that can fail returns NULL on success, or an error that you own: read it with
 * questdb_receiver_error_*, then free it with questdb_receiver_error_free. After a failure an out parameter holds NULL, or
 * a stream that is released. What clients do wrong is not an error here: they get an answer, and
 * questdb_receiver_refusals_json tells of it.
 *
 * HANDLES. questdb_receiver_start makes a receiver that you own, functions that return JSON make a text that you own; only
 * _free takes them back. _free of NULL does nothing. Any other function that gets NULL for a handle returns
 * INVALID_ARGUMENT, or 0 or NULL if it cannot fail. A returned const char * belongs to the handle it came from and lives until
 * that handle is freed.
 *
 * TEXT IN is a pointer and a length in bytes: UTF-8, without a NUL at the end. QUESTDB_STR("literal") writes both arguments.
 * The pointer may be NULL if the length is 0. The memory is read during the call only. TEXT OUT ends with a NUL.
 *
 * NUMBERS. Codes, listeners and counters are passed as integers. Treat an error code that this header does not name as INTERNAL.
 *
 * THREADS. Any thread may call any function on a receiver at any time, also several at once, except
 * questdb_receiver_free, which must be the last call. Other handles are used by one thread at a time. The receiver has threads
 * of its own: one for each port, and one for each connection. Do not fork while one is running. The library does not change the
 * process: it installs no logger, no signal handler and no panic hook, and it reads no environment variable.
 *
 * DEFECTS. A panic inside the library is caught: the call returns INTERNAL, and later calls on that receiver return
 * HANDLE_POISONED. Freeing it still works. If memory runs out, the process ends.
 *
 * Generated from receiver/capi/src by `QUESTDB_BLESS=1 cargo test header`; do not edit.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef QUESTDB_RECEIVER_H
#define QUESTDB_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#define QUESTDB_RECEIVER_VERSION "0.1.0"

/** What questdb_receiver_abi_version() of a library that fits this header returns. */
#define QUESTDB_RECEIVER_ABI_VERSION 1

/** Define QUESTDB_RECEIVER_STATIC on Windows to link the static library. */
#if defined(_WIN32) && !defined(QUESTDB_RECEIVER_STATIC)
#define QUESTDB_RECEIVER_API __declspec(dllimport)
#else
#define QUESTDB_RECEIVER_API
#endif

#if defined(__GNUC__) || defined(__clang__)
#define QUESTDB_RECEIVER_MUST_USE __attribute__((warn_unused_result))
#else
#define QUESTDB_RECEIVER_MUST_USE
#endif

/** A string literal as the two arguments that text takes: pointer and length. */
#ifndef QUESTDB_STR
#define QUESTDB_STR(literal) ("" literal), (sizeof(literal) - 1)
#endif

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
 * The kind of an error.
 */
enum
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  questdb_receiver_error_code : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * A key, a certificate or another setting cannot be used.
   */
  QUESTDB_RECEIVER_ERROR_CODE_CONFIG = 1,
  /**
   * A port is not available.
   */
  QUESTDB_RECEIVER_ERROR_CODE_LISTEN = 2,
  /**
   * The system refused a thread.
   */
  QUESTDB_RECEIVER_ERROR_CODE_THREAD = 3,
  /**
   * QuestDB does not allow this name, or it occurs twice.
   */
  QUESTDB_RECEIVER_ERROR_CODE_INVALID_NAME = 4,
  /**
   * A table with this name exists already.
   */
  QUESTDB_RECEIVER_ERROR_CODE_TABLE_EXISTS = 5,
  /**
   * There is no table with this name.
   */
  QUESTDB_RECEIVER_ERROR_CODE_NO_TABLE = 6,
  /**
   * The expected rows did not arrive in time.
   */
  QUESTDB_RECEIVER_ERROR_CODE_TIMEOUT = 7,
  /**
   * An argument is NULL, out of range or not valid for this call.
   */
  QUESTDB_RECEIVER_ERROR_CODE_INVALID_ARGUMENT = 8,
  /**
   * A text is not UTF-8.
   */
  QUESTDB_RECEIVER_ERROR_CODE_INVALID_UTF8 = 9,
  /**
   * An earlier call on this receiver panicked.
   */
  QUESTDB_RECEIVER_ERROR_CODE_HANDLE_POISONED = 10,
  /**
   * A defect of the library, or a kind of error that is newer than this header.
   */
  QUESTDB_RECEIVER_ERROR_CODE_INTERNAL = 11,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum questdb_receiver_error_code questdb_receiver_error_code;
#else
typedef uint32_t questdb_receiver_error_code;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Where a receiver listens.
 */
enum
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  questdb_receiver_listener : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * ILP over HTTP, or over HTTPS if TLS was configured.
   */
  QUESTDB_RECEIVER_LISTENER_HTTP = 1,
  /**
   * ILP over TCP, inside TLS if that was configured.
   */
  QUESTDB_RECEIVER_LISTENER_TCP = 2,
  /**
   * `/metrics` and `/status`, if `http.min.enabled=true` was configured.
   */
  QUESTDB_RECEIVER_LISTENER_MONITORING = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum questdb_receiver_listener questdb_receiver_listener;
#else
typedef uint32_t questdb_receiver_listener;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * A counter of a receiver since its start.
 */
enum
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  questdb_receiver_stat : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Connections accepted.
   */
  QUESTDB_RECEIVER_STAT_CONNECTIONS = 1,
  /**
   * HTTP requests with a complete head.
   */
  QUESTDB_RECEIVER_STAT_REQUESTS = 2,
  /**
   * Rows stored.
   */
  QUESTDB_RECEIVER_STAT_ROWS = 3,
  /**
   * Bytes of rows received, including those that were refused.
   */
  QUESTDB_RECEIVER_STAT_BYTES = 4,
  /**
   * Requests and connections that were refused because of what they sent.
   */
  QUESTDB_RECEIVER_STAT_REJECTED = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum questdb_receiver_stat questdb_receiver_stat;
#else
typedef uint32_t questdb_receiver_stat;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * A running receiver.
 *
 * Threads: any thread may call any function on it at any time, except `questdb_receiver_free`.
 */
typedef struct questdb_receiver questdb_receiver;

/**
 * Why a call failed. It belongs to whoever received it, until `questdb_receiver_error_free`.
 *
 * Threads: may move between threads, and may be read from several at once.
 */
typedef struct questdb_receiver_error questdb_receiver_error;

/**
 * A text that belongs to whoever received it, until `questdb_receiver_text_free`. It does not change.
 *
 * Threads: may move between threads, and may be read from several at once.
 */
typedef struct questdb_receiver_text questdb_receiver_text;

/**
 * A column of a new table. The layout of this struct is frozen.
 */
typedef struct {
  /**
   * The name of the column.
   */
  const char *name;
  /**
   * Bytes of the name.
   */
  size_t name_len;
  /**
   * The type: SYMBOL, LONG, DOUBLE, VARCHAR, BOOLEAN, TIMESTAMP, TIMESTAMP_NS, LONG256, DECIMAL, or DOUBLE[] with a pair of
   * brackets for each dimension.
   */
  const char *type_name;
  /**
   * Bytes of the type.
   */
  size_t type_name_len;
} questdb_receiver_column;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Returns the version of the library, such as `0.1.0`.
 *
 * Ownership: the text is static.
 * Since: 0.1
 */
QUESTDB_RECEIVER_API const char *questdb_receiver_version(void);

/**
 * Returns the version of the ABI. A library whose number differs from `QUESTDB_RECEIVER_ABI_VERSION` of the header must not be
 * used.
 *
 * Since: 0.1
 */
QUESTDB_RECEIVER_API
uint32_t questdb_receiver_abi_version(void);

/**
 * Frees an error. NULL is fine.
 *
 * Since: 0.1
 */
QUESTDB_RECEIVER_API void questdb_receiver_error_free(questdb_receiver_error *error);

/**
 * Returns the kind of the error: one of `questdb_receiver_error_code`, or 0 for NULL.
 *
 * Since: 0.1
 */
QUESTDB_RECEIVER_API uint32_t questdb_receiver_error_get_code(const questdb_receiver_error *error);

/**
 * Returns the name of an error code, such as `TIMEOUT`, or `UNKNOWN` for a number that this library does not know.
 *
 * Ownership: the text is static.
 * Since: 0.1
 */
QUESTDB_RECEIVER_API
const char *questdb_receiver_error_code_name(uint32_t code);

/**
 * Returns the message: one line for people.
 *
 * Ownership: the text belongs to the error and lives until it is freed. NULL for NULL.
 * Since: 0.1
 */
QUESTDB_RECEIVER_API
const char *questdb_receiver_error_message(const questdb_receiver_error *error);

/**
 * Returns the text, which ends with a NUL.
 *
 * Ownership: the memory belongs to the text and lives until it is freed. NULL for NULL.
 * Since: 0.1
 */
QUESTDB_RECEIVER_API const char *questdb_receiver_text_data(const questdb_receiver_text *text);

/**
 * Returns how many bytes the text has without the NUL at its end, or 0 for NULL.
 *
 * Since: 0.1
 */
QUESTDB_RECEIVER_API size_t questdb_receiver_text_len(const questdb_receiver_text *text);

/**
 * Frees a text. NULL is fine.
 *
 * Since: 0.1
 */
QUESTDB_RECEIVER_API void questdb_receiver_text_free(questdb_receiver_text *text);

/**
 * Starts a receiver. The configuration has the form of `server.conf`: a line `key=value` for each key, those of QuestDB. It may
 * be empty. Where it does not say otherwise, both ports are free ones of 127.0.0.1, there is no port for monitoring, and an
 * unknown key is an error. Relative paths begin in the working directory.
 *
 * Ownership: `*receiver` is yours until `questdb_receiver_free`; NULL after an error.
 * Errors: CONFIG, with line and key; LISTEN; THREAD; INVALID_UTF8; INVALID_ARGUMENT.
 * Since: 0.1
 */
QUESTDB_RECEIVER_API
QUESTDB_RECEIVER_MUST_USE
questdb_receiver_error *questdb_receiver_start(const char *conf,
                                                size_t conf_len,
                                                questdb_receiver **receiver);

/**
 * Returns the port of a listener, which is one of `questdb_receiver_listener`, or 0 if it is switched off or unknown.
 *
 * Since: 0.1
 */
QUESTDB_RECEIVER_API
uint16_t questdb_receiver_port(const questdb_receiver *receiver,
                               uint32_t listener);

/**
 * Returns the start of a connection string for a client, such as `http::addr=127.0.0.1:40123;`. The listener is
 * `QUESTDB_RECEIVER_LISTENER_HTTP` or `_TCP`; NULL for others, and if it is switched off.
 *
 * Ownership: the text belongs to the receiver and lives until it is freed.
 * Since: 0.1
 */
QUESTDB_RECEIVER_API
const char *questdb_receiver_conf(const questdb_receiver *receiver,
                                  uint32_t listener);

/**
 * Returns a counter, which is one of `questdb_receiver_stat`, or 0 if it is unknown.
 *
 * Since: 0.1
 */
QUESTDB_RECEIVER_API
uint64_t questdb_receiver_get_stat(const questdb_receiver *receiver,
                                   uint32_t stat);

/**
 * Returns the last 256 rows and connections that were refused, the oldest first, as a JSON array of objects with `time`, `peer`,
 * `listener`, `code`, `line`, `byte`, `message` and `text`, which is the start of the row.
 *
 * Ownership: `*text` is yours until `questdb_receiver_text_free`; NULL after an error.
 * Errors: INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_RECEIVER_API
QUESTDB_RECEIVER_MUST_USE
questdb_receiver_error *questdb_receiver_refusals_json(const questdb_receiver *receiver,
                                                        questdb_receiver_text **text);

/**
 * Forgets all tables. Clients stay connected.
 *
 * Errors: INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_RECEIVER_API
QUESTDB_RECEIVER_MUST_USE
questdb_receiver_error *questdb_receiver_clear(const questdb_receiver *receiver);

/**
 * Stops listening, stores what has arrived, ends the connections and waits for the threads. Peers that go on sending are cut off
 * after ten seconds. The tables can still be read. Does nothing if the receiver was stopped before.
 *
 * Errors: INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_RECEIVER_API
QUESTDB_RECEIVER_MUST_USE
questdb_receiver_error *questdb_receiver_stop(const questdb_receiver *receiver);

/**
 * Stops a receiver and frees it with its tables. Streams and texts that came from it stay valid. NULL is fine.
 *
 * Since: 0.1
 */
QUESTDB_RECEIVER_API
void questdb_receiver_free(questdb_receiver *receiver);

/**
 * Makes an empty table, for column types that rows do not create. Adds a designated column `timestamp` if there is none of that
 * name.
 *
 * Errors: INVALID_NAME, TABLE_EXISTS, INVALID_ARGUMENT, INVALID_UTF8, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_RECEIVER_API
QUESTDB_RECEIVER_MUST_USE
questdb_receiver_error *questdb_receiver_create_table(const questdb_receiver *receiver,
                                                       const char *table,
                                                       size_t table_len,
                                                       const questdb_receiver_column *columns,
                                                       size_t columns_len);

/**
 * Waits until a table has at least `rows` rows. Over TCP nothing else tells that rows have been stored.
 *
 * Errors: TIMEOUT, with what there is; INVALID_ARGUMENT, INVALID_UTF8, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_RECEIVER_API
QUESTDB_RECEIVER_MUST_USE
questdb_receiver_error *questdb_receiver_wait_for_rows(const questdb_receiver *receiver,
                                                        const char *table,
                                                        size_t table_len,
                                                        size_t rows,
                                                        uint64_t timeout_millis);

/**
 * Writes how many rows a table has into `*rows`: 0 if there is no such table.
 *
 * Errors: INVALID_ARGUMENT, INVALID_UTF8, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_RECEIVER_API
QUESTDB_RECEIVER_MUST_USE
questdb_receiver_error *questdb_receiver_row_count(const questdb_receiver *receiver,
                                                    const char *table,
                                                    size_t table_len,
                                                    size_t *rows);

/**
 * Returns all tables in order of creation, as a JSON array of objects with `table`, `timestamp`, `columns` and `row_count`.
 *
 * Ownership: `*text` is yours until `questdb_receiver_text_free`; NULL after an error.
 * Errors: INVALID_ARGUMENT, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_RECEIVER_API
QUESTDB_RECEIVER_MUST_USE
questdb_receiver_error *questdb_receiver_tables_json(const questdb_receiver *receiver,
                                                      questdb_receiver_text **text);

/**
 * Returns a table as it is now, as JSON: an object with its name (`table`), the name of the column with the time of each row
 * (`timestamp`), its `columns` with names and types, and its `rows` in order of arrival. A row is an object that has only those
 * cells that have a value. Times, decimals and 256-bit numbers are text; so are doubles that are not finite.
 *
 * Ownership: `*text` is yours until `questdb_receiver_text_free`; NULL after an error.
 * Errors: NO_TABLE, INVALID_ARGUMENT, INVALID_UTF8, HANDLE_POISONED.
 * Since: 0.1
 */
QUESTDB_RECEIVER_API
QUESTDB_RECEIVER_MUST_USE
questdb_receiver_error *questdb_receiver_table_json(const questdb_receiver *receiver,
                                                     const char *table,
                                                     size_t table_len,
                                                     questdb_receiver_text **text);

/**
 * Returns a table as it is now, as a stream of Apache Arrow with its rows in order of arrival. It shares the rows with the
 * receiver and outlives it. Symbols are dictionaries, times have the zone UTC, arrays are nested lists, and decimals have as many
 * digits after the point as the longest of them.
 *
 * Ownership: `*stream` is yours until you call its `release`, which is NULL after an error. What it held before is not released.
 * Errors: NO_TABLE; INVALID_ARGUMENT, also for decimals that no decimal of Arrow can hold; INVALID_UTF8, HANDLE_POISONED.
 * Threads: the stream may move between threads and is used by one at a time.
 * Since: 0.1
 */
QUESTDB_RECEIVER_API
QUESTDB_RECEIVER_MUST_USE
questdb_receiver_error *questdb_receiver_table_arrow(const questdb_receiver *receiver,
                                                      const char *table,
                                                      size_t table_len,
                                                      struct ArrowArrayStream *stream);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* QUESTDB_RECEIVER_H */
