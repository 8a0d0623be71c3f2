package questdb

/*
#include "helpers.h"
*/
import "C"

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"
)

// ColumnKind is what a prepared column holds.
type ColumnKind uint32

// The kinds.
const (
	Symbol       ColumnKind = C.QUESTDB_COLUMN_KIND_SYMBOL
	Bool         ColumnKind = C.QUESTDB_COLUMN_KIND_BOOL
	Int64        ColumnKind = C.QUESTDB_COLUMN_KIND_I64
	Float64      ColumnKind = C.QUESTDB_COLUMN_KIND_F64
	String       ColumnKind = C.QUESTDB_COLUMN_KIND_STR
	Micros       ColumnKind = C.QUESTDB_COLUMN_KIND_TS_MICROS
	Nanos        ColumnKind = C.QUESTDB_COLUMN_KIND_TS_NANOS
	Float64Array ColumnKind = C.QUESTDB_COLUMN_KIND_F64_ARRAY
	Decimal      ColumnKind = C.QUESTDB_COLUMN_KIND_DECIMAL
)

// Stamp is where the designated timestamp of prepared rows comes from.
type Stamp uint32

// The stamps.
const (
	StampNanos  Stamp = C.QUESTDB_STAMP_NANOS
	StampMicros Stamp = C.QUESTDB_STAMP_MICROS
	StampNow    Stamp = C.QUESTDB_STAMP_NOW
)

// Layout is a table whose columns are named once. Its cells are set by the number of the column, then Append ends the row:
// one crossing into C for the whole row. Cells that were not set since the last Append are NULL. The first error of a cell is
// kept: Append drops the row and returns it.
//
// As Row does, Append and AppendColumns drop a row that was begun by Row and did not end.
//
// The cells and what they point to lie in C's memory, as cgo allows no Go pointers behind pointers. One goroutine may use a
// Layout at a time.
type Layout struct {
	guard
	memory *layoutMemory
	stamp  Stamp
	kinds  []ColumnKind
	err    atomic.Pointer[Error]
}

// layoutMemory is what must be given back to C.
type layoutMemory struct {
	handle *C.questdb_row_layout
	cells  []C.questdb_cell
	// block holds values of variable length since the last Append; full holds earlier blocks, which are kept until then.
	block []byte
	used  int
	full  []unsafe.Pointer
}

// NewLayout begins the layout of a table. Free gives its memory back at once, and the garbage collector some time.
func NewLayout(table string, stamp Stamp) (*Layout, error) {
	m := &layoutMemory{}
	data, size := text(table)
	if err := taken(C.questdb_row_layout_new(data, size, C.uint32_t(stamp), &m.handle)); err != nil {
		return nil, err
	}
	l := &Layout{memory: m, stamp: stamp}
	runtime.SetFinalizer(m, (*layoutMemory).free)
	l.ready(func() {
		runtime.SetFinalizer(m, nil)
		m.free()
	})
	return l, nil
}

func (l *Layout) refusal() *Error {
	if l == nil {
		return problem(InvalidArgument, "the layout is nil")
	}
	return l.guard.refusal("the layout")
}

// Add adds a column; its number is the count of those before. Cells that were set before are forgotten.
func (l *Layout) Add(name string, kind ColumnKind) error {
	if l == nil || !l.enter() {
		return l.refusal()
	}
	defer l.leave()
	count := len(l.kinds) + 1
	cells := C.memory(C.size_t(count) * C.sizeof_questdb_cell)
	if cells == nil {
		return problem(OutOfMemory, "no memory for the cells of a layout")
	}
	data, size := text(name)
	if err := taken(C.questdb_row_layout_add(l.memory.handle, data, size, C.uint32_t(kind))); err != nil {
		C.free(cells)
		return err
	}
	l.memory.freeCells()
	l.memory.cells = unsafe.Slice((*C.questdb_cell)(cells), count)
	l.memory.clear()
	l.kinds = append(l.kinds, kind)
	return nil
}

// ColumnCount is the number of columns; 0 if the layout is in use or freed.
func (l *Layout) ColumnCount() int {
	if l == nil || !l.enter() {
		return 0
	}
	defer l.leave()
	return int(C.questdb_row_layout_column_count(l.memory.handle))
}

// cell begins setting a cell; nil: there is an error.
func (l *Layout) cell(column int) *C.questdb_cell {
	if l == nil {
		return nil // Append reports that the layout is nil
	}
	if !l.enter() {
		l.fail(l.refusal())
		return nil
	}
	if uint(column) >= uint(len(l.memory.cells)) {
		l.fail(problem(InvalidArgument, fmt.Sprintf("column %d of a layout of %d columns", column, len(l.kinds))))
		l.leave()
		return nil
	}
	return &l.memory.cells[column]
}

