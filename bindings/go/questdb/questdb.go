// Package questdb sends rows to QuestDB through the C library questdb-ingress.
//
// A row is begun by Row, built by chained calls and ended by At, AtMicros, AtNanos or AtNow:
//
//	err := sender.Row("trades").Symbol("side", "buy").Float64("price", 2615.54).AtNanos(nanos)
//
// The first error of a row is kept, the rest of its calls do nothing, and the call that ends it drops the row and returns
// the error. Rows of one shape are cheaper as prepared rows, see Layout, and many rows at once by AppendColumns.
//
// # Goroutines
//
// A Sender, a Buffer, a Layout and a Config are used by one goroutine at a time. A call that finds one in use, or closed,
// returns the error InvalidState, which says so. No order of calls and no number of goroutines ends the process. Sender.Close,
// Sender.Cancel, Sender.Stat and Sender.LastError may be called by any goroutine at any time.
//
// # Contexts
//
// Every call that may wait for the server has a form that takes a context. When that ends, the call returns within 100 ms,
// its error is context.Canceled or context.DeadlineExceeded to errors.Is, and Error.Outcome says what became of the rows,
// which are still there.
package questdb

/*
#cgo CFLAGS: -I${SRCDIR}/../../../include
#cgo LDFLAGS: -lquestdb_ingress
#include "helpers.h"
*/
import "C"

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"
	"unsafe"
)

// Sender holds a connection to QuestDB and the rows that were not sent yet. One goroutine may use it at a time; another is
// told so. It must be closed: one that is forgotten loses its rows when the garbage collector finds it.
type Sender struct {
	own Buffer
	// life is locked to free the handle, and locked for reading by the calls that may be made while another is running.
	life   sync.RWMutex
	handle *C.questdb_sender
	owned  *owned
	// idle is closed when the sender was closed and no other call is running; done is closed when Close has finished.
	idle, done chan struct{}
	closed     CloseReport
	stats      [statCount]uint64
	lastError  *Error
}

// Version is the version of the library.
func Version() string { return C.GoString(C.questdb_version()) }

func checkABI() error {
	if found := uint32(C.questdb_abi_version()); found != C.QUESTDB_ABI_VERSION {
		wanted := uint32(C.QUESTDB_ABI_VERSION)
		return problem(Internal, fmt.Sprintf("the questdb_ingress library has ABI %d, this package needs %d", found, wanted))
	}
	return nil
}

// Open makes a sender from a configuration string such as "http::addr=localhost:9000;".
func Open(conf string) (*Sender, error) {
	data, size := text(conf)
	return made(func(out **C.questdb_sender) *C.questdb_error { return C.questdb_sender_from_conf(data, size, out) })
}

// OpenContext is Open; the connecting ends with ctx. It connects also where lazy_connect is on.
func OpenContext(ctx context.Context, conf string) (*Sender, error) {
	config, err := ParseConfig(conf)
	if err != nil {
		return nil, err
	}
	defer config.Free()
	return config.OpenContext(ctx)
}

// OpenEnv makes a sender from the configuration string in the environment variable QDB_CLIENT_CONF.
func OpenEnv() (*Sender, error) {
	return made(func(out **C.questdb_sender) *C.questdb_error { return C.questdb_sender_from_env(out) })
}

// OpenEnvContext is OpenEnv; the connecting ends with ctx.
func OpenEnvContext(ctx context.Context) (*Sender, error) {
	config, err := ConfigFromEnv()
	if err != nil {
		return nil, err
	}
	defer config.Free()
	return config.OpenContext(ctx)
}

// made makes a sender of what a function of C makes.
func made(make_ func(**C.questdb_sender) *C.questdb_error) (*Sender, error) {
	if err := checkABI(); err != nil {
		return nil, err
	}
	var handle *C.questdb_sender
	if err := taken(make_(&handle)); err != nil {
		return nil, err
	}
	s := &Sender{handle: handle, idle: make(chan struct{}), done: make(chan struct{})}
	s.owned = &owned{func() { C.questdb_sender_free(handle) }}
	runtime.SetFinalizer(s.owned, func(o *owned) { o.free() })
	s.own.handle, s.own.sender = C.questdb_sender_buffer(handle), handle
	idle := s.idle
	s.own.ready(func() { close(idle) })
	return s, nil
}

// buffer returns the sender's own buffer, nil for a nil sender.
func (s *Sender) buffer() *Buffer {
	if s == nil {
		return nil
	}
	return &s.own
}

func (s *Sender) refusal() *Error {
	if s == nil {
		return problem(InvalidArgument, "the sender is nil")
	}
	return s.own.refusal()
}

