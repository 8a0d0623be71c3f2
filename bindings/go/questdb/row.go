package questdb

/*
#include "helpers.h"
*/
import "C"

import (
	"context"
	"math/big"
	"time"
	"unsafe"
)

// Row is a row that is being built, by calls that can be chained. One of At, AtMicros, AtNanos or AtNow ends it.
//
// The first error is kept, the rest of the calls do nothing, and the call that ends the row drops it and returns the error.
// Drop drops it too. So does the beginning of another row of the same sender or buffer: a row that was left behind by a
// return or a panic is in nobody's way, and AbandonedRows counts it. A Row that has ended takes no more calls: they are the
// error InvalidState.
type Row struct {
	rows   *Buffer
	number uint64
	err    firstError
}

func (r *Row) begin(table string) {
	b := r.rows
	if b == nil || !b.enter() {
		r.err.set(b.refusal())
		return
	}
	b.begun++
	r.number = b.begun
	forgotten := b.open != 0
	data, size := text(table)
	if e := C.begin_row(b.handle, C.bool(forgotten), data, size); e != nil {
		r.err.set(take(e))
		b.look()
		forgotten = forgotten && b.open == 0
	} else {
		b.open = r.number
	}
	if forgotten {
		b.abandoned++
	}
	b.leave()
}

// enter begins a call on the open row; false: there is an error.
func (r *Row) enter() bool {
	if r == nil || r.err.isSet() {
		return false
	}
	b := r.rows
	if b == nil {
		r.err.set(problem(InvalidState, "the row was not begun"))
		return false
	}
	if !b.enter() {
		r.err.set(b.refusal())
		return false
	}
	if b.open != r.number {
		b.leave()
		r.err.set(problem(InvalidState, "this row has ended: it was completed or dropped, or another row was begun after it"))
		return false
	}
	return true
}

// leave ends a call, and keeps its error.
func (r *Row) leave(error *C.questdb_error) *Row {
	if error != nil {
		r.err.set(take(error))
	}
	r.rows.leave()
	return r
}

// fail keeps an error that was found without C.
func (r *Row) fail(e *Error) *Row {
	if r != nil {
		r.err.set(e)
	}
	return r
}

// Symbol adds a symbol; symbols come before other columns.
func (r *Row) Symbol(name, value string) *Row {
	if !r.enter() {
		return r
	}
	data, size := text(name)
	valueData, valueSize := text(value)
	return r.leave(C.questdb_buffer_symbol(r.rows.handle, data, size, valueData, valueSize))
}

// Bool adds a boolean.
func (r *Row) Bool(name string, value bool) *Row {
	if !r.enter() {
		return r
	}
	data, size := text(name)
	return r.leave(C.questdb_buffer_column_bool(r.rows.handle, data, size, C.bool(value)))
}

// Int64 adds an integer. The server reads the smallest as NULL.
func (r *Row) Int64(name string, value int64) *Row {
	if !r.enter() {
		return r
	}
	data, size := text(name)
	return r.leave(C.questdb_buffer_column_i64(r.rows.handle, data, size, C.int64_t(value)))
}

// Float64 adds a double.
func (r *Row) Float64(name string, value float64) *Row {
	if !r.enter() {
		return r
	}
	data, size := text(name)
	return r.leave(C.questdb_buffer_column_f64(r.rows.handle, data, size, C.double(value)))
}

// String adds a string.
func (r *Row) String(name, value string) *Row {
	if !r.enter() {
		return r
	}
	data, size := text(name)
	valueData, valueSize := text(value)
	return r.leave(C.questdb_buffer_column_str(r.rows.handle, data, size, valueData, valueSize))
}

// Time adds a timestamp with the nanoseconds of t, or with its microseconds where nanoseconds do not fit: before 1677 and
// after 2262. The zero time.Time and what does not fit into microseconds is InvalidTimestamp.
func (r *Row) Time(name string, t time.Time) *Row {
	value, isNanos, e := timestamp(t)
	if e != nil {
		return r.fail(e)
	}
	if isNanos {
		return r.Nanos(name, value)
	}
	return r.Micros(name, value)
}