func (l *Layout) fail(e *Error) { l.err.CompareAndSwap(nil, e) }

// Bool sets a cell of a Bool column.
func (l *Layout) Bool(column int, value bool) {
	if cell := l.cell(column); cell != nil {
		cell.kind = C.QUESTDB_CELL_KIND_BOOL
		*(*int64)(unsafe.Pointer(&cell.value)) = int64(boolToInt(value))
		l.leave()
	}
}

// Int64 sets a cell of an Int64, Micros or Nanos column.
func (l *Layout) Int64(column int, value int64) {
	if cell := l.cell(column); cell != nil {
		cell.kind = C.QUESTDB_CELL_KIND_I64
		*(*int64)(unsafe.Pointer(&cell.value)) = value
		l.leave()
	}
}

// Time sets a cell of a Micros or Nanos column. The zero time.Time and what does not fit is InvalidTimestamp.
func (l *Layout) Time(column int, t time.Time) {
	cell := l.cell(column)
	if cell == nil {
		return
	}
	if value, e := inUnit(t, l.kinds[column] != Micros); e == nil {
		cell.kind = C.QUESTDB_CELL_KIND_I64
		*(*int64)(unsafe.Pointer(&cell.value)) = value
	} else {
		l.fail(e)
	}
	l.leave()
}

// Float64 sets a cell of a Float64 column.
func (l *Layout) Float64(column int, value float64) {
	if cell := l.cell(column); cell != nil {
		cell.kind = C.QUESTDB_CELL_KIND_F64
		*(*float64)(unsafe.Pointer(&cell.value)) = value
		l.leave()
	}
}

// Text sets a cell of a Symbol, String or Decimal column.
func (l *Layout) Text(column int, value string) {
	if cell := l.cell(column); cell != nil {
		if room, ok := l.room(len(value)); ok {
			cell.kind = C.QUESTDB_CELL_KIND_TEXT
			copy(room, value)
			point(cell, room)
		}
		l.leave()
	}
}

// Decimal sets a cell of a Decimal column, a big-endian two's complement integer over 10^scale; nil is NULL.
func (l *Layout) Decimal(column int, scale uint32, unscaled []byte) {
	if cell := l.cell(column); cell != nil {
		if room, ok := l.room(len(unscaled)); ok {
			cell.kind, cell.scale = C.QUESTDB_CELL_KIND_DECIMAL, C.uint32_t(scale)
			copy(room, unscaled)
			point(cell, room)
		}
		l.leave()
	}
}

// Float64s sets a cell of a Float64Array column, in row-major order; without a shape it has one dimension.
func (l *Layout) Float64s(column int, values []float64, shape ...int) {
	cell := l.cell(column)
	if cell == nil {
		return
	}
	if array, ok := l.array(values, shape); ok {
		cell.kind = C.QUESTDB_CELL_KIND_ARRAY
		point(cell, array)
	}
	l.leave()
}

func (l *Layout) array(values []float64, shape []int) ([]byte, bool) {
	const (
		sizeSize  = int(unsafe.Sizeof(C.size_t(0)))
		arraySize = int(unsafe.Sizeof(C.questdb_array{}))
	)
	dims := len(shape)
	if dims == 0 {
		dims = 1
	}
	sizes, ok := l.room(sizeSize * dims)
	if !ok {
		return nil, false
	}
	data, ok := l.room(8 * len(values))
	if !ok {
		return nil, false
	}
	array, ok := l.room(arraySize)
	if !ok {
		return nil, false
	}
	*(*C.size_t)(unsafe.Pointer(&sizes[0])) = C.size_t(len(values))
	for i, n := range shape {
		*(*C.size_t)(unsafe.Pointer(&sizes[sizeSize*i])) = C.size_t(n)
	}
	for i, v := range values {
		*(*uint64)(unsafe.Pointer(&data[8*i])) = math.Float64bits(v)
	}
	a := (*C.questdb_array)(unsafe.Pointer(&array[0]))
	*a = C.questdb_array{dims: C.size_t(dims), data_len: C.size_t(len(data))}
	a.shape = (*C.size_t)(unsafe.Pointer(&sizes[0]))
	if len(data) > 0 {
		a.data = (*C.uint8_t)(unsafe.Pointer(&data[0]))
	}
	return array, true
}

// Append ends the row with a designated timestamp in the unit of the layout's stamp, and sends all rows when a limit of
// auto-flush is reached. After an error other than that of the sending (Error.RowAccepted) the row is dropped.
func (s *Sender) Append(l *Layout, at int64) error { return s.buffer().append(none, l, at, nil) }

