package questdb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// server answers as QuestDB does and keeps the bodies; with a status set it refuses.
type server struct {
	*httptest.Server
	bodies [][]byte
	status int
}

func serve(t testing.TB) *server {
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if s.status != 0 {
			w.Header().Set("Retry-After", "7")
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(s.status)
			fmt.Fprint(w, `{"code":"invalid","message":"no","line":1,"errorId":"ab-1"}`)
			return
		}
		s.bodies = append(s.bodies, body)
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) open(t testing.TB, version int, more string) *Sender {
	addr := strings.TrimPrefix(s.URL, "http://")
	sender, err := Open(fmt.Sprintf("http::addr=%s;protocol_version=%d;retry_timeout=0;%s", addr, version, more))
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

func closed(t testing.TB, s *Sender) {
	if unconfirmed, err := s.Close(5 * time.Second); err != nil || unconfirmed != 0 {
		t.Fatal(unconfirmed, err)
	}
}

func TestTextOfARow(t *testing.T) {
	server := serve(t)
	s := server.open(t, 1, "auto_flush=off;")
	err := s.Table("t t").Symbol("s", "a b,=").Bool("b", false).Int64("l", math.MinInt64+1).Float64("d", -0.5).
		String("", "").At(time.Unix(1, 2))
	var e *Error
	if !errors.As(err, &e) || e.Code != InvalidName || s.Pending() != 0 {
		t.Fatal(err, s.Pending())
	}
	err = s.Table("t t").Symbol("s", "a b,=").Bool("b", false).Int64("l", math.MinInt64+1).Float64("d", -0.5).
		String("v", "\"é\n").Micros("u", -1).At(time.Unix(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	want := "t\\ t,s=a\\ b\\,\\= b=f,l=-9223372036854775807i,d=-0.5,v=\"\\\"é\\\n\",u=-1t 1000000002\n"
	if len(server.bodies) != 1 || string(server.bodies[0]) != want {
		t.Fatalf("%q\n%q", server.bodies, want)
	}
}

func TestPreparedRowsAreTheSameBytes(t *testing.T) {
	server := serve(t)
	long := strings.Repeat("é", 5000) // more than a block of the layout
	values := []float64{1, 2, 3, math.Inf(1), 5, 6}
	s := server.open(t, 3, "auto_flush=off;")
	for i := 0; i < 3; i++ {
		err := s.Table("t").Symbol("s", "x").Bool("b", true).Int64("l", 7).Float64("d", math.Pi).String("v", long).
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
	kinds := []Kind{Symbol, Bool, Int64, Float64, String, Micros, Nanos, Float64Array, Decimal, Decimal}
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
	if len(server.bodies) != 2 || !bytes.Equal(server.bodies[0], server.bodies[1]) {
		t.Fatalf("%q", server.bodies)
	}
}

func TestAutoFlushAndTransactions(t *testing.T) {
	server := serve(t)
	s := server.open(t, 2, "auto_flush_rows=4;")
	for i := 0; i < 10; i++ {
		if err := s.Table("t").Int64("i", int64(i)).AtNow(); err != nil {
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
		if err := s.Table("u").Int64("i", 1).AtNow(); err != nil {
			t.Fatal(err)
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
	}
	closed(t, s)
	if len(server.bodies) != 4 || string(server.bodies[3]) != "u i=1i\n" {
		t.Fatalf("%q", server.bodies)
	}
}

func TestErrors(t *testing.T) {
	_, err := Open("http::adr=localhost;")
	var e *Error
	if !errors.As(err, &e) || e.Code != Config || e.Outcome != OutcomeNotSent {
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
		{503, Unavailable, OutcomeInDoubt, true},
	} {
		s := server.open(t, 1, "auto_flush_rows=1;")
		server.status = c.status
		err := s.Table("t").Int64("i", 1).AtNow()
		if !errors.As(err, &e) || e.Code != c.code || e.HTTPStatus != c.status || !e.RowAccepted || e.Retryable != c.retryable {
			t.Errorf("%d: %#v", c.status, err)
		}
		if e.Outcome != c.outcome || e.Attempts != 1 || s.Pending() != 1 {
			t.Errorf("%d: %#v, %d rows", c.status, e, s.Pending())
		}
		server.status = 0
		closed(t, s)
	}
}

func BenchmarkRowByColumns(b *testing.B) {
	s := serve(b).open(b, 2, "auto_flush=off;max_buf_size=1000000000;")
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		err := s.Table("trades").Symbol("side", "buy").Int64("amount", int64(i)).Float64("price", 2615.54).AtNanos(int64(i))
		if err != nil {
			b.Fatal(err)
		}
		if i%10000 == 0 {
			s.Clear()
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
			s.Clear()
		}
	}
}

func BenchmarkEmptyCall(b *testing.B) {
	s := serve(b).open(b, 2, "")
	for i := 0; i < b.N; i++ {
		_ = s.Pending()
	}
}
