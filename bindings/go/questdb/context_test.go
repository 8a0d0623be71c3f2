package questdb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
)

// noGoroutineLeft fails if the call left a goroutine behind.
func noGoroutineLeft(t *testing.T, before int) {
	t.Helper()
	for i := 0; runtime.NumGoroutine() > before; i++ {
		if i == 5000 {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
		time.Sleep(time.Millisecond) // a goroutine may still run its last instructions
	}
}

// lateness measures how late the machine wakes a goroutine, until the returned function is called.
func lateness() func() time.Duration {
	stop, worst := make(chan struct{}), make(chan time.Duration)
	go func() {
		var most time.Duration
		for {
			began := time.Now()
			select {
			case <-stop:
				worst <- most
				return
			case <-time.After(5 * time.Millisecond):
			}
			if late := time.Since(began) - 5*time.Millisecond; late > most {
				most = late
			}
		}
	}()
	return func() time.Duration { close(stop); return <-worst }
}

// Every call that waits for a server that stalls, ended by its context.
func TestEveryBlockingCallEndsWithItsContext(t *testing.T) {
	layout, err := NewLayout("t", StampNow)
	must(t, err)
	must(t, layout.Add("i", Int64))
	for name, call := range map[string]func(ctx context.Context, s *Sender) error{
		"FlushContext":        func(ctx context.Context, s *Sender) error { return s.FlushContext(ctx) },
		"FlushIfDueContext":   func(ctx context.Context, s *Sender) error { return s.FlushIfDueContext(ctx) },
		"FlushBufferContext":  func(ctx context.Context, s *Sender) error { return s.FlushBufferContext(ctx, s.Buffer()) },
		"FlushAndKeepContext": func(ctx context.Context, s *Sender) error { return s.FlushAndKeepContext(ctx, s.Buffer()) },
		"FlushAndKeepTransactional": func(ctx context.Context, s *Sender) error {
			return s.FlushAndKeepTransactional(ctx, s.Buffer())
		},
		"BeginContext": func(ctx context.Context, s *Sender) error { return s.BeginContext(ctx, "t") },
		"AtContext": func(ctx context.Context, s *Sender) error {
			return s.Row("t").Int64("i", 2).AtContext(ctx, time.Unix(1, 0))
		},
		"AtNanosContext":  func(ctx context.Context, s *Sender) error { return s.Row("t").Int64("i", 2).AtNanosContext(ctx, 1) },
		"AtMicrosContext": func(ctx context.Context, s *Sender) error { return s.Row("t").Int64("i", 2).AtMicrosContext(ctx, 1) },
		"AtNowContext":    func(ctx context.Context, s *Sender) error { return s.Row("t").Int64("i", 2).AtNowContext(ctx) },
		"AppendContext": func(ctx context.Context, s *Sender) error {
			layout.Int64(0, 2)
			return s.AppendContext(ctx, layout, 1)
		},
		"AppendAt": func(ctx context.Context, s *Sender) error {
			layout.Int64(0, 2)
			return s.AppendAt(ctx, layout, time.Unix(1, 0))
		},
		"AppendColumnsContext": func(ctx context.Context, s *Sender) error {
			return s.AppendColumnsContext(ctx, layout, []Column{Int64s([]int64{3})}, nil)
		},
		"CloseContext": func(ctx context.Context, s *Sender) error {
			report, err := s.CloseContext(ctx)
			if report.Unconfirmed == 0 {
				return fmt.Errorf("nothing unconfirmed, %w", err)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t)
			options := "request_timeout=60000;auto_flush_rows=2;auto_flush_interval=off;"
			if name == "FlushIfDueContext" {
				options = "request_timeout=60000;auto_flush_rows=off;auto_flush_interval=200;"
			}
			s := server.open(t, 2, options)
			for s.Pending() == 0 { // if the interval has passed already, the row was sent and another one is needed
				must(t, s.Row("t").oneInt(1))
			}
			if name == "FlushIfDueContext" {
				time.Sleep(300 * time.Millisecond)
			}
			server.set(0, true)
			before := runtime.NumGoroutine()
			ctx, cancel := context.WithCancel(context.Background())
			arrived := make(chan time.Time, 1)
			returned := make(chan struct{})
			go func() {
				select {
				case <-server.arrived:
				case <-returned: // without having sent anything
				}
				arrived <- time.Now()
				cancel()
			}()
			late := lateness()
			err := call(ctx, s)
			close(returned)
			took, worst := time.Since(<-arrived), late()
			e := mustCode(t, err, Cancelled)
			if !errors.Is(err, context.Canceled) || e.Outcome != OutcomeInDoubt || !e.InDoubt {
				t.Errorf("%#v", e)
			}
			if strings.HasPrefix(name, "A") != e.RowAccepted { // only a call that ends a row can accept one
				t.Errorf("%#v", e)
			}
			if took > 150*time.Millisecond+20*worst { // 100 ms, and what a busy machine adds
				t.Errorf("%v after the context had ended; goroutines were woken up to %v late", took, worst)
			}
			server.CloseClientConnections()
			noGoroutineLeft(t, before+2) // of the server: one that listens may have begun to read another connection

			// If the context has ended before, nothing happens.
			pending := s.Pending()
			err = call(ctx, s)
			if !errors.Is(err, context.Canceled) && name != "CloseContext" {
				t.Error(err)
			}
			if s.Pending() != pending {
				t.Error("rows", pending, s.Pending())
			}
			server.set(0, false)
			if name != "CloseContext" {
				if s.InTransaction() {
					t.Error("a transaction was begun")
				}
				closed(t, s)
			}
		})
	}
}

