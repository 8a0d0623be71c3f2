package questdb

/*
#include "helpers.h"
*/
import "C"

import (
	"context"
	"runtime"
	"sync"
	"time"
	"unsafe"
)

const (
	// The reader of completions looks this often whether it is still needed.
	readFor = 500 * time.Millisecond
	// A submit that waits for room looks this often whether its context has ended.
	submitFor = 20 * time.Millisecond
)

// Pool takes batches of rows from any goroutine and sends them over several connections, on threads of its own. What became of
// each comes over a channel. Any goroutine may make any call at any time. It must be closed: one that is forgotten loses its
// rows.
type Pool struct {
	// life is locked to free the handle, and locked for reading by all other calls.
	life   sync.RWMutex
	handle *C.questdb_pool
	// mutex guards what follows.
	mutex   sync.Mutex
	waiting map[uint64]*batch
	next    uint64
	closing bool
	reading bool
	// ended is signalled when the reader has ended.
	ended *sync.Cond
}

// batch is what the pool knows of a batch that is not complete.
type batch struct {
	done chan Completion
	ctx  context.Context
	// over is closed with the completion; nil without a context.
	over chan struct{}
}

// Completion says what became of a batch.
type Completion struct {
	// Outcome is what is known about the rows.
	Outcome Outcome
	// Rows and Bytes are the size of the batch.
	Rows, Bytes uint64
	// Attempts were made to send it, and so many of them ended in doubt.
	Attempts, InDoubtAttempts int
	// Err says why the batch failed; it is nil after a success.
	Err *Error
	// FailedRows are the rows of a batch that failed, to send them again or to keep them elsewhere; nil after a success.
	FailedRows *Buffer
}

// SubmitOptions say how a batch is submitted. The zero value is what most callers need.
type SubmitOptions struct {
	// Ordered makes batches with the same OrderKey go out one after the other.
	Ordered  bool
	OrderKey uint64
}

// PoolReport says what Pool.Close left behind, of the batches that were not complete when it was called.
type PoolReport struct {
	// UnsentRows are rows of batches that were refused or not sent.
	UnsentRows uint64
	// RowsInDoubt are rows of batches that may be stored.
	RowsInDoubt uint64
	// EarlierRowsInDoubt is how many rows that went over TCP at any time may be lost.
	EarlierRowsInDoubt uint64
}

// PoolStat names a number that a pool keeps.
type PoolStat uint32

// The numbers of a pool.
const (
	QueuedBatches     PoolStat = C.QUESTDB_POOL_COUNTER_QUEUED_BATCHES
	BatchesInFlight   PoolStat = C.QUESTDB_POOL_COUNTER_BATCHES_IN_FLIGHT
	UnreadCompletions PoolStat = C.QUESTDB_POOL_COUNTER_UNREAD_COMPLETIONS
	QueueBytes        PoolStat = C.QUESTDB_POOL_COUNTER_QUEUE_BYTES
	Workers           PoolStat = C.QUESTDB_POOL_COUNTER_WORKERS
	RowsSent          PoolStat = C.QUESTDB_POOL_COUNTER_ROWS_SENT
	RowsNotStored     PoolStat = C.QUESTDB_POOL_COUNTER_ROWS_NOT_STORED
	RowsInDoubt       PoolStat = C.QUESTDB_POOL_COUNTER_ROWS_IN_DOUBT
)

// OpenPool makes a pool from a configuration string such as "http::addr=localhost:9000;sender_pool_max=8;".
func OpenPool(conf string) (*Pool, error) {
	data, size := text(conf)
	return madePool(func(out **C.questdb_pool) *C.questdb_error { return C.questdb_pool_from_conf(data, size, out) })
}

// OpenPool makes a pool from the configuration.
func (c *Config) OpenPool() (*Pool, error) {
	var pool *Pool
	var failed error
	err := c.do(func() *C.questdb_error {
		pool, failed = madePool(func(out **C.questdb_pool) *C.questdb_error { return C.questdb_pool_new(c.handle, out) })
		return nil
	})
	if err == nil {
		err = failed
	}
	return pool, err
}

