package questdb

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// Five rows of optional values, of which one cannot be ended because it has none: the other four are stored.
func TestOneBadRowDoesNotHoldTheOthers(t *testing.T) {
	one := func(i int64) *int64 { return &i }
	rows := [][2]*int64{{one(1), one(2)}, {one(3), nil}, {nil, nil}, {one(5), one(6)}, {one(7), one(8)}}
	server := serve(t)
	s := server.open(t, 2, "auto_flush=off;")
	failed := 0
	for _, values := range rows {
		row := s.Row("t")
		for i, value := range values {
			if value != nil {
				row.Int64(fmt.Sprint("c", i), *value)
			}
		}
		if err := row.AtNow(); err != nil {
			mustCode(t, err, InvalidState)
			failed++
		}
	}
	if failed != 1 || s.Pending() != 4 {
		t.Fatal(failed, s.Pending())
	}
	closed(t, s)
	if want := "t c0=1i,c1=2i\nt c0=3i\nt c0=5i,c1=6i\nt c0=7i,c1=8i\n"; server.stored() != want {
		t.Fatal(server.stored())
	}
}

// Whatever goes wrong in the middle of a row costs that row only.
func TestRowsThatAreLeftBehindAreDropped(t *testing.T) {
	long := strings.Repeat("x", 2000)
	for name, leave := range map[string]func(row *Row) error{
		"forgotten":   func(*Row) error { return nil },
		"dropped":     func(row *Row) error { row.Drop(); return nil },
		"bad name":    func(row *Row) error { return row.Int64("a*b", 1).AtNow() },
		"bad text":    func(row *Row) error { return row.String("s", "\xff").AtNow() },
		"bad time":    func(row *Row) error { return row.At(time.Time{}) },
		"limit":       func(row *Row) error { return row.String("s", long).AtNow() },
		"error noted": func(row *Row) error { row.String("s", "\xff"); return nil },
		"panic": func(row *Row) (err error) {
			defer func() { err = fmt.Errorf("%v", recover()) }()
			row.Int64("j", 1)
			panic("in the application")
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t)
			s := server.open(t, 2, "auto_flush=off;init_buf_size=1024;max_buf_size=1024;")
			for i := int64(0); i < 24; i++ {
				must(t, s.Row("t").Int64("i", i).AtNow())
			}
			row := s.Row("t").Int64("i", 99)
			_ = leave(row)
			must(t, s.Row("t").Int64("i", 24).AtNow())
			mustCode(t, row.Int64("k", 1).AtNow(), map[string]Code{"bad name": InvalidName, "bad text": InvalidUTF8,
				"bad time": InvalidTimestamp, "limit": LimitExceeded, "error noted": InvalidUTF8}[name]+
				map[string]Code{"forgotten": InvalidState, "dropped": InvalidState, "panic": InvalidState}[name])
			must(t, s.Flush())
			report, err := s.Close(5 * time.Second)
			must(t, err)
			abandoned := map[string]uint64{"forgotten": 1, "error noted": 1, "panic": 1}[name]
			if report != (CloseReport{AbandonedRows: abandoned}) {
				t.Fatalf("%+v", report)
			}
			if rows := strings.Count(server.stored(), "\n"); rows != 25 || strings.Contains(server.stored(), "99") {
				t.Fatal(rows, server.stored())
			}
		})
	}
}

func TestCloseSendsCompleteRowsAndReportsTheOpenOne(t *testing.T) {
	server := serve(t)
	s := server.open(t, 2, "auto_flush=off;")
	must(t, s.Row("t").Int64("i", 1).AtNow())
	s.Row("t").Int64("i", 2)
	if !s.Buffer().IsRowOpen() {
		t.Fatal("no row is open")
	}
	e := mustCode(t, s.Flush(), InvalidState)
	if !strings.Contains(e.Message, "drop_row") {
		t.Error(e)
	}
	report, err := s.Close(5 * time.Second)
	e = mustCode(t, err, InvalidState)
	if report != (CloseReport{RowLeftOpen: true}) || e.Outcome != OutcomeCommitted || server.stored() != "t i=1i\n" {
		t.Fatal(report, e, server.stored())
	}
}