// Micros adds a timestamp in microseconds since 1970.
func (r *Row) Micros(name string, micros int64) *Row {
	if !r.enter() {
		return r
	}
	data, size := text(name)
	return r.leave(C.questdb_buffer_column_ts_micros(r.rows.handle, data, size, C.int64_t(micros)))
}

// Nanos adds a timestamp in nanoseconds since 1970.
func (r *Row) Nanos(name string, nanos int64) *Row {
	if !r.enter() {
		return r
	}
	data, size := text(name)
	return r.leave(C.questdb_buffer_column_ts_nanos(r.rows.handle, data, size, C.int64_t(nanos)))
}

// Float64s adds an array of doubles in row-major order; without a shape it has one dimension. nil is an empty array.
func (r *Row) Float64s(name string, values []float64, shape ...int) *Row {
	if !r.enter() {
		return r
	}
	var sizes [32]C.size_t
	dims := len(shape)
	if dims == 0 {
		dims, sizes[0] = 1, C.size_t(len(values))
	}
	for i, n := range shape {
		if i < len(sizes) {
			sizes[i] = C.size_t(n) // C reports a length that is negative or too long as an error
		}
	}
	data, size := text(name)
	var first *C.double
	if len(values) > 0 {
		first = (*C.double)(&values[0])
	}
	return r.leave(C.doubles(r.rows.handle, data, size, C.size_t(dims), &sizes[0], first, C.size_t(len(values))))
}

// Decimal adds a decimal given as text, such as "-12.50".
func (r *Row) Decimal(name, value string) *Row {
	if !r.enter() {
		return r
	}
	data, size := text(name)
	valueData, valueSize := text(value)
	return r.leave(C.questdb_buffer_column_dec_str(r.rows.handle, data, size, valueData, valueSize))
}

// DecimalInt64 adds the decimal unscaled / 10^scale.
func (r *Row) DecimalInt64(name string, scale uint32, unscaled int64) *Row {
	if !r.enter() {
		return r
	}
	data, size := text(name)
	return r.leave(C.questdb_buffer_column_dec_i64(r.rows.handle, data, size, C.uint32_t(scale), C.int64_t(unscaled)))
}

// DecimalInt128 adds the decimal (high * 2^64 + low) / 10^scale.
func (r *Row) DecimalInt128(name string, scale uint32, high int64, low uint64) *Row {
	if !r.enter() {
		return r
	}
	data, size := text(name)
	h, l := C.int64_t(high), C.uint64_t(low)
	return r.leave(C.questdb_buffer_column_dec_i128(r.rows.handle, data, size, C.uint32_t(scale), h, l))
}

// DecimalBytes adds a decimal whose unscaled value is a big-endian two's complement integer; nil is NULL.
func (r *Row) DecimalBytes(name string, scale uint32, unscaled []byte) *Row {
	if !r.enter() {
		return r
	}
	data, size := text(name)
	var first *C.uint8_t
	if len(unscaled) > 0 {
		first = (*C.uint8_t)(unsafe.Pointer(&unscaled[0]))
	}
	return r.leave(C.questdb_buffer_column_dec(r.rows.handle, data, size, C.uint32_t(scale), first, C.size_t(len(unscaled))))
}

// DecimalBig adds the decimal unscaled / 10^scale; nil is NULL.
func (r *Row) DecimalBig(name string, scale uint32, unscaled *big.Int) *Row {
	return r.DecimalBytes(name, scale, twosComplement(unscaled))
}

// twosComplement returns the shortest big-endian form.
func twosComplement(n *big.Int) []byte {
	if n == nil {
		return nil
	}
	if n.Sign() >= 0 {
		return append([]byte{0}, n.Bytes()...)[boolToInt(n.BitLen()%8 != 0):]
	}
	// -n - 1 has the inverted bits of n.
	bytes := twosComplement(new(big.Int).Not(n))
	for i := range bytes {
		bytes[i] = ^bytes[i]
	}
	return bytes
}

func boolToInt(is bool) int {
	if is {
		return 1
	}
	return 0
}

