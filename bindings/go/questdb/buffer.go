package questdb

/*
#include "helpers.h"
*/
import "C"

import (
	"context"
	"runtime"
	"unsafe"
)

// Buffer holds rows that were not sent yet. One goroutine may use it at a time; another is told so. It sends nothing by
// itself: see Sender.FlushBuffer. The buffer of a sender, Sender.Buffer, is part of that sender.
type Buffer struct {
	guard
	handle *C.questdb_buffer
	// sender is the sender that lends this buffer, NULL if the buffer belongs to nobody else.
	sender  *C.questdb_sender
	watcher *watch
	// open is the number of the open row, 0 without one; begun is that of the last row that was begun.
	open, begun uint64
	abandoned   uint64
	owned       *owned
}

// BufferLimits are sizes in bytes; 0 means the default.
type BufferLimits struct {
	// MaxNameLen is the longest name (127).
	MaxNameLen int
	// InitSize is the memory to begin with (64 KiB).
	InitSize int
	// MaxSize is the most that the buffer may hold (100 MiB).
	MaxSize int
}

// NewBuffer makes a buffer of protocol version 1, 2 or 3. Free gives its memory back at once, and the garbage collector
// some time. Sender.NewBuffer knows the version and the limits of its server.
func NewBuffer(protocolVersion int) (*Buffer, error) {
	var handle *C.questdb_buffer
	if err := taken(C.questdb_buffer_new(C.uint32_t(protocolVersion), &handle)); err != nil {
		return nil, err
	}
	return ownBuffer(handle), nil
}

// NewBufferWithLimits is NewBuffer with limits.
func NewBufferWithLimits(protocolVersion int, limits BufferLimits) (*Buffer, error) {
	size := func(given, otherwise int) C.size_t {
		if given == 0 {
			return C.size_t(otherwise)
		}
		return C.size_t(given) // C reports a negative size as an error
	}
	most := size(limits.MaxSize, 100<<20)
	begin := size(limits.InitSize, 64<<10)
	if limits.InitSize == 0 && begin > most {
		begin = most
	}
	var handle *C.questdb_buffer
	version, name := C.uint32_t(protocolVersion), size(limits.MaxNameLen, 127)
	if err := taken(C.questdb_buffer_with_limits(version, name, begin, most, &handle)); err != nil {
		return nil, err
	}
	return ownBuffer(handle), nil
}

func ownBuffer(handle *C.questdb_buffer) *Buffer {
	b := &Buffer{handle: handle, owned: &owned{func() { C.questdb_buffer_free(handle) }}}
	runtime.SetFinalizer(b.owned, func(o *owned) { o.free() })
	b.ready(func() {
		runtime.SetFinalizer(b.owned, nil)
		C.questdb_buffer_free(b.handle)
		b.handle = nil
	})
	return b
}

func (b *Buffer) refusal() *Error {
	switch {
	case b == nil:
		return problem(InvalidArgument, "the buffer is nil")
	case b.sender != nil:
		return b.guard.refusal("the sender")
	case b.owned == nil: // this is the buffer of a zero Sender, or a zero Buffer
		return problem(InvalidState, "the sender or buffer was not opened")
	default:
		return b.guard.refusal("the buffer")
	}
}

// do makes one call with the buffer.
func (b *Buffer) do(call func(b *Buffer) *C.questdb_error) error {
	if b == nil || !b.enter() {
		return b.refusal()
	}
	defer b.leave()
	err := taken(call(b))
	b.look()
	return err
}

// look finds out whether the row is still open.
func (b *Buffer) look() {
	if b.open != 0 && !bool(C.questdb_buffer_is_row_open(b.handle)) {
		b.open = 0
	}
}

// drop drops the row of this number if it is open.
func (b *Buffer) drop(number uint64) {
	if b.open == number {
		if e := C.questdb_buffer_drop_row(b.handle); e != nil {
			C.questdb_error_free(e) // this can only be a defect in C, which the next call reports
		}
		b.open = 0
	}
}

// forget drops a row that was begun and never ended, before another comes.
func (b *Buffer) forget() {
	if b.open != 0 {
		b.drop(b.open)
		b.abandoned++
	}
}

func (b *Buffer) watch(ctx context.Context) {
	if b.sender == nil {
		return
	}
	if b.watcher == nil {
		b.watcher = &watch{sender: b.sender}
	}
	b.watcher.begin(ctx)
}

func (b *Buffer) unwatch() {
	if b.sender != nil {
		b.watcher.end()
	}
}

// number asks for a number; 0 if the buffer is in use or freed.
func (b *Buffer) number(ask func(*C.questdb_buffer) C.size_t) int {
	if b == nil || !b.enter() {
		return 0
	}
	defer b.leave()
	return int(ask(b.handle))
}

// Row begins a row of a table. A row that was begun before and did not end is dropped.
func (b *Buffer) Row(table string) *Row {
	r := &Row{rows: b}
	r.begin(table)
	return r
}

// DropRow drops the row that is open, whoever began it; without one it does nothing. Complete rows stay.
func (b *Buffer) DropRow() error {
	return b.do(func(b *Buffer) *C.questdb_error { return C.questdb_buffer_drop_row(b.handle) })
}

