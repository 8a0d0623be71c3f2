package questdb

/*
#include "helpers.h"
*/
import "C"

import (
	"context"
	"fmt"
	"time"
	"unsafe"
)

// Column is the values of one column of many rows, for AppendColumns. The functions that make one keep the slices, which are
// read while AppendColumns runs.
type Column struct {
	rows  int
	valid []bool
	// fill writes the values into C's memory; kind is that of the layout's column.
	fill func(m *columnMemory, data *C.questdb_column_data, kind ColumnKind) *Error
}

// Array is an n-dimensional array of doubles in row-major order; without a shape it has one dimension.
type Array struct {
	Values []float64
	Shape  []int
}

// Int64s are the values of an Int64, Micros or Nanos column.
func Int64s(values []int64) Column {
	return Column{rows: len(values), fill: func(m *columnMemory, data *C.questdb_column_data, _ ColumnKind) *Error {
		data.kind = C.QUESTDB_VALUES_KIND_I64
		copy(slice[int64](m, &data.values, len(values)), values)
		return nil
	}}
}

// Float64s are the values of a Float64 column.
func Float64s(values []float64) Column {
	return Column{rows: len(values), fill: func(m *columnMemory, data *C.questdb_column_data, _ ColumnKind) *Error {
		data.kind = C.QUESTDB_VALUES_KIND_F64
		copy(slice[float64](m, &data.values, len(values)), values)
		return nil
	}}
}

// Bools are the values of a Bool column.
func Bools(values []bool) Column {
	return Column{rows: len(values), fill: func(m *columnMemory, data *C.questdb_column_data, _ ColumnKind) *Error {
		data.kind = C.QUESTDB_VALUES_KIND_BYTES
		copy(slice[bool](m, &data.values, len(values)), values)
		return nil
	}}
}

// Times are the values of a Micros or Nanos column. The zero time.Time and what does not fit is InvalidTimestamp, unless the
// row is NULL, see Valid.
func Times(values []time.Time) Column {
	c := Column{rows: len(values)}
	c.fill = func(m *columnMemory, data *C.questdb_column_data, kind ColumnKind) *Error {
		data.kind = C.QUESTDB_VALUES_KIND_I64
		out := slice[int64](m, &data.values, len(values))
		for i := range out {
			value, e := inUnit(values[i], kind != Micros)
			if e != nil && !(data.validity != nil && m.isNull(data, i)) {
				e.Message += fmt.Sprintf(", row %d", i+1)
				return e
			}
			out[i] = value
		}
		return nil
	}
	return c
}

// Texts are the values of a Symbol, String or Decimal column.
func Texts(values []string) Column {
	return Column{rows: len(values), fill: func(m *columnMemory, data *C.questdb_column_data, _ ColumnKind) *Error {
		data.kind = C.QUESTDB_VALUES_KIND_TEXT
		m.texts(data, values)
		return nil
	}}
}

// Codes are the values of a Symbol or String column: row i has the text texts[codes[i]].
func Codes(codes []uint32, texts []string) Column {
	return Column{rows: len(codes), fill: func(m *columnMemory, data *C.questdb_column_data, _ ColumnKind) *Error {
		data.kind, data.width = C.QUESTDB_VALUES_KIND_DICTIONARY, 4
		copy(slice[uint32](m, &data.values, len(codes)), codes)
		m.texts(data, texts)
		data.dictionary_len = C.size_t(len(texts))
		return nil
	}}
}

// Arrays are the values of a Float64Array column.
func Arrays(values []Array) Column {
	return Column{rows: len(values), fill: func(m *columnMemory, data *C.questdb_column_data, _ ColumnKind) *Error {
		data.kind = C.QUESTDB_VALUES_KIND_ARRAYS
		arrays := slice[C.questdb_array](m, &data.values, len(values))
		for i := range arrays {
			v := &values[i]
			var shape, doubles unsafe.Pointer
			dims := len(v.Shape)
			if dims == 0 {
				dims = 1
			}
			sizes := slice[C.size_t](m, &shape, dims)
			if m.refused {
				break
			}
			sizes[0] = C.size_t(len(v.Values))
			for j, n := range v.Shape {
				sizes[j] = C.size_t(n) // C reports a negative length as an error
			}
			copy(slice[float64](m, &doubles, len(v.Values)), v.Values)
			arrays[i] = C.questdb_array{dims: C.size_t(dims), data_len: C.size_t(8 * len(v.Values))}
			arrays[i].shape, arrays[i].data = (*C.size_t)(shape), (*C.uint8_t)(doubles)
		}
		return nil
	}}
}

