// Package questdb sends rows to QuestDB through the C library questdb-ingress.
//
// A row is built by chained calls and ended by At, AtMicros, AtNanos or AtNow:
//
//	err := sender.Table("trades").Symbol("side", "buy").Float64("price", 2615.54).AtNanos(nanos)
//
// The first error of a row is kept, the rest of its calls do nothing, and the call that ends it drops the row and returns
// the error. Rows of one shape are cheaper as prepared rows, see Layout.
package questdb

/*
#cgo CFLAGS: -I${SRCDIR}/../../../include
#cgo LDFLAGS: -lquestdb_ingress
#include "questdb_ingress.h"
#include <stdlib.h>

// What follows joins calls, so that Go crosses into C once: the marker lets a failed row be dropped alone.
static inline questdb_error *begin_row(questdb_buffer *b, const char *name, size_t len) {
  questdb_error *error = questdb_buffer_set_marker(b);
  return error ? error : questdb_buffer_table(b, name, len);
}

static inline questdb_error *doubles(questdb_buffer *b, const char *name, size_t len, size_t dims, const size_t *shape,
                                     const double *data, size_t count) {
  questdb_array array = {dims, shape, NULL, (const uint8_t *)data, count * sizeof(double), 0};
  return questdb_buffer_column_f64_arr(b, name, len, &array);
}
*/
import "C"

import (
	"time"
	"unsafe"
)

// Sender holds a connection to QuestDB and the rows that were not sent yet. One goroutine may use it at a time. It must be
// closed, and not used afterwards.
type Sender struct {
	handle *C.questdb_sender
	rows   *C.questdb_buffer
	err    *Error
	open   bool
}

// Open makes a sender from a configuration string such as "http::addr=localhost:9000;".
func Open(conf string) (*Sender, error) {
	if C.questdb_abi_version() != C.QUESTDB_ABI_VERSION {
		panic("the questdb_ingress library does not fit this package")
	}
	s := &Sender{}
	data, size := text(conf)
	if err := taken(C.questdb_sender_from_conf(data, size, &s.handle)); err != nil {
		return nil, err
	}
	s.rows = C.questdb_sender_buffer(s.handle)
	return s, nil
}

// Table begins a row.
func (s *Sender) Table(name string) *Sender {
	if s.err != nil {
		return s
	}
	data, size := text(name)
	s.open = s.note(C.begin_row(s.rows, data, size)) || s.open
	return s
}

// Symbol adds a symbol; symbols come before other columns.
func (s *Sender) Symbol(name, value string) *Sender {
	if s.err == nil {
		data, size := text(name)
		valueData, valueSize := text(value)
		s.note(C.questdb_buffer_symbol(s.rows, data, size, valueData, valueSize))
	}
	return s
}

// Bool adds a boolean.
func (s *Sender) Bool(name string, value bool) *Sender {
	if s.err == nil {
		data, size := text(name)
		s.note(C.questdb_buffer_column_bool(s.rows, data, size, C.bool(value)))
	}
	return s
}

// Int64 adds an integer. The server reads the smallest as NULL.
func (s *Sender) Int64(name string, value int64) *Sender {
	if s.err == nil {
		data, size := text(name)
		s.note(C.questdb_buffer_column_i64(s.rows, data, size, C.int64_t(value)))
	}
	return s
}

// Float64 adds a double.
func (s *Sender) Float64(name string, value float64) *Sender {
	if s.err == nil {
		data, size := text(name)
		s.note(C.questdb_buffer_column_f64(s.rows, data, size, C.double(value)))
	}
	return s
}

// String adds a string.
func (s *Sender) String(name, value string) *Sender {
	if s.err == nil {
		data, size := text(name)
		valueData, valueSize := text(value)
		s.note(C.questdb_buffer_column_str(s.rows, data, size, valueData, valueSize))
	}
	return s
}

// Time adds a timestamp with the nanoseconds of t.
func (s *Sender) Time(name string, t time.Time) *Sender { return s.Nanos(name, t.UnixNano()) }

// Micros adds a timestamp in microseconds since 1970.
func (s *Sender) Micros(name string, micros int64) *Sender {
	if s.err == nil {
		data, size := text(name)
		s.note(C.questdb_buffer_column_ts_micros(s.rows, data, size, C.int64_t(micros)))
	}
	return s
}

// Nanos adds a timestamp in nanoseconds since 1970.
func (s *Sender) Nanos(name string, nanos int64) *Sender {
	if s.err == nil {
		data, size := text(name)
		s.note(C.questdb_buffer_column_ts_nanos(s.rows, data, size, C.int64_t(nanos)))
	}
	return s
}

// Float64s adds an array of doubles in row-major order; without a shape it has one dimension.
func (s *Sender) Float64s(name string, values []float64, shape ...int) *Sender {
	if s.err != nil {
		return s
	}
	var sizes [32]C.size_t
	if len(shape) == 0 {
		shape = []int{len(values)}
	}
	for i, n := range shape {
		if i < len(sizes) {
			sizes[i] = C.size_t(n) // what is negative or too long becomes an error in C
		}
	}
	data, size := text(name)
	var first *C.double
	if len(values) > 0 {
		first = (*C.double)(&values[0])
	}
	s.note(C.doubles(s.rows, data, size, C.size_t(len(shape)), &sizes[0], first, C.size_t(len(values))))
	return s
}