// IsRowOpen tells whether a row was begun and has not ended.
func (b *Buffer) IsRowOpen() bool {
	return b.number(func(h *C.questdb_buffer) C.size_t { return C.size_t(boolToInt(bool(C.questdb_buffer_is_row_open(h)))) }) != 0
}

// RemoveRows removes complete rows by number, counted from 1 as Error.ServerLine counts; an open row stays. Numbers beyond
// the rows are InvalidArgument.
func (b *Buffer) RemoveRows(first, count uint64) error {
	return b.do(func(b *Buffer) *C.questdb_error {
		return C.questdb_buffer_remove_rows(b.handle, C.size_t(first), C.size_t(count))
	})
}

// Clear drops all rows, also an open one, and the marker.
func (b *Buffer) Clear() error {
	return b.do(func(b *Buffer) *C.questdb_error { return C.questdb_buffer_clear(b.handle) })
}

// SetMarker remembers this place, between two rows, for RewindToMarker.
func (b *Buffer) SetMarker() error {
	return b.do(func(b *Buffer) *C.questdb_error { return C.questdb_buffer_set_marker(b.handle) })
}

// RewindToMarker drops everything after the marker, also an open row, and the marker.
func (b *Buffer) RewindToMarker() error {
	return b.do(func(b *Buffer) *C.questdb_error { return C.questdb_buffer_rewind_to_marker(b.handle) })
}

// ClearMarker drops the marker; without one it does nothing.
func (b *Buffer) ClearMarker() error {
	return b.do(func(b *Buffer) *C.questdb_error { return C.questdb_buffer_clear_marker(b.handle) })
}

// Reserve makes room for so many more bytes.
func (b *Buffer) Reserve(bytes int) error {
	return b.do(func(b *Buffer) *C.questdb_error { return C.questdb_buffer_reserve(b.handle, C.size_t(bytes)) })
}

// CheckFlushable checks that no row is open.
func (b *Buffer) CheckFlushable() error {
	return b.do(func(b *Buffer) *C.questdb_error { return C.questdb_buffer_check_flushable(b.handle) })
}

// Clone makes an independent copy, also of the buffer of a sender; an open row is left out.
func (b *Buffer) Clone() (*Buffer, error) {
	var handle *C.questdb_buffer
	err := b.do(func(b *Buffer) *C.questdb_error { return C.questdb_buffer_clone(b.handle, &handle) })
	if err != nil {
		return nil, err
	}
	copied := ownBuffer(handle)
	return copied, copied.DropRow() // an open row in the copy could not be ended by anybody
}

// Bytes returns a copy of what would be sent, the open row included.
func (b *Buffer) Bytes() []byte {
	if b == nil || !b.enter() {
		return nil
	}
	defer b.leave()
	var size C.size_t
	first := C.questdb_buffer_peek(b.handle, &size)
	bytes := make([]byte, int(size))
	if size > 0 {
		copy(bytes, unsafe.Slice((*byte)(unsafe.Pointer(first)), int(size)))
	}
	return bytes
}

// Len is the number of bytes, the open row included.
func (b *Buffer) Len() int {
	return b.number(func(h *C.questdb_buffer) C.size_t { return C.questdb_buffer_len(h) })
}

// Capacity is the number of bytes that fit before the buffer grows.
func (b *Buffer) Capacity() int {
	return b.number(func(h *C.questdb_buffer) C.size_t { return C.questdb_buffer_capacity(h) })
}

// RowCount is the number of complete rows.
func (b *Buffer) RowCount() int {
	return b.number(func(h *C.questdb_buffer) C.size_t { return C.questdb_buffer_row_count(h) })
}

// IsTransactional tells whether all rows are of one table, so that the server stores all of them or none.
func (b *Buffer) IsTransactional() bool {
	return b.number(func(h *C.questdb_buffer) C.size_t {
		return C.size_t(boolToInt(bool(C.questdb_buffer_is_transactional(h))))
	}) != 0
}

// ProtocolVersion is 1, 2 or 3.
func (b *Buffer) ProtocolVersion() int {
	return b.number(func(h *C.questdb_buffer) C.size_t { return C.size_t(C.questdb_buffer_protocol_version(h)) })
}

// Limits returns the limits of the buffer.
func (b *Buffer) Limits() BufferLimits {
	return BufferLimits{
		MaxNameLen: b.number(func(h *C.questdb_buffer) C.size_t { return C.questdb_buffer_max_name_len(h) }),
		InitSize:   b.number(func(h *C.questdb_buffer) C.size_t { return C.questdb_buffer_init_buf_size(h) }),
		MaxSize:    b.number(func(h *C.questdb_buffer) C.size_t { return C.questdb_buffer_max_buf_size(h) }),
	}
}

// AbandonedRows is the number of rows that were begun, never ended, and dropped when another was begun.
func (b *Buffer) AbandonedRows() uint64 {
	if b == nil || !b.enter() {
		return 0
	}
	defer b.leave()
	return b.abandoned
}

// Free gives the memory back; a call that is running in another goroutine ends first. The buffer of a sender is left alone:
// it ends with its sender. Later calls are the error InvalidState.
func (b *Buffer) Free() {
	if b != nil && b.sender == nil {
		b.end()
	}
}