func TestPreparedRowsDropAForgottenRow(t *testing.T) {
	b, err := NewBuffer(2)
	must(t, err)
	l, err := NewLayout("t", StampNow)
	must(t, err)
	must(t, l.Add("i", Int64))
	first := b.Row("t").Int64("i", 7)
	l.Int64(0, 1)
	must(t, b.Append(l, 0))
	second := b.Row("t").Int64("i", 8)
	must(t, b.AppendColumns(l, []Column{Int64s([]int64{2, 3})}, nil))
	mustCode(t, first.AtNow(), InvalidState)
	mustCode(t, second.AtNow(), InvalidState)
	if got := string(b.Bytes()); got != "t i=1i\nt i=2i\nt i=3i\n" || b.AbandonedRows() != 2 {
		t.Error(got, b.AbandonedRows())
	}
}

func TestDropRowAfterForgettingOne(t *testing.T) {
	server := serve(t)
	s := server.open(t, 2, "auto_flush=off;")
	must(t, s.DropRow())
	must(t, s.Row("t").Int64("i", 1).AtNow())
	s.Row("t").Int64("i", 2)
	must(t, s.DropRow())
	must(t, s.Flush())
	closed(t, s)
	if server.stored() != "t i=1i\n" {
		t.Fatal(server.stored())
	}
}

func TestRemoveRows(t *testing.T) {
	b, err := NewBuffer(2)
	must(t, err)
	defer b.Free()
	for i := int64(1); i <= 5; i++ {
		must(t, b.Row("t").Int64("i", i).AtNow())
	}
	open := b.Row("t").Int64("i", 6)
	for _, bad := range [][2]uint64{{0, 1}, {6, 1}, {5, 2}, {1 << 63, 1 << 63}} {
		mustCode(t, b.RemoveRows(bad[0], bad[1]), InvalidArgument)
	}
	must(t, b.RemoveRows(2, 3))
	must(t, open.AtNow())
	if got := string(b.Bytes()); got != "t i=1i\nt i=5i\nt i=6i\n" || b.RowCount() != 3 {
		t.Fatal(got)
	}
}

// 8000 rows, one of them bad: the rest is stored with two requests, not with one more for each row.
func TestARefusedRowDoesNotHoldTheRest(t *testing.T) {
	server := serve(t)
	server.mu.Lock()
	requests := 0
	server.refuses = func(body []byte) int {
		requests++
		before, _, is := bytes.Cut(body, []byte("i=2011i"))
		if !is {
			return 0
		}
		return bytes.Count(before, []byte("\n")) + 1
	}
	server.mu.Unlock()
	s := server.open(t, 2, "auto_flush_rows=1000;auto_flush_interval=off;")
	for i := int64(0); i < 8000; i++ {
		if err := s.Row("t").Int64("i", i).AtNow(); err != nil {
			e := mustCode(t, err, Rejected)
			if !e.RowAccepted || e.ServerLine != 12 {
				t.Fatal(e, e.ServerLine)
			}
			must(t, s.RemoveRows(e.ServerLine, 1))
		}
	}
	closed(t, s)
	rows := strings.Count(server.stored(), "\n")
	server.mu.Lock()
	defer server.mu.Unlock()
	if rows != 7999 || requests > 9 {
		t.Fatal(rows, requests)
	}
}

// A row of which nobody took care is not sent again and again: the error comes once, and the rows between are accepted.
func TestAFailedAutomaticFlushIsReportedOnce(t *testing.T) {
	server := serve(t)
	server.set(400, false)
	s := server.open(t, 2, "auto_flush_rows=10;auto_flush_interval=off;")
	errors := 0
	for i := int64(0); i < 1000; i++ {
		if err := s.Row("t").Int64("i", i).AtNow(); err != nil {
			errors++
		}
	}
	if errors != 1 || s.Pending() != 1000 || s.Stat(FailedAutoFlushes) != 1 {
		t.Fatal(errors, s.Pending(), s.Stat(FailedAutoFlushes))
	}
	if e := s.LastError(); e == nil || e.Code != Rejected {
		t.Fatal(e)
	}
	server.set(0, false)
	must(t, s.Flush())
	closed(t, s)
}