func madePool(make_ func(**C.questdb_pool) *C.questdb_error) (*Pool, error) {
	if err := checkABI(); err != nil {
		return nil, err
	}
	var handle *C.questdb_pool
	if err := taken(make_(&handle)); err != nil {
		return nil, err
	}
	p := &Pool{handle: handle, waiting: make(map[uint64]*batch)}
	p.ended = sync.NewCond(&p.mutex)
	// The reader leads to the pool, so that this comes only for a pool without batches.
	runtime.SetFinalizer(p, func(p *Pool) { C.questdb_pool_free(p.handle) })
	return p, nil
}

// do makes one call of C with the pool, which is not freed meanwhile.
func (p *Pool) do(call func(*C.questdb_pool) *C.questdb_error) error {
	if p == nil {
		return problem(InvalidArgument, "the pool is nil")
	}
	p.life.RLock()
	defer p.life.RUnlock()
	if p.handle == nil {
		return problem(InvalidState, "the pool is closed")
	}
	return taken(call(p.handle))
}

// NewBuffer makes an empty buffer with the protocol version and the limits of the pool.
func (p *Pool) NewBuffer() (*Buffer, error) {
	var handle *C.questdb_buffer
	if err := p.do(func(h *C.questdb_pool) *C.questdb_error { return C.questdb_pool_new_buffer(h, &handle) }); err != nil {
		return nil, err
	}
	return ownBuffer(handle), nil
}

// Submit takes the rows of a buffer, and leaves it empty with memory for the next ones. The channel, which need not be read,
// brings what became of them, exactly once. Submit waits only while the queue is full: until ctx ends, without one that can
// end for acquire_timeout_ms. After an error the buffer is as it was.
//
// If ctx ends before the batch is complete, the batch is cancelled: its completion comes within 100 ms and says what became of
// the rows.
func (p *Pool) Submit(ctx context.Context, b *Buffer, options SubmitOptions) (<-chan Completion, error) {
	if b == nil || !b.enter() {
		return nil, b.refusal()
	}
	defer b.leave()
	if b.sender != nil {
		return nil, problem(InvalidArgument, "the buffer belongs to a sender")
	}
	if watched(ctx) && ctx.Err() != nil {
		return nil, ended(ctx)
	}
	how := C.questdb_submit{order_key: C.uint64_t(options.OrderKey)}
	how.size = C.size_t(unsafe.Sizeof(how))
	how.has_order_key = C.uint32_t(boolToInt(options.Ordered))
	id, waits, err := p.expect(ctx)
	if err != nil {
		return nil, err
	}
	how.user_data = C.uint64_t(id)
	if watched(ctx) {
		how.has_timeout, how.timeout_millis = 1, C.uint64_t(submitFor/time.Millisecond)
	}
	var number C.uint64_t
	for {
		err = p.do(func(h *C.questdb_pool) *C.questdb_error { return C.questdb_pool_submit(h, b.handle, &how, &number) })
		full, is := err.(*Error)
		if !is || full.Code != Timeout || !watched(ctx) {
			break
		}
		if ctx.Err() != nil {
			err = ended(ctx)
			break
		}
	}
	b.look()
	if err != nil {
		p.forget(id)
		return nil, err
	}
	if waits.over != nil {
		go p.cancelWith(waits, number)
	}
	return waits.done, nil
}

