package questdb

/*
#include "helpers.h"
*/
import "C"

import (
	"context"
	"time"
)

const (
	// A call that is shorter than this starts no goroutine.
	watchAfter = time.Millisecond
	// A cancel that comes before the call in C has begun does nothing, so it is repeated.
	cancelEvery = 2 * time.Millisecond
)

// watch ends calls of one sender when their context ends. It holds nothing that leads to the Sender. Begin and end are
// called by whoever has entered the sender.
type watch struct {
	sender *C.questdb_sender
	timer  *time.Timer
	ctx    context.Context
	stop   chan struct{}
}

// none is the context of calls that were given none.
var none context.Context

// watched tells whether a context can end at all.
func watched(ctx context.Context) bool { return ctx != nil && ctx.Done() != nil }

func (w *watch) begin(ctx context.Context) {
	w.ctx = ctx
	if w.timer == nil {
		w.stop = make(chan struct{})
		w.timer = time.AfterFunc(watchAfter, w.run)
	} else {
		w.timer.Reset(watchAfter)
	}
}

// end returns when nothing can cancel any more.
func (w *watch) end() {
	if !w.timer.Stop() {
		w.stop <- struct{}{}
	}
	w.ctx = nil
}

func (w *watch) run() {
	select {
	case <-w.stop:
		return
	case <-w.ctx.Done():
	}
	again := time.NewTicker(cancelEvery)
	defer again.Stop()
	for {
		C.questdb_sender_cancel(w.sender)
		select {
		case <-w.stop:
			return
		case <-again.C:
		}
	}
}

// takeWith takes an error; one of a call that was cancelled because its context ended says so.
func takeWith(ctx context.Context, error *C.questdb_error) *Error {
	e := take(error)
	if e.Code == Cancelled && watched(ctx) && ctx.Err() != nil {
		e.cause = ctx.Err()
	}
	return e
}