// blocking makes a call that may wait for the server, until ctx ends.
func (s *Sender) blocking(ctx context.Context, call func(s *Sender) *C.questdb_error) error {
	if s == nil || !s.own.enter() {
		return s.refusal()
	}
	defer s.own.leave()
	return s.await(ctx, call)
}

// await is blocking for who has entered the sender.
func (s *Sender) await(ctx context.Context, call func(s *Sender) *C.questdb_error) error {
	if !watched(ctx) {
		err := taken(call(s))
		s.own.look()
		return err
	}
	if ctx.Err() != nil {
		return ended(ctx)
	}
	s.own.watch(ctx)
	e := call(s)
	s.own.unwatch()
	s.own.look()
	if e == nil {
		return nil
	}
	return takeWith(ctx, e)
}

// Row begins a row of a table. A row that was begun before and did not end is dropped.
func (s *Sender) Row(table string) *Row {
	r := &Row{rows: s.buffer()}
	r.begin(table)
	return r
}

// Buffer returns the sender's own buffer, which is part of the sender.
func (s *Sender) Buffer() *Buffer { return s.buffer() }

// NewBuffer makes an independent buffer with the protocol version and the limits of the sender. It may be filled by another
// goroutine, and sent by any sender.
func (s *Sender) NewBuffer() (*Buffer, error) {
	var handle *C.questdb_buffer
	err := s.blocking(none, func(s *Sender) *C.questdb_error { return C.questdb_sender_new_buffer(s.handle, &handle) })
	if err != nil {
		return nil, err
	}
	return ownBuffer(handle), nil
}

// Connect connects now, and asks the server for its protocol version, where lazy_connect has put that off; otherwise it does
// nothing.
func (s *Sender) Connect() error { return s.ConnectContext(none) }

// ConnectContext is Connect until ctx ends.
func (s *Sender) ConnectContext(ctx context.Context) error {
	return s.blocking(ctx, func(s *Sender) *C.questdb_error { return C.questdb_sender_connect(s.handle) })
}

// Flush sends all rows. After an error all of them are still there.
func (s *Sender) Flush() error { return s.FlushContext(none) }

// FlushContext is Flush until ctx ends.
func (s *Sender) FlushContext(ctx context.Context) error {
	return s.blocking(ctx, func(s *Sender) *C.questdb_error { return C.questdb_sender_flush_own(s.handle) })
}

// FlushIfDue sends all rows if a limit of auto-flush is reached, as the end of a row does: for a time without rows.
func (s *Sender) FlushIfDue() error { return s.FlushIfDueContext(none) }

// FlushIfDueContext is FlushIfDue until ctx ends.
func (s *Sender) FlushIfDueContext(ctx context.Context) error {
	return s.blocking(ctx, func(s *Sender) *C.questdb_error { return C.questdb_sender_flush_if_due(s.handle) })
}

// FlushBuffer sends a buffer and clears it. After an error it is as it was.
func (s *Sender) FlushBuffer(b *Buffer) error { return s.FlushBufferContext(none, b) }

// FlushBufferContext is FlushBuffer until ctx ends.
func (s *Sender) FlushBufferContext(ctx context.Context, b *Buffer) error {
	return s.sending(ctx, b, func(s *Sender) *C.questdb_error { return C.questdb_sender_flush(s.handle, b.handle) })
}

// FlushAndKeep sends a buffer and leaves it as it is, for example to send it to another server too.
func (s *Sender) FlushAndKeep(b *Buffer) error { return s.FlushAndKeepContext(none, b) }

// FlushAndKeepContext is FlushAndKeep until ctx ends.
func (s *Sender) FlushAndKeepContext(ctx context.Context, b *Buffer) error {
	return s.sending(ctx, b, func(s *Sender) *C.questdb_error { return C.questdb_sender_flush_and_keep(s.handle, b.handle) })
}

// FlushAndKeepTransactional is FlushAndKeepContext, but refuses what the server could store only in part: a buffer with
// several tables, or TCP.
func (s *Sender) FlushAndKeepTransactional(ctx context.Context, b *Buffer) error {
	return s.sending(ctx, b, func(s *Sender) *C.questdb_error {
		return C.questdb_sender_flush_and_keep_with_flags(s.handle, b.handle, true)
	})
}

// sending is blocking for a call that uses a buffer too.
func (s *Sender) sending(ctx context.Context, b *Buffer, call func(s *Sender) *C.questdb_error) error {
	if b == nil {
		return b.refusal()
	}
	if b == s.buffer() {
		return s.blocking(ctx, call)
	}
	if s == nil || !s.own.enter() {
		return s.refusal()
	}
	defer s.own.leave()
	if !b.enter() {
		return b.refusal()
	}
	defer b.leave()
	err := s.await(ctx, call)
	b.look()
	return err
}