// expect notes a batch that will come, and starts the reader.
func (p *Pool) expect(ctx context.Context) (uint64, *batch, error) {
	if p == nil {
		return 0, nil, problem(InvalidArgument, "the pool is nil")
	}
	waits := &batch{done: make(chan Completion, 1), ctx: ctx}
	if watched(ctx) {
		waits.over = make(chan struct{})
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.closing || p.waiting == nil {
		return 0, nil, problem(InvalidState, "the pool is closed")
	}
	p.next++
	p.waiting[p.next] = waits
	if !p.reading {
		p.reading = true
		go p.read()
	}
	return p.next, waits, nil
}

// forget removes a batch, and returns it.
func (p *Pool) forget(id uint64) *batch {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	waits := p.waiting[id]
	delete(p.waiting, id)
	return waits
}

// cancelWith cancels a batch when its context ends.
func (p *Pool) cancelWith(waits *batch, number C.uint64_t) {
	select {
	case <-waits.over:
	case <-waits.ctx.Done():
		_ = p.do(func(h *C.questdb_pool) *C.questdb_error { return C.questdb_pool_cancel(h, number, true) })
	}
}

// read hands completions over, as long as there are batches.
func (p *Pool) read() {
	var got [16]C.questdb_completion
	for p.stays() {
		var count C.size_t
		got[0].size = C.size_t(unsafe.Sizeof(got[0]))
		limit := C.uint64_t(readFor / time.Millisecond)
		if err := p.do(func(h *C.questdb_pool) *C.questdb_error {
			return C.questdb_pool_next(h, limit, &got[0], C.size_t(len(got)), &count)
		}); err != nil {
			time.Sleep(readFor) // a defect in C, which must not keep a processor busy
		}
		for i := range got[:count] {
			p.completed(&got[i])
		}
	}
}

// stays tells whether the reader goes on, and otherwise notes that it has ended.
func (p *Pool) stays() bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if len(p.waiting) > 0 {
		return true
	}
	p.reading = false
	p.ended.Broadcast()
	return false
}

func (p *Pool) completed(got *C.questdb_completion) {
	waits := p.forget(uint64(got.user_data))
	done := Completion{
		Outcome:         Outcome(got.outcome),
		Rows:            uint64(got.rows),
		Bytes:           uint64(got.bytes),
		Attempts:        int(got.attempts),
		InDoubtAttempts: int(got.in_doubt_attempts),
	}
	if got.failed_rows != nil {
		done.FailedRows = ownBuffer(got.failed_rows)
	}
	if got.error != nil {
		done.Err = takeWith(waits.ctx, got.error)
	}
	waits.done <- done // it has room
	if waits.over != nil {
		close(waits.over)
	}
}

// Drain waits until every batch is complete, or ctx ends.
func (p *Pool) Drain(ctx context.Context) error {
	for {
		err := p.do(func(h *C.questdb_pool) *C.questdb_error {
			return C.questdb_pool_drain(h, C.uint64_t(submitFor/time.Millisecond))
		})
		if e, is := err.(*Error); !is || e.Code != Timeout {
			return err
		}
		if ctx != nil && ctx.Err() != nil {
			return ended(ctx)
		}
	}
}

// Stat returns a number that the pool keeps; 0 once it is closed.
func (p *Pool) Stat(stat PoolStat) uint64 {
	var value uint64
	_ = p.do(func(h *C.questdb_pool) *C.questdb_error {
		value = uint64(C.questdb_pool_stat(h, C.uint32_t(stat)))
		return nil
	})
	return value
}

// Close takes no more batches, sends those it has within the time-out, cancels the rest, and frees the pool. It returns when
// every batch has its completion. The error is the first one of a batch or of the end of a connection.
func (p *Pool) Close(timeout time.Duration) (PoolReport, error) {
	if p == nil {
		return PoolReport{}, problem(InvalidArgument, "the pool is nil")
	}
	p.mutex.Lock()
	again := p.closing || p.waiting == nil
	p.closing = true
	p.mutex.Unlock()
	if again {
		return PoolReport{}, problem(InvalidState, "the pool is closed")
	}
	report := C.questdb_pool_report{}
	report.size = C.size_t(unsafe.Sizeof(report))
	err := p.do(func(h *C.questdb_pool) *C.questdb_error {
		return C.questdb_pool_close(h, C.uint64_t(millis(timeout)), &report)
	})
	p.mutex.Lock()
	for p.reading {
		p.ended.Wait()
	}
	p.mutex.Unlock()
	p.life.Lock()
	defer p.life.Unlock()
	runtime.SetFinalizer(p, nil)
	C.questdb_pool_free(p.handle)
	p.handle = nil
	return PoolReport{uint64(report.unsent_rows), uint64(report.rows_in_doubt), uint64(report.earlier_rows_in_doubt)}, err
}