// At ends the row with the time t, as Time writes it, and sends all rows when a limit of auto-flush is reached. If only the
// sending failed, the row is kept: Error.RowAccepted. After every other error the row is dropped, and only the row.
func (r *Row) At(t time.Time) error { return r.AtContext(none, t) }

// AtContext is At; the sending, if there is any, ends with ctx.
func (r *Row) AtContext(ctx context.Context, t time.Time) error {
	value, isNanos, e := timestamp(t)
	if e != nil {
		r.fail(e)
	}
	if isNanos {
		return r.AtNanosContext(ctx, value)
	}
	return r.AtMicrosContext(ctx, value)
}

// AtNanos is At in nanoseconds since 1970.
func (r *Row) AtNanos(nanos int64) error { return r.AtNanosContext(none, nanos) }

// AtNanosContext is AtNanos; the sending, if there is any, ends with ctx.
func (r *Row) AtNanosContext(ctx context.Context, nanos int64) error {
	if !r.enterToEnd(ctx) {
		return r.dropped()
	}
	b := r.rows
	if b.sender == nil {
		return r.ended(ctx, C.questdb_buffer_at_nanos(b.handle, C.int64_t(nanos)))
	}
	return r.ended(ctx, C.questdb_sender_at_nanos(b.sender, C.int64_t(nanos)))
}

// AtMicros is At in microseconds since 1970.
func (r *Row) AtMicros(micros int64) error { return r.AtMicrosContext(none, micros) }

// AtMicrosContext is AtMicros; the sending, if there is any, ends with ctx.
func (r *Row) AtMicrosContext(ctx context.Context, micros int64) error {
	if !r.enterToEnd(ctx) {
		return r.dropped()
	}
	b := r.rows
	if b.sender == nil {
		return r.ended(ctx, C.questdb_buffer_at_micros(b.handle, C.int64_t(micros)))
	}
	return r.ended(ctx, C.questdb_sender_at_micros(b.sender, C.int64_t(micros)))
}

// AtNow is At with the server's clock; deduplication cannot recognise such rows.
func (r *Row) AtNow() error { return r.AtNowContext(none) }

// AtNowContext is AtNow; the sending, if there is any, ends with ctx.
func (r *Row) AtNowContext(ctx context.Context) error {
	if !r.enterToEnd(ctx) {
		return r.dropped()
	}
	b := r.rows
	if b.sender == nil {
		return r.ended(ctx, C.questdb_buffer_at_now(b.handle))
	}
	return r.ended(ctx, C.questdb_sender_at_now(b.sender))
}

// Drop drops the row, unless it has ended. It may be deferred, for rows that a return or a panic could leave behind.
func (r *Row) Drop() {
	if r == nil || r.rows == nil || !r.rows.enter() {
		return
	}
	r.rows.drop(r.number)
	r.rows.leave()
}

// Err returns the first error of the row, nil if there is none.
func (r *Row) Err() error {
	if r == nil {
		return noRow()
	}
	return asError(r.err.get())
}

func noRow() error { return problem(InvalidArgument, "the row is nil") }

// enterToEnd is enter for the calls that end the row, which may send.
func (r *Row) enterToEnd(ctx context.Context) bool {
	if !r.enter() {
		return false
	}
	if watched(ctx) {
		if ctx.Err() != nil {
			r.err.set(ended(ctx))
			r.rows.leave()
			return false
		}
		r.rows.watch(ctx)
	}
	return true
}

// ended ends the call that ended the row.
func (r *Row) ended(ctx context.Context, error *C.questdb_error) error {
	b := r.rows
	if watched(ctx) {
		b.unwatch()
	}
	if error == nil {
		b.open = 0
		b.leave()
		return nil
	}
	e := takeWith(ctx, error)
	r.err.set(e)
	if e.RowAccepted {
		b.open = 0
	} else {
		b.drop(r.number)
	}
	b.leave()
	return e
}

// dropped drops the row because of its error, and returns that.
func (r *Row) dropped() error {
	r.Drop()
	return r.Err()
}