// Begin begins a transaction on one table, after it has sent the rows that wait; HTTP only.
func (s *Sender) Begin(table string) error { return s.BeginContext(none, table) }

// BeginContext is Begin; the sending of the rows that wait ends with ctx.
func (s *Sender) BeginContext(ctx context.Context, table string) error {
	data, size := text(table)
	return s.blocking(ctx, func(s *Sender) *C.questdb_error { return C.questdb_sender_begin(s.handle, data, size) })
}

// Commit sends the rows of the transaction; the server stores all or none. After an error the transaction is still open,
// with all its rows.
func (s *Sender) Commit() error { return s.CommitContext(none) }

// CommitContext is Commit until ctx ends.
func (s *Sender) CommitContext(ctx context.Context) error {
	return s.blocking(ctx, func(s *Sender) *C.questdb_error { return C.questdb_sender_commit(s.handle) })
}

// Rollback drops the rows of the transaction.
func (s *Sender) Rollback() error {
	return s.blocking(none, func(s *Sender) *C.questdb_error { return C.questdb_sender_rollback(s.handle) })
}

// InTransaction tells whether a transaction is open.
func (s *Sender) InTransaction() bool {
	return s.number(func(s *Sender) int { return boolToInt(bool(C.questdb_sender_in_transaction(s.handle))) }) != 0
}

// ProtocolVersion is the version that was configured or negotiated: 1, 2 or 3; 0 if it is not known yet, or the sender is in
// use or closed.
func (s *Sender) ProtocolVersion() int {
	return s.number(func(s *Sender) int { return int(C.questdb_sender_protocol_version(s.handle)) })
}

// MaxNameLen is the longest name that the server accepts, in bytes; 0 if the sender is in use or closed.
func (s *Sender) MaxNameLen() int {
	return s.number(func(s *Sender) int { return int(C.questdb_sender_max_name_len(s.handle)) })
}

func (s *Sender) number(ask func(*Sender) int) int {
	if s == nil || !s.own.enter() {
		return 0
	}
	defer s.own.leave()
	return ask(s)
}

// DropRow drops the row that is open; complete rows stay.
func (s *Sender) DropRow() error { return s.buffer().DropRow() }

// RemoveRows removes complete rows by number, counted from 1 as Error.ServerLine counts, so that the rest can go on.
func (s *Sender) RemoveRows(first, count uint64) error { return s.buffer().RemoveRows(first, count) }

// Clear drops all rows that were not sent.
func (s *Sender) Clear() error { return s.buffer().Clear() }

// Pending is the number of complete rows that were not sent; 0 if the sender is in use or closed.
func (s *Sender) Pending() int { return s.buffer().RowCount() }

// Stat returns a number that the sender keeps, after Close the last one. Any goroutine may ask at any time.
func (s *Sender) Stat(stat Stat) uint64 {
	if s == nil {
		return 0
	}
	s.life.RLock()
	defer s.life.RUnlock()
	if s.handle != nil {
		return uint64(C.questdb_sender_stat(s.handle, C.uint32_t(stat)))
	}
	if stat < statCount {
		return s.stats[stat]
	}
	return 0
}

// LastError returns the last error of a flush, also one that a later flush made good, also of an automatic one; nil if there
// was none. Any goroutine may ask at any time.
func (s *Sender) LastError() *Error {
	if s == nil {
		return nil
	}
	s.life.RLock()
	defer s.life.RUnlock()
	if s.handle == nil {
		return s.lastError
	}
	return s.askLastError()
}

func (s *Sender) askLastError() *Error {
	var last *C.questdb_error
	if e := C.questdb_sender_last_error(s.handle, &last); e != nil {
		return take(e)
	}
	if last == nil {
		return nil
	}
	return take(last)
}

// Cancel ends the call that is running in another goroutine, and returns when it has ended: within 100 ms. That call returns
// the error Cancelled, whose outcome says what became of the rows, which are still there. Later calls work. Without a running
// call nothing happens. Any goroutine may call it at any time.
func (s *Sender) Cancel() {
	if s == nil {
		return
	}
	call, is := s.own.running()
	for now := call; is && now == call; now, is = s.own.running() {
		s.life.RLock()
		C.questdb_sender_cancel(s.handle)
		s.life.RUnlock()
		time.Sleep(cancelEvery / 2)
	}
}

// pointer returns the bytes of a string; C reads them during the call only. (unsafe.StringData, for Go before 1.20.)
func pointer(s string) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&s)) }

func text(s string) (*C.char, C.size_t) { return (*C.char)(pointer(s)), C.size_t(len(s)) }