func TestClosedSenders(t *testing.T) {
	server := serve(t)
	server.set(503, false)
	s := server.open(t, 2, "auto_flush=off;")
	must(t, s.Row("t").Int64("i", 1).AtNow())
	row := s.Row("t").Int64("i", 2)
	buffer := s.Buffer()
	report, err := s.Close(time.Second)
	if err == nil || report.Unconfirmed != 1 {
		t.Fatal(report, err)
	}
	for i := 0; i < 1000; i++ {
		mustCode(t, s.Row("t").Int64("i", 3).AtNow(), InvalidState)
	}
	mustCode(t, row.Int64("j", 1).AtNow(), InvalidState)
	mustCode(t, buffer.Row("t").AtNow(), InvalidState)
	mustCode(t, s.Flush(), InvalidState)
	again, err := s.Close(time.Second)
	e := mustCode(t, err, InvalidState)
	if again.Unconfirmed != 1 || !strings.Contains(e.Message, "1 rows") {
		t.Fatal(again, err)
	}
	if s.Stat(FailedFlushes) == 0 || s.LastError() == nil {
		t.Error("a closed sender has forgotten its numbers")
	}

	s = server.open(t, 2, "")
	for i := 0; i < 3; i++ {
		report, err := s.Close(time.Second)
		if err != nil || report.Unconfirmed != 0 {
			t.Fatal(report, err)
		}
	}
}

func TestATransactionThatFailsKeepsItsRows(t *testing.T) {
	server := serve(t)
	s := server.open(t, 2, "")
	must(t, s.Begin("t"))
	must(t, s.Row("t").Int64("i", 1).AtNow())
	server.set(503, false)
	mustCode(t, s.Commit(), Unavailable)
	if !s.InTransaction() || s.Pending() != 1 {
		t.Fatal(s.InTransaction(), s.Pending())
	}
	server.set(0, false)
	must(t, s.Commit())
	closed(t, s)
	if s.InTransaction() || server.stored() != "t i=1i\n" {
		t.Fatal(server.stored())
	}
}

func TestBuffersOfOnesOwn(t *testing.T) {
	server := serve(t)
	s := server.open(t, 2, "auto_flush_rows=1;")
	b, err := s.NewBuffer()
	must(t, err)
	if b.ProtocolVersion() != 2 || s.ProtocolVersion() != 2 || b.Limits() != (BufferLimits{127, 65536, 104857600}) {
		t.Fatal(b.ProtocolVersion(), b.Limits())
	}
	must(t, b.Row("t").Int64("i", 1).AtNanos(5))
	must(t, b.SetMarker())
	must(t, b.Row("t").Int64("i", 2).AtMicros(5))
	b.Row("t").Int64("i", 3)
	must(t, b.RewindToMarker())
	mustCode(t, b.RewindToMarker(), InvalidState)
	must(t, b.ClearMarker())
	must(t, b.CheckFlushable())
	must(t, b.Reserve(100000))
	mustCode(t, b.Reserve(-1), LimitExceeded)
	if b.Capacity() < 100000 || !b.IsTransactional() || b.RowCount() != 1 || b.Len() != len(b.Bytes()) {
		t.Fatal(b.Capacity(), b.RowCount())
	}
	copied, err := b.Clone()
	must(t, err)
	must(t, s.FlushAndKeep(b))
	must(t, s.FlushAndKeepTransactional(none, b))
	must(t, s.FlushBuffer(b))
	must(t, s.FlushBuffer(copied))
	if b.RowCount() != 0 || strings.Count(server.stored(), "t i=1i 5n\n") != 4 {
		t.Fatal(server.stored())
	}
	must(t, b.Row("t").Int64("i", 1).AtNow())
	must(t, b.Row("u").Int64("i", 1).AtNow())
	if err := s.FlushAndKeepTransactional(none, b); err == nil {
		t.Error("two tables")
	}
	must(t, b.Clear())
	b.Free()
	b.Free()
	mustCode(t, b.Clear(), InvalidState)
	mustCode(t, b.Row("t").AtNow(), InvalidState)
	mustCode(t, s.FlushBuffer(b), InvalidState)

	// Rows in the sender's own buffer end as they do through the sender.
	must(t, s.Buffer().Row("own").Int64("i", 1).AtNow())
	if s.Pending() != 0 {
		t.Error("auto_flush_rows=1 did not send")
	}
	s.Buffer().Free() // this must do nothing
	closed(t, s)

	limited, err := NewBufferWithLimits(2, BufferLimits{MaxNameLen: 20, MaxSize: 2048})
	must(t, err)
	mustCode(t, limited.Row(strings.Repeat("t", 21)).AtNow(), InvalidName)
	mustCode(t, limited.Reserve(4096), LimitExceeded)
	if _, err := NewBuffer(4); err == nil {
		t.Error("version 4")
	}
	if _, err := NewBufferWithLimits(2, BufferLimits{MaxSize: -1, InitSize: -1}); err == nil {
		t.Error("negative limits")
	}
}
