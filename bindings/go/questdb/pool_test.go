package questdb

import (
	"context"
	"errors"
	"sort"
	"sync"
	"testing"
	"time"
)

func openPool(t *testing.T, conf string) *Pool {
	t.Helper()
	pool, err := OpenPool(conf)
	must(t, err)
	return pool
}

func poolRow(t *testing.T, b *Buffer, i int) {
	t.Helper()
	must(t, b.Row("t").Int64("i", int64(i)).AtNow())
}

func TestPoolTakesRowsOfManyGoroutines(t *testing.T) {
	server := serve(t)
	pool := openPool(t, "http::addr="+server.addr()+";protocol_version=1;sender_pool_max=3;")
	var all sync.WaitGroup
	for g := 0; g < 8; g++ {
		all.Add(1)
		go func(g int) {
			defer all.Done()
			b, err := pool.NewBuffer()
			must(t, err)
			for i := 0; i < 10; i++ {
				poolRow(t, b, g*100+i)
				channel, err := pool.Submit(context.Background(), b, SubmitOptions{Ordered: true, OrderKey: uint64(g)})
				must(t, err)
				if done := <-channel; done.Outcome != OutcomeCommitted || done.Rows != 1 || done.Err != nil || done.FailedRows != nil {
					t.Errorf("%+v", done)
				}
			}
		}(g)
	}
	all.Wait()
	if sent, open := pool.Stat(RowsSent), pool.Stat(QueueBytes); sent != 80 || open != 0 {
		t.Errorf("%d rows sent, %d bytes left", sent, open)
	}
	report, err := pool.Close(time.Minute)
	must(t, err)
	if report != (PoolReport{}) {
		t.Errorf("%+v", report)
	}
	lines := splitLines(server.stored())
	sort.Strings(lines)
	for i := 1; i < len(lines); i++ {
		if lines[i] == lines[i-1] {
			t.Errorf("%s twice", lines[i])
		}
	}
	if len(lines) != 80 {
		t.Errorf("%d rows stored", len(lines))
	}
}

func TestPoolGivesBackWhatWasRefused(t *testing.T) {
	server := serve(t)
	server.set(400, false)
	pool := openPool(t, "http::addr="+server.addr()+";protocol_version=1;")
	b, err := pool.NewBuffer()
	must(t, err)
	poolRow(t, b, 1)
	channel, err := pool.Submit(nil, b, SubmitOptions{})
	must(t, err)
	done := <-channel
	if done.Outcome != OutcomeRejected || done.Err == nil || done.Err.Code != Rejected || done.FailedRows.RowCount() != 1 {
		t.Errorf("%+v", done)
	}
	server.set(204, false)
	channel, err = pool.Submit(nil, done.FailedRows, SubmitOptions{})
	must(t, err)
	if done := <-channel; done.Outcome != OutcomeCommitted {
		t.Errorf("%+v", done)
	}
	_, err = pool.Close(time.Minute)
	must(t, err)
}

// A context that ends cancels a batch that waits as well as one that is being sent.
func TestPoolBatchesEndWithTheirContext(t *testing.T) {
	server := serve(t)
	server.set(204, true)
	pool := openPool(t, "http::addr="+server.addr()+";protocol_version=1;sender_pool_max=1;request_timeout=600000;")
	ctx, cancel := context.WithCancel(context.Background())
	b, err := pool.NewBuffer()
	must(t, err)
	var channels []<-chan Completion
	for i := 0; i < 3; i++ {
		poolRow(t, b, i)
		channel, err := pool.Submit(ctx, b, SubmitOptions{})
		must(t, err)
		channels = append(channels, channel)
	}
	short, stop := context.WithTimeout(context.Background(), time.Millisecond)
	defer stop()
	if err := pool.Drain(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	cancel()
	for i, channel := range channels {
		done := <-channel
		if done.Err == nil || !errors.Is(done.Err, context.Canceled) || done.FailedRows.RowCount() != 1 {
			t.Errorf("%d: %+v", i, done)
		}
	}
	must(t, pool.Drain(context.Background()))
	poolRow(t, b, 9)
	_, err = pool.Submit(ctx, b, SubmitOptions{})
	if !errors.Is(err, context.Canceled) || b.RowCount() != 1 {
		t.Errorf("%v", err)
	}
	_, err = pool.Close(0)
	must(t, err)
}

func TestClosedPools(t *testing.T) {
	server := serve(t)
	server.set(204, true)
	config, err := ParseConfig("http::addr=" + server.addr() + ";protocol_version=1;sender_pool_max=1;request_timeout=600000;")
	must(t, err)
	defer config.Free()
	pool, err := config.OpenPool()
	must(t, err)
	b, err := pool.NewBuffer()
	must(t, err)
	var channels []<-chan Completion
	for i := 0; i < 3; i++ {
		poolRow(t, b, i)
		channel, err := pool.Submit(context.Background(), b, SubmitOptions{})
		must(t, err)
		channels = append(channels, channel)
	}
	report, err := pool.Close(time.Millisecond)
	mustCode(t, err, Cancelled)
	if report.UnsentRows+report.RowsInDoubt != 3 {
		t.Errorf("%+v", report)
	}
	for _, channel := range channels {
		if done := <-channel; done.Err == nil || done.Err.Code != Cancelled {
			t.Errorf("%+v", done)
		}
	}
	poolRow(t, b, 4)
	_, err = pool.Submit(context.Background(), b, SubmitOptions{})
	mustCode(t, err, InvalidState)
	_, err = pool.Close(0)
	mustCode(t, err, InvalidState)
	_, err = pool.NewBuffer()
	mustCode(t, err, InvalidState)
	if pool.Stat(RowsSent) != 0 || b.RowCount() != 1 {
		t.Error("a closed pool did something")
	}
	var none *Pool
	_, err = none.Submit(context.Background(), b, SubmitOptions{})
	mustCode(t, err, InvalidArgument)
	_, err = new(Pool).Submit(context.Background(), b, SubmitOptions{})
	mustCode(t, err, InvalidState)
	_, err = new(Pool).Close(0)
	mustCode(t, err, InvalidState)
}