// Decimals are the values of a Decimal column: big-endian two's complement integers of width bytes, at most 32, one after
// the other, over 10^scale.
func Decimals(scale, width uint32, unscaled []byte) Column {
	rows := 0
	if width > 0 {
		rows = len(unscaled) / int(width)
	}
	return Column{rows: rows, fill: func(m *columnMemory, data *C.questdb_column_data, _ ColumnKind) *Error {
		if width == 0 || len(unscaled)%int(width) != 0 {
			return problem(InvalidArgument, fmt.Sprintf("%d bytes are no decimals of %d bytes", len(unscaled), width))
		}
		data.kind, data.width, data.scale = C.QUESTDB_VALUES_KIND_DECIMALS, C.uint32_t(width), C.uint32_t(scale)
		copy(slice[byte](m, &data.values, len(unscaled)), unscaled)
		return nil
	}}
}

// Valid returns the column with NULL where valid is false.
func (c Column) Valid(valid []bool) Column {
	c.valid = valid
	return c
}

// UnixNanos turns times into designated timestamps for StampNanos.
func UnixNanos(times []time.Time) ([]int64, error) { return unix(times, true) }

// UnixMicros turns times into designated timestamps for StampMicros.
func UnixMicros(times []time.Time) ([]int64, error) { return unix(times, false) }

func unix(times []time.Time, nanos bool) ([]int64, error) {
	out := make([]int64, len(times))
	for i, t := range times {
		value, e := inUnit(t, nanos)
		if e != nil {
			e.Message += fmt.Sprintf(", row %d", i+1)
			return nil, e
		}
		out[i] = value
	}
	return out, nil
}

// AppendColumns appends many rows: a Column for each column of the layout, in the order in which they were added, and the
// designated timestamps, nil for StampNow. All rows are appended or none. Then it sends all rows if a limit of auto-flush is
// reached; if only that failed, the rows are kept: Error.RowAccepted.
func (s *Sender) AppendColumns(l *Layout, columns []Column, at []int64) error {
	return s.buffer().appendColumns(none, l, columns, at)
}

// AppendColumnsContext is AppendColumns; the sending, if there is any, ends with ctx.
func (s *Sender) AppendColumnsContext(ctx context.Context, l *Layout, columns []Column, at []int64) error {
	return s.buffer().appendColumns(ctx, l, columns, at)
}

// AppendColumns appends many rows, as Sender.AppendColumns does, and sends none.
func (b *Buffer) AppendColumns(l *Layout, columns []Column, at []int64) error {
	return b.appendColumns(none, l, columns, at)
}

func (b *Buffer) appendColumns(ctx context.Context, l *Layout, columns []Column, at []int64) error {
	if l == nil || !l.enter() {
		return l.refusal()
	}
	defer l.leave()
	rows, e := rowsOf(l, columns, at)
	if e != nil {
		return e
	}
	var m columnMemory
	defer m.free()
	data, e := m.fill(l, columns)
	if e != nil {
		return e
	}
	var first *C.questdb_column_data
	if len(data) > 0 {
		first = &data[0]
	}
	var stamps *C.int64_t
	if rows == 0 {
		stamps = new(C.int64_t) // C requires an address even if there are no timestamps
	} else if len(at) > 0 {
		stamps = (*C.int64_t)(&at[0])
	}
	if b == nil || !b.enter() {
		return b.refusal()
	}
	defer b.leave()
	b.forget()
	layout, count := l.memory.handle, C.size_t(len(data))
	if b.sender == nil {
		return taken(C.questdb_buffer_append_columns(b.handle, layout, C.size_t(rows), first, count, stamps))
	}
	if watched(ctx) {
		if ctx.Err() != nil {
			return ended(ctx)
		}
		b.watch(ctx)
	}
	failed := C.questdb_sender_append_columns(b.sender, layout, C.size_t(rows), first, count, stamps)
	if watched(ctx) {
		b.unwatch()
	}
	if failed == nil {
		return nil
	}
	return takeWith(ctx, failed)
}