// AppendContext is Append; the sending, if there is any, ends with ctx.
func (s *Sender) AppendContext(ctx context.Context, l *Layout, at int64) error {
	return s.buffer().append(ctx, l, at, nil)
}

// AppendAt is AppendContext with the time t. The zero time.Time and what does not fit is InvalidTimestamp.
func (s *Sender) AppendAt(ctx context.Context, l *Layout, t time.Time) error {
	return s.buffer().AppendAt(ctx, l, t)
}

// Append ends the row with a designated timestamp in the unit of the layout's stamp. After an error the row is dropped.
func (b *Buffer) Append(l *Layout, at int64) error { return b.append(none, l, at, nil) }

// AppendAt is Append with the time t. The zero time.Time and what does not fit is InvalidTimestamp.
func (b *Buffer) AppendAt(ctx context.Context, l *Layout, t time.Time) error {
	if l == nil {
		return l.refusal()
	}
	at, e := int64(0), (*Error)(nil)
	if l.stamp != StampNow {
		at, e = inUnit(t, l.stamp == StampNanos)
	}
	return b.append(ctx, l, at, e)
}

func (b *Buffer) append(ctx context.Context, l *Layout, at int64, e *Error) error {
	if l == nil || !l.enter() {
		return l.refusal()
	}
	defer l.leave()
	err := b.appendCells(ctx, l, at, e)
	l.memory.clear()
	return err
}

func (b *Buffer) appendCells(ctx context.Context, l *Layout, at int64, e *Error) error {
	if failed := l.err.Swap(nil); failed != nil {
		return failed
	}
	if e != nil {
		return e
	}
	if b == nil || !b.enter() {
		return b.refusal()
	}
	defer b.leave()
	b.forget()
	cells := l.memory.cells
	var first *C.questdb_cell
	if len(cells) > 0 {
		first = &cells[0]
	}
	if b.sender == nil {
		return taken(C.questdb_buffer_append_row(b.handle, l.memory.handle, first, C.size_t(len(cells)), C.int64_t(at)))
	}
	if !watched(ctx) {
		return taken(C.questdb_sender_append_row(b.sender, l.memory.handle, first, C.size_t(len(cells)), C.int64_t(at)))
	}
	if ctx.Err() != nil {
		return ended(ctx)
	}
	b.watch(ctx)
	failed := C.questdb_sender_append_row(b.sender, l.memory.handle, first, C.size_t(len(cells)), C.int64_t(at))
	b.unwatch()
	if failed == nil {
		return nil
	}
	return takeWith(ctx, failed)
}

// Free gives the memory of the layout back; a call that is running in another goroutine ends first.
func (l *Layout) Free() {
	if l != nil {
		l.end()
	}
}

func (m *layoutMemory) free() {
	m.clear()
	m.freeCells()
	if m.block != nil {
		C.free(unsafe.Pointer(&m.block[0]))
	}
	C.questdb_row_layout_free(m.handle)
	*m = layoutMemory{}
}

func (m *layoutMemory) freeCells() {
	if len(m.cells) > 0 {
		C.free(unsafe.Pointer(&m.cells[0]))
	}
	m.cells = nil
}

func (m *layoutMemory) clear() {
	for i := range m.cells {
		m.cells[i].kind = C.QUESTDB_CELL_KIND_NULL
	}
	for _, block := range m.full {
		C.free(block)
	}
	m.full, m.used = m.full[:0], 0
}

// room returns memory of C that lives until the row ends, aligned for every cell; false: there is none.
func (l *Layout) room(size int) ([]byte, bool) {
	m := l.memory
	if size > len(m.block)-m.used {
		capacity := 2*len(m.block) + size + 1024
		block := C.memory(C.size_t(capacity))
		if block == nil {
			l.fail(problem(OutOfMemory, fmt.Sprintf("no memory for the %d bytes of a cell", size)))
			return nil, false
		}
		if m.block != nil {
			m.full = append(m.full, unsafe.Pointer(&m.block[0]))
		}
		m.block, m.used = unsafe.Slice((*byte)(block), capacity), 0
	}
	room := m.block[m.used : m.used+size : m.used+size]
	m.used += (size + 7) &^ 7
	if m.used > len(m.block) {
		m.used = len(m.block)
	}
	return room, true
}

func point(cell *C.questdb_cell, room []byte) {
	var first unsafe.Pointer
	if len(room) > 0 {
		first = unsafe.Pointer(&room[0])
	}
	*(*unsafe.Pointer)(unsafe.Pointer(&cell.value)) = first
	cell.len = C.size_t(len(room))
}
