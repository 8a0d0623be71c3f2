package questdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// server answers as QuestDB does and keeps the bodies; with a status set it refuses, and when it stalls it says that a
// request is there and answers when the test ends.
type server struct {
	*httptest.Server
	mu     sync.Mutex
	bodies [][]byte
	status int
	// refuses holds a line's number for a body, 0 if it is good.
	refuses func(body []byte) int
	stalls  bool
	arrived chan struct{}
	over    chan struct{}
}

func serve(t testing.TB) *server {
	s := &server{arrived: make(chan struct{}, 1000), over: make(chan struct{})}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		status, stalls, line := s.status, s.stalls, 1
		if s.refuses != nil {
			if line = s.refuses(body); line != 0 {
				status = 400
			}
		}
		if status == 0 && !stalls {
			s.bodies = append(s.bodies, body)
		}
		s.mu.Unlock()
		if stalls {
			s.arrived <- struct{}{}
			select {
			case <-s.over:
			case <-r.Context().Done():
			}
			return
		}
		if status != 0 {
			w.Header().Set("Retry-After", "7")
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"code":"invalid","message":"no","line":%d,"errorId":"ab-1"}`, line)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(func() {
		close(s.over)
		s.Close()
	})
	return s
}

func (s *server) set(status int, stalls bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.stalls = status, stalls
}

// stored is the text of all requests.
func (s *server) stored() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(bytes.Join(s.bodies, nil))
}

// requests are the bodies that came.
func (s *server) requests() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([][]byte(nil), s.bodies...)
}

func (s *server) addr() string { return strings.TrimPrefix(s.URL, "http://") }

// open makes a sender for this server. Unless more says so, no row flushes because a busy machine took longer to reach it than
// the second of the default interval.
func (s *server) open(t testing.TB, version int, more string) *Sender {
	if !strings.Contains(more, "auto_flush_interval") {
		more += "auto_flush_interval=off;"
	}
	sender, err := Open(fmt.Sprintf("http::addr=%s;protocol_version=%d;retry_timeout=0;%s", s.addr(), version, more))
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

// mustCode returns the error, which must have this code.
func mustCode(t testing.TB, err error, code Code) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("wanted %v, got %v", code, err)
	}
	return e
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func closed(t testing.TB, s *Sender) {
	if report, err := s.Close(5 * time.Second); err != nil || report.Unconfirmed != 0 {
		t.Fatal(report, err)
	}
}

func TestTextOfARow(t *testing.T) {
	server := serve(t)
	s := server.open(t, 1, "auto_flush=off;")
	err := s.Row("t t").Symbol("s", "a b,=").Bool("b", false).Int64("l", math.MinInt64+1).Float64("d", -0.5).
		String("", "").At(time.Unix(1, 2))
	var e *Error
	if !errors.As(err, &e) || e.Code != InvalidName || s.Pending() != 0 {
		t.Fatal(err, s.Pending())
	}
	err = s.Row("t t").Symbol("s", "a b,=").Bool("b", false).Int64("l", math.MinInt64+1).Float64("d", -0.5).
		String("v", "\"é\n").Micros("u", -1).At(time.Unix(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	want := "t\\ t,s=a\\ b\\,\\= b=f,l=-9223372036854775807i,d=-0.5,v=\"\\\"é\\\n\",u=-1t 1000000002\n"
	if len(server.requests()) != 1 || string(server.requests()[0]) != want {
		t.Fatalf("%q\n%q", server.requests(), want)
	}
}

func TestPreparedRowsAreTheSameBytes(t *testing.T) {
	server := serve(t)
	long := strings.Repeat("é", 5000) // longer than a block of the layout
	values := []float64{1, 2, 3, math.Inf(1), 5, 6}
	s := server.open(t, 3, "auto_flush=off;")
	for i := 0; i < 3; i++ {
		err := s.Row("t").Symbol("s", "x").Bool("b", true).Int64("l", 7).Float64("d", math.Pi).String("v", long).
			Micros("u", 1).Nanos("n", 2).Float64s("a", values, 3, 2).Decimal("e", "1.5").
			DecimalBytes("f", 2, []byte{0xff, 1}).AtNanos(int64(i))
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	l, err := NewLayout("t", StampNanos)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Free()
	kinds := []ColumnKind{Symbol, Bool, Int64, Float64, String, Micros, Nanos, Float64Array, Decimal, Decimal}
	for i, kind := range kinds {
		if err := l.Add("sbldvunaef"[i:i+1], kind); err != nil {
			t.Fatal(err)
		}
	}
	for i := 0; i < 3; i++ {
		l.Text(0, "x")
		l.Bool(1, true)
		l.Int64(2, 7)
		l.Float64(3, math.Pi)
		l.Text(4, long)
		l.Int64(5, 1)
		l.Int64(6, 2)
		l.Float64s(7, values, 3, 2)
		l.Text(8, "1.5")
		l.Decimal(9, 2, []byte{0xff, 1})
		if err := s.Append(l, int64(i)); err != nil {
			t.Fatal(err)
		}
	}
	l.Float64(2, 1) // not an integer
	var e *Error
	if err := s.Append(l, 9); !errors.As(err, &e) || e.Code != InvalidArgument || s.Pending() != 3 {
		t.Fatal(err, s.Pending())
	}
	closed(t, s)
	if len(server.requests()) != 2 || !bytes.Equal(server.requests()[0], server.requests()[1]) {
		t.Fatalf("%q", server.requests())
	}
}

func TestAutoFlushAndTransactions(t *testing.T) {
	server := serve(t)
	s := server.open(t, 2, "auto_flush_rows=4;")
	for i := 0; i < 10; i++ {
		if err := s.Row("t").Int64("i", int64(i)).AtNow(); err != nil {
			t.Fatal(err)
		}
	}
	if s.Stat(Flushes) != 2 || s.Stat(RowsCommitted) != 8 || s.Pending() != 2 {
		t.Fatal(s.Stat(Flushes), s.Pending())
	}
	for _, end := range []func() error{s.Rollback, s.Commit} {
		if err := s.Begin("u"); err != nil {
			t.Fatal(err)
		}
		if err := s.Row("u").Int64("i", 1).AtNow(); err != nil {
			t.Fatal(err)
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
	}
	closed(t, s)
	if len(server.requests()) != 4 || string(server.requests()[3]) != "u i=1i\n" {
		t.Fatalf("%q", server.requests())
	}
}

func TestErrors(t *testing.T) {
	_, err := Open("http::adr=localhost;")
	var e *Error
	if !errors.As(err, &e) || e.Code != BadConfig || e.Outcome != OutcomeNotSent {
		t.Fatal(err)
	}
	server := serve(t)
	for _, c := range []struct {
		status    int
		code      Code
		outcome   Outcome
		retryable bool
	}{
		{400, Rejected, OutcomeRejected, false},
		{401, Auth, OutcomeRejected, false},
		{413, PayloadTooLarge, OutcomeRejected, false},
		{503, Unavailable, OutcomeRejected, true}, // with Retry-After: it is meant
	} {
		s := server.open(t, 1, "auto_flush_rows=1;")
		server.set(c.status, false)
		err := s.Row("t").Int64("i", 1).AtNow()
		if !errors.As(err, &e) || e.Code != c.code || e.HTTPStatus != c.status || !e.RowAccepted || e.Retryable != c.retryable {
			t.Errorf("%d: %#v", c.status, err)
		}
		if e.Outcome != c.outcome || e.Attempts != 1 || s.Pending() != 1 {
			t.Errorf("%d: %#v, %d rows", c.status, e, s.Pending())
		}
		server.set(0, false)
		closed(t, s)
	}
}

func BenchmarkRowByColumns(b *testing.B) {
	s := serve(b).open(b, 2, "auto_flush=off;max_buf_size=1000000000;")
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		err := s.Row("trades").Symbol("side", "buy").Int64("amount", int64(i)).Float64("price", 2615.54).AtNanos(int64(i))
		if err != nil {
			b.Fatal(err)
		}
		if i%10000 == 0 {
			_ = s.Clear()
		}
	}
}

func BenchmarkPreparedRow(b *testing.B) {
	s := serve(b).open(b, 2, "auto_flush=off;max_buf_size=1000000000;")
	l, _ := NewLayout("trades", StampNanos)
	_, _, _ = l.Add("side", Symbol), l.Add("amount", Int64), l.Add("price", Float64)
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		l.Text(0, "buy")
		l.Int64(1, int64(i))
		l.Float64(2, 2615.54)
		if err := s.Append(l, int64(i)); err != nil {
			b.Fatal(err)
		}
		if i%10000 == 0 {
			_ = s.Clear()
		}
	}
}

func BenchmarkEmptyCall(b *testing.B) {
	s := serve(b).open(b, 2, "")
	for i := 0; i < b.N; i++ {
		_ = s.Pending()
	}
}

// oneInt ends a row of one integer.
func (r *Row) oneInt(i int64) error { return r.Int64("i", i).AtNow() }

func splitLines(text string) []string { return strings.Split(strings.TrimSuffix(text, "\n"), "\n") }

func BenchmarkColumns(b *testing.B) {
	s := serve(b).open(b, 2, "auto_flush=off;max_buf_size=1000000000;")
	l, _ := NewLayout("trades", StampNanos)
	_, _, _ = l.Add("side", Symbol), l.Add("amount", Int64), l.Add("price", Float64)
	const rows = 1000
	sides, ints, prices := make([]uint32, rows), make([]int64, rows), make([]float64, rows)
	for i := range prices {
		ints[i], prices[i] = int64(i), 2615.54
	}
	columns := []Column{Codes(sides, []string{"buy", "sell"}), Int64s(ints), Float64s(prices)}
	b.ReportAllocs()
	for i := 0; i < b.N; i += rows {
		if err := s.AppendColumns(l, columns, ints); err != nil {
			b.Fatal(err)
		}
		if i%10000 == 0 {
			_ = s.Clear()
		}
	}
}

func BenchmarkRowWithContext(b *testing.B) {
	s := serve(b).open(b, 2, "auto_flush=off;max_buf_size=1000000000;")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		row := s.Row("trades").Symbol("side", "buy").Int64("amount", int64(i)).Float64("price", 2615.54)
		if err := row.AtNanosContext(ctx, int64(i)); err != nil {
			b.Fatal(err)
		}
		if i%10000 == 0 {
			_ = s.Clear()
		}
	}
}