// rowsOf returns how many rows there are, which everything must agree on.
func rowsOf(l *Layout, columns []Column, at []int64) (int, *Error) {
	if len(columns) != len(l.kinds) {
		return 0, problem(InvalidArgument, fmt.Sprintf("%d columns for a layout of %d", len(columns), len(l.kinds)))
	}
	rows := len(at)
	if len(columns) > 0 {
		rows = columns[0].rows
	}
	if len(at) != rows && (l.stamp != StampNow || len(at) > 0) {
		return 0, problem(InvalidArgument, fmt.Sprintf("%d designated timestamps for %d rows", len(at), rows))
	}
	for i, c := range columns {
		if c.fill == nil {
			return 0, problem(InvalidArgument, fmt.Sprintf("column %d is a zero Column", i))
		}
		if c.rows != rows {
			return 0, problem(InvalidArgument, fmt.Sprintf("column %d has %d rows, others have %d", i, c.rows, rows))
		}
		if c.valid != nil && len(c.valid) != rows {
			return 0, problem(InvalidArgument, fmt.Sprintf("Valid of column %d has %d rows of %d", i, len(c.valid), rows))
		}
	}
	return rows, nil
}

// columnMemory is the C memory of one call.
type columnMemory struct {
	pieces  []unsafe.Pointer
	refused bool
}

func (m *columnMemory) fill(l *Layout, columns []Column) ([]C.questdb_column_data, *Error) {
	data := make([]C.questdb_column_data, len(columns))
	for i, c := range columns {
		if c.valid != nil {
			var bits unsafe.Pointer
			out := slice[byte](m, &bits, (len(c.valid)+7)/8)
			for j := range out {
				out[j] = 0
			}
			for j, valid := range c.valid {
				if valid && !m.refused {
					out[j/8] |= 1 << (j % 8)
				}
			}
			data[i].validity = (*C.uint8_t)(bits)
		}
		if e := c.fill(m, &data[i], l.kinds[i]); e != nil {
			e.Message += fmt.Sprintf(", column %d", i)
			return nil, e
		}
		if m.refused {
			return nil, problem(OutOfMemory, fmt.Sprintf("no memory for the values of column %d", i))
		}
	}
	return data, nil
}

// slice returns C memory for values and puts its address where C looks for it; nil if memory is refused.
func slice[T any](m *columnMemory, where *unsafe.Pointer, count int) []T {
	var one T
	piece := C.memory(C.size_t(count)*C.size_t(unsafe.Sizeof(one)) + 1)
	if piece == nil {
		m.refused = true
		return nil
	}
	m.pieces = append(m.pieces, piece)
	*where = piece
	return unsafe.Slice((*T)(piece), count)
}

func (m *columnMemory) texts(data *C.questdb_column_data, values []string) {
	size := 0
	for _, v := range values {
		size += len(v)
	}
	var text unsafe.Pointer
	offsets := slice[int64](m, &data.offsets, len(values)+1)
	bytes := slice[byte](m, &text, size)
	if m.refused {
		return
	}
	end := 0
	offsets[0] = 0
	for i, v := range values {
		end += copy(bytes[end:], v)
		offsets[i+1] = int64(end)
	}
	data.offset_width, data.text, data.text_len = 8, (*C.uint8_t)(text), C.size_t(size)
}

func (m *columnMemory) isNull(data *C.questdb_column_data, row int) bool {
	bits := unsafe.Slice((*byte)(unsafe.Pointer(data.validity)), row/8+1)
	return bits[row/8]&(1<<(row%8)) == 0
}

func (m *columnMemory) free() {
	for _, piece := range m.pieces {
		C.free(piece)
	}
}