// Decimal adds a decimal given as text, such as "-12.50".
func (s *Sender) Decimal(name, value string) *Sender {
	if s.err == nil {
		data, size := text(name)
		valueData, valueSize := text(value)
		s.note(C.questdb_buffer_column_dec_str(s.rows, data, size, valueData, valueSize))
	}
	return s
}

// DecimalInt64 adds the decimal unscaled / 10^scale.
func (s *Sender) DecimalInt64(name string, scale uint32, unscaled int64) *Sender {
	if s.err == nil {
		data, size := text(name)
		s.note(C.questdb_buffer_column_dec_i64(s.rows, data, size, C.uint32_t(scale), C.int64_t(unscaled)))
	}
	return s
}

// DecimalBytes adds a decimal whose unscaled value is a big-endian two's complement integer.
func (s *Sender) DecimalBytes(name string, scale uint32, unscaled []byte) *Sender {
	if s.err == nil {
		data, size := text(name)
		bytes := (*C.uint8_t)(unsafe.Pointer(pointer(string(unscaled))))
		s.note(C.questdb_buffer_column_dec(s.rows, data, size, C.uint32_t(scale), bytes, C.size_t(len(unscaled))))
	}
	return s
}

// At ends the row with the nanoseconds of t, and sends all rows when a limit of auto-flush is reached. If only the sending
// failed, the row is kept: Error.RowAccepted.
func (s *Sender) At(t time.Time) error { return s.AtNanos(t.UnixNano()) }

// AtNanos is At in nanoseconds since 1970.
func (s *Sender) AtNanos(nanos int64) error {
	if s.err != nil {
		return s.drop(s.err)
	}
	return s.ended(C.questdb_sender_at_nanos(s.handle, C.int64_t(nanos)))
}

// AtMicros is At in microseconds since 1970.
func (s *Sender) AtMicros(micros int64) error {
	if s.err != nil {
		return s.drop(s.err)
	}
	return s.ended(C.questdb_sender_at_micros(s.handle, C.int64_t(micros)))
}

// AtNow is At with the server's clock; deduplication cannot recognise such rows.
func (s *Sender) AtNow() error {
	if s.err != nil {
		return s.drop(s.err)
	}
	return s.ended(C.questdb_sender_at_now(s.handle))
}

// Err returns the first error of the row being built.
func (s *Sender) Err() error {
	if s.err == nil {
		return nil
	}
	return s.err
}

// Flush sends all rows. After an error all of them are still there.
func (s *Sender) Flush() error { return taken(C.questdb_sender_flush_own(s.handle)) }

// Begin begins a transaction on one table; HTTP only.
func (s *Sender) Begin(table string) error {
	data, size := text(table)
	return taken(C.questdb_sender_begin(s.handle, data, size))
}

// Commit sends the rows of the transaction; the server stores all or none.
func (s *Sender) Commit() error { return taken(C.questdb_sender_commit(s.handle)) }

// Rollback drops the rows of the transaction.
func (s *Sender) Rollback() error {
	s.err, s.open = nil, false
	return taken(C.questdb_sender_rollback(s.handle))
}

// Drop drops the row being built.
func (s *Sender) Drop() { _ = s.drop(nil) }

// Clear drops all rows that were not sent.
func (s *Sender) Clear() {
	s.err, s.open = nil, false
	_ = taken(C.questdb_buffer_clear(s.rows))
}

// Pending returns the number of complete rows that were not sent.
func (s *Sender) Pending() int { return int(C.questdb_buffer_row_count(s.rows)) }

// Stat returns a counter.
func (s *Sender) Stat(stat Stat) uint64 {
	return uint64(C.questdb_sender_stat(s.handle, C.uint32_t(stat)))
}

// Close sends what is left and frees the sender. It reports how many rows the server did not confirm (HTTP) or the kernel
// did not take (TCP).
func (s *Sender) Close(timeout time.Duration) (unconfirmed uint64, err error) {
	if s.handle == nil {
		return 0, nil
	}
	var rows C.uint64_t
	err = taken(C.questdb_sender_close(s.handle, C.uint64_t(timeout.Milliseconds()), &rows))
	C.questdb_sender_free(s.handle)
	s.handle, s.rows = nil, nil
	return uint64(rows), err
}

// note keeps an error of the row being built, and tells whether there was none.
func (s *Sender) note(error *C.questdb_error) bool {
	if error != nil {
		s.err = take(error)
	}
	return error == nil
}

func (s *Sender) ended(error *C.questdb_error) error {
	if error == nil {
		s.open = false
		return nil
	}
	e := take(error)
	if e.RowAccepted {
		s.open = false
		return e
	}
	return s.drop(e)
}

func (s *Sender) drop(err *Error) error {
	if s.open {
		_ = taken(C.questdb_buffer_rewind_to_marker(s.rows))
	}
	s.err, s.open = nil, false
	if err == nil {
		return nil
	}
	return err
}

// pointer returns the bytes of a string; C reads them during the call only. (unsafe.StringData, for Go before 1.20.)
func pointer(s string) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&s)) }

func text(s string) (*C.char, C.size_t) { return (*C.char)(pointer(s)), C.size_t(len(s)) }