func TestADeadlineIsADeadline(t *testing.T) {
	server := serve(t)
	s := server.open(t, 2, "request_timeout=60000;")
	must(t, s.Row("t").oneInt(1))
	server.set(0, true)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	err := s.FlushContext(ctx)
	mustCode(t, err, Cancelled)
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || s.Pending() != 1 {
		t.Fatal(err)
	}
	report, err := s.CloseContext(ctx)
	if report.Unconfirmed != 1 || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(report, err)
	}
}

// silent accepts connections and says nothing.
func silent(t *testing.T) (addr string, accepted chan struct{}) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	accepted = make(chan struct{}, 1000)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			accepted <- struct{}{}
		}
	}()
	t.Cleanup(func() { l.Close() })
	return l.Addr().String(), accepted
}

// dead is an address where connecting is refused.
func dead(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}

func TestOpenContext(t *testing.T) {
	addr, accepted := silent(t)
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-accepted
		cancel()
	}()
	_, err := OpenContext(ctx, "http::addr="+addr+";request_timeout=60000;")
	mustCode(t, err, Cancelled)
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	noGoroutineLeft(t, before)
	if _, err := OpenContext(ctx, "http::addr="+addr+";"); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}

	server := serve(t)
	ctx, cancel = context.WithCancel(context.Background())
	defer cancel()
	s, err := OpenContext(ctx, "http::addr="+server.addr()+";protocol_version=2;")
	must(t, err)
	must(t, s.Connect())
	closed(t, s)

	t.Setenv("QDB_CLIENT_CONF", "http::addr="+server.addr()+";protocol_version=1;")
	s, err = OpenEnvContext(ctx)
	must(t, err)
	closed(t, s)
	s, err = OpenEnv()
	must(t, err)
	if s.ProtocolVersion() != 1 {
		t.Error(s.ProtocolVersion())
	}
	closed(t, s)
}

// Close in one goroutine while a worker is inside a flush: it waits, then cancels, and nothing is used after it was freed.
func TestCloseWhileAWorkerSends(t *testing.T) {
	stalled, _ := silent(t)
	for name, addr := range map[string]string{"stalled": stalled, "dead": dead(t)} {
		for run := 0; run < 5; run++ {
			t.Run(fmt.Sprint(name, run), func(t *testing.T) {
				s, err := Open("http::addr=" + addr + ";protocol_version=2;request_timeout=60000;retry_timeout=60000;auto_flush=off;")
				must(t, err)
				must(t, s.Row("t").oneInt(1))
				worker := make(chan error)
				go func() {
					first := s.Flush()
					for s.Flush() == nil {
					}
					worker <- first
				}()
				for is := false; !is; _, is = s.own.running() {
					runtime.Gosched()
				}
				late := lateness()
				began := time.Now()
				report, err := s.Close(10 * time.Millisecond)
				took, worst := time.Since(began), late()
				if err == nil || report.Unconfirmed != 1 {
					t.Error(report, err)
				}
				e := mustCode(t, <-worker, Cancelled)
				if name == "dead" && e.Outcome != OutcomeNotSent {
					t.Error(e)
				}
				if took > time.Second+10*worst {
					t.Errorf("%v; goroutines were woken up to %v late", took, worst)
				}
			})
		}
	}
}

func TestTwoClosesAtOnce(t *testing.T) {
	server := serve(t)
	s := server.open(t, 2, "request_timeout=60000;")
	must(t, s.Row("t").oneInt(1))
	server.set(0, true)
	first := make(chan error)
	go func() {
		_, err := s.Close(time.Hour)
		first <- err
	}()
	<-server.arrived
	_, err := s.Close(time.Millisecond)
	if e := mustCode(t, err, InvalidState); !strings.Contains(e.Message, "another goroutine") {
		t.Error(e)
	}
	s.Cancel()
	mustCode(t, <-first, Cancelled)
	report, err := s.Close(0)
	mustCode(t, err, InvalidState)
	if report.Unconfirmed != 1 {
		t.Error(report)
	}
}

func TestTimeouts(t *testing.T) {
	for given, want := range map[time.Duration]uint64{
		-1: 0, -time.Hour: 0, 0: 0, 1: 1, time.Microsecond: 1, time.Millisecond: 1, time.Millisecond + 1: 2, time.Second: 1000,
		1<<63 - 1: 9223372036855,
	} {
		if got := millis(given); got != want {
			t.Error(given, got, want)
		}
	}
	addr, _ := silent(t)
	for _, timeout := range []time.Duration{-1, -time.Hour, 0, 1} {
		s, err := Open("http::addr=" + addr + ";protocol_version=2;request_timeout=60000;retry_timeout=60000;auto_flush=off;")
		must(t, err)
		must(t, s.Row("t").oneInt(1))
		began := time.Now()
		report, err := s.Close(timeout)
		if err == nil || report.Unconfirmed != 1 || time.Since(began) > 30*time.Second {
			t.Fatal(timeout, report, err, time.Since(began))
		}
	}
}
