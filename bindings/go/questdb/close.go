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
	"time"
)

// CloseReport says what Close left behind.
type CloseReport struct {
	// Unconfirmed is the number of complete rows that the server did not confirm (HTTP) or the kernel did not take (TCP).
	Unconfirmed uint64
	// EarlierRowsInDoubt is how many rows of earlier flushes, which succeeded, may be lost (TCP).
	EarlierRowsInDoubt uint64
	// RowLeftOpen says that a row had not ended; it was not sent.
	RowLeftOpen bool
	// AbandonedRows is the number of rows that were begun, never ended, and dropped when another was begun.
	AbandonedRows uint64
}

// Close sends the complete rows within the time-out, ends the connection and frees the sender. A time-out that is negative
// means 0; less than a millisecond is one. A row that was left open is not sent, which is the error InvalidState.
//
// Any goroutine may call it at any time. A call that is running in another one has until the time-out to end, and is then
// cancelled; calls that begin later are the error InvalidState. Closing again is the error InvalidState if rows were left
// unconfirmed, and otherwise nothing.
func (s *Sender) Close(timeout time.Duration) (CloseReport, error) {
	if timeout < 0 {
		timeout = 0
	}
	return s.close(none, timeout)
}

// CloseContext is Close with the time that is left until ctx ends.
func (s *Sender) CloseContext(ctx context.Context) (CloseReport, error) {
	timeout := time.Duration(math.MaxInt64)
	if ctx != nil {
		if deadline, ok := ctx.Deadline(); ok {
			timeout = time.Until(deadline)
		}
		if ctx.Err() != nil || timeout < 0 {
			timeout = 0
		}
	}
	return s.close(ctx, timeout)
}

func (s *Sender) close(ctx context.Context, timeout time.Duration) (CloseReport, error) {
	if s == nil || s.done == nil {
		return CloseReport{}, s.refusal()
	}
	var ctxDone <-chan struct{}
	if ctx != nil {
		ctxDone = ctx.Done()
	}
	began := time.Now()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	if !s.own.end() {
		return s.closeAgain(ctxDone, timer.C)
	}
	select { // a running call has this long to end by itself
	case <-s.idle:
	case <-timer.C:
	case <-ctxDone:
	}
	s.cancelUntilIdle()

	// From here on no other call is running, and none can begin. The state says busy, so that Cancel waits.
	s.own.state.Add(busy)
	if left := timeout - time.Since(began); timeout != math.MaxInt64 {
		timeout = left
	}
	if ctx != nil && ctx.Err() != nil {
		timeout = 0
	}
	s.closed.RowLeftOpen = bool(C.questdb_buffer_is_row_open(s.own.handle))
	s.closed.AbandonedRows = s.own.abandoned
	var unconfirmed C.uint64_t
	if watched(ctx) {
		s.own.watch(ctx)
	}
	e := C.questdb_sender_close(s.handle, C.uint64_t(millis(timeout)), &unconfirmed)
	if watched(ctx) {
		s.own.unwatch()
	}
	s.closed.Unconfirmed = uint64(unconfirmed)
	var err error
	if e != nil {
		taken := takeWith(ctx, e)
		if ctx != nil && ctx.Err() != nil {
			taken.cause = ctx.Err()
		}
		s.closed.EarlierRowsInDoubt = taken.EarlierRowsInDoubt
		err = taken
	}
	s.free()
	close(s.done)
	return s.closed, err
}

func (s *Sender) cancelUntilIdle() {
	for {
		select {
		case <-s.idle:
			return
		default:
		}
		C.questdb_sender_cancel(s.handle) // the handle is alive, because only this goroutine frees it
		time.Sleep(cancelEvery / 2)
	}
}

// free keeps what can still be asked for, and frees the handle.
func (s *Sender) free() {
	s.life.Lock()
	defer s.life.Unlock()
	for stat := range s.stats {
		s.stats[stat] = uint64(C.questdb_sender_stat(s.handle, C.uint32_t(stat)))
	}
	s.lastError = s.askLastError()
	runtime.SetFinalizer(s.owned, nil)
	C.questdb_sender_free(s.handle)
	s.handle = nil
	s.own.state.Add(nextCall - busy)
}

// closeAgain is a Close after, or during, another.
func (s *Sender) closeAgain(ctxDone <-chan struct{}, timeout <-chan time.Time) (CloseReport, error) {
	select {
	case <-s.done:
	default:
		select {
		case <-s.done:
		case <-timeout:
			return CloseReport{}, problem(InvalidState, "the sender is being closed by another goroutine")
		case <-ctxDone:
			return CloseReport{}, problem(InvalidState, "the sender is being closed by another goroutine")
		}
	}
	if n := s.closed.Unconfirmed; n > 0 {
		return s.closed, problem(InvalidState, fmt.Sprintf("the sender was closed before, when %d rows were left unconfirmed", n))
	}
	return s.closed, nil
}
