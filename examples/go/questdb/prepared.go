package questdb

/*
#include "questdb_ingress.h"
#include <stdlib.h>
*/
import "C"

import (
	"math"
	"unsafe"
)

// Kind is what a prepared column holds.
type Kind uint32

// The kinds.
const (
	Symbol       Kind = C.QUESTDB_COLUMN_KIND_SYMBOL
	Bool         Kind = C.QUESTDB_COLUMN_KIND_BOOL
	Int64        Kind = C.QUESTDB_COLUMN_KIND_I64
	Float64      Kind = C.QUESTDB_COLUMN_KIND_F64
	String       Kind = C.QUESTDB_COLUMN_KIND_STR
	Micros       Kind = C.QUESTDB_COLUMN_KIND_TS_MICROS
	Nanos        Kind = C.QUESTDB_COLUMN_KIND_TS_NANOS
	Float64Array Kind = C.QUESTDB_COLUMN_KIND_F64_ARRAY
	Decimal      Kind = C.QUESTDB_COLUMN_KIND_DECIMAL
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
// one crossing into C for the whole row. Cells that were not set since the last Append are NULL.
//
// The cells and what they point to lie in C's memory, as cgo allows no Go pointers behind pointers.
type Layout struct {
	handle *C.questdb_row_layout
	cells  []C.questdb_cell
	// Values of variable length since the last Append; a full block is kept until then.
	block []byte
	used  int
	full  []unsafe.Pointer
}

// NewLayout begins the layout of a table; it must be freed.
func NewLayout(table string, stamp Stamp) (*Layout, error) {
	l := &Layout{}
	data, size := text(table)
	if err := taken(C.questdb_row_layout_new(data, size, C.uint32_t(stamp), &l.handle)); err != nil {
		return nil, err
	}
	return l, nil
}

// Add adds a column; its number is the count of those before.
func (l *Layout) Add(name string, kind Kind) error {
	data, size := text(name)
	if err := taken(C.questdb_row_layout_add(l.handle, data, size, C.uint32_t(kind))); err != nil {
		return err
	}
	count := len(l.cells) + 1
	memory := C.calloc(C.size_t(count), C.sizeof_questdb_cell)
	l.freeCells()
	l.cells = (*[1 << 16]C.questdb_cell)(memory)[:count:count]
	return nil
}

// Bool sets a cell of a Bool column.
func (l *Layout) Bool(column int, value bool) {
	cell := &l.cells[column]
	cell.kind = C.QUESTDB_CELL_KIND_BOOL
	*(*int64)(unsafe.Pointer(&cell.value)) = 0
	if value {
		*(*int64)(unsafe.Pointer(&cell.value)) = 1
	}
}

// Int64 sets a cell of an Int64, Micros or Nanos column.
func (l *Layout) Int64(column int, value int64) {
	cell := &l.cells[column]
	cell.kind = C.QUESTDB_CELL_KIND_I64
	*(*int64)(unsafe.Pointer(&cell.value)) = value
}

// Float64 sets a cell of a Float64 column.
func (l *Layout) Float64(column int, value float64) {
	cell := &l.cells[column]
	cell.kind = C.QUESTDB_CELL_KIND_F64
	*(*float64)(unsafe.Pointer(&cell.value)) = value
}

// Text sets a cell of a Symbol, String or Decimal column.
func (l *Layout) Text(column int, value string) {
	cell := &l.cells[column]
	cell.kind = C.QUESTDB_CELL_KIND_TEXT
	room := l.room(len(value))
	copy(room, value)
	point(cell, room)
}

// Decimal sets a cell of a Decimal column, a big-endian two's complement integer over 10^scale.
func (l *Layout) Decimal(column int, scale uint32, unscaled []byte) {
	cell := &l.cells[column]
	cell.kind, cell.scale = C.QUESTDB_CELL_KIND_DECIMAL, C.uint32_t(scale)
	room := l.room(len(unscaled))
	copy(room, unscaled)
	point(cell, room)
}

// Float64s sets a cell of a Float64Array column; without a shape it has one dimension.
func (l *Layout) Float64s(column int, values []float64, shape ...int) {
	if len(shape) == 0 {
		shape = []int{len(values)}
	}
	sizes := l.room(8 * len(shape))
	for i, n := range shape {
		*(*C.size_t)(unsafe.Pointer(&sizes[8*i])) = C.size_t(n)
	}
	data := l.room(8 * len(values))
	for i, v := range values {
		*(*uint64)(unsafe.Pointer(&data[8*i])) = math.Float64bits(v)
	}
	array := l.room(int(unsafe.Sizeof(C.questdb_array{})))
	a := (*C.questdb_array)(unsafe.Pointer(&array[0]))
	*a = C.questdb_array{dims: C.size_t(len(shape)), data_len: C.size_t(len(data))}
	if len(shape) > 0 {
		a.shape = (*C.size_t)(unsafe.Pointer(&sizes[0]))
	}
	if len(data) > 0 {
		a.data = (*C.uint8_t)(unsafe.Pointer(&data[0]))
	}
	cell := &l.cells[column]
	cell.kind = C.QUESTDB_CELL_KIND_ARRAY
	point(cell, array)
}

// Append ends the row, and sends all rows when a limit of auto-flush is reached. After an error other than that of the
// sending (Error.RowAccepted) the row is dropped.
func (s *Sender) Append(l *Layout, at int64) error {
	var first *C.questdb_cell
	if len(l.cells) > 0 {
		first = &l.cells[0]
	}
	err := taken(C.questdb_sender_append_row(s.handle, l.handle, first, C.size_t(len(l.cells)), C.int64_t(at)))
	l.clear()
	return err
}

// Free gives the memory of the layout back.
func (l *Layout) Free() {
	l.clear()
	l.freeCells()
	if l.block != nil {
		C.free(unsafe.Pointer(&l.block[0]))
	}
	C.questdb_row_layout_free(l.handle)
	*l = Layout{}
}

func (l *Layout) freeCells() {
	if len(l.cells) > 0 {
		C.free(unsafe.Pointer(&l.cells[0]))
	}
	l.cells = nil
}

func (l *Layout) clear() {
	for i := range l.cells {
		l.cells[i].kind = C.QUESTDB_CELL_KIND_NULL
	}
	for _, block := range l.full {
		C.free(block)
	}
	l.full, l.used = l.full[:0], 0
}

// room returns memory of C that lives until the row ends, aligned for every cell.
func (l *Layout) room(size int) []byte {
	if size > len(l.block)-l.used {
		capacity := 2*len(l.block) + size + 1024
		if l.block != nil {
			l.full = append(l.full, unsafe.Pointer(&l.block[0]))
		}
		l.block = (*[math.MaxInt32]byte)(C.malloc(C.size_t(capacity)))[:capacity:capacity]
		l.used = 0
	}
	room := l.block[l.used : l.used+size : l.used+size]
	l.used += (size + 7) &^ 7
	if l.used > len(l.block) {
		l.used = len(l.block)
	}
	return room
}

func point(cell *C.questdb_cell, room []byte) {
	var first unsafe.Pointer
	if len(room) > 0 {
		first = unsafe.Pointer(&room[0])
	}
	*(*unsafe.Pointer)(unsafe.Pointer(&cell.value)) = first
	cell.len = C.size_t(len(room))
}
