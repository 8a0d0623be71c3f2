package questdb

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
	"unsafe"

	"questdb-ingress/bindings/go/internal/arrowtest"
)

var trades = ArrowOptions{}.Table("trades").AtColumn("at").SymbolColumns("side")

const tradesVersion1 = "trades,side=buy price=0.5 1000000000\ntrades,side=sell price=1.5 1000001000\n"

// appended calls append with a batch, which must be released once whatever happens, and its schema not at all.
func appended(t *testing.T, appendTo func(array, schema unsafe.Pointer) error) error {
	t.Helper()
	batch := arrowtest.New()
	defer batch.Free()
	err := appendTo(batch.Array(), batch.Schema())
	if arrays, schemas, _ := batch.Released(); arrays != 1 || schemas != 0 {
		t.Errorf("array released %d times, schema %d times", arrays, schemas)
	}
	return err
}

// streamed is appended for a stream of so many batches.
func streamed(t *testing.T, batches int, fails bool, appendTo func(stream unsafe.Pointer) error) error {
	t.Helper()
	batch := arrowtest.New()
	defer batch.Free()
	err := appendTo(batch.Stream(batches, fails))
	if _, _, streams := batch.Released(); streams != 1 {
		t.Errorf("stream released %d times", streams)
	}
	return err
}

func version1(t *testing.T) *Buffer {
	t.Helper()
	b, err := NewBuffer(1)
	must(t, err)
	return b
}

func TestArrowBatches(t *testing.T) {
	b := version1(t)
	must(t, appended(t, func(array, schema unsafe.Pointer) error { return b.AppendArrow(array, schema, trades) }))
	if got := string(b.Bytes()); got != tradesVersion1 {
		t.Errorf("%q", got)
	}
	must(t, b.Clear())
	must(t, streamed(t, 3, false, func(stream unsafe.Pointer) error { return b.AppendArrowStream(stream, trades) }))
	if got := string(b.Bytes()); got != strings.Repeat(tradesVersion1, 3) {
		t.Errorf("%q", got)
	}

	server := serve(t)
	s := server.open(t, 1, "auto_flush_rows=3;")
	must(t, appended(t, func(array, schema unsafe.Pointer) error { return s.AppendArrow(array, schema, trades) }))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	must(t, appended(t, func(array, schema unsafe.Pointer) error { return s.AppendArrowContext(ctx, array, schema, trades) }))
	if bodies := server.requests(); len(bodies) != 1 || strings.Count(string(bodies[0]), "\n") != 3 || s.Pending() != 1 {
		t.Errorf("a limit of three rows: %q, %d rows wait", bodies, s.Pending())
	}
	must(t, streamed(t, 2, false, func(stream unsafe.Pointer) error { return s.AppendArrowStream(stream, trades) }))
	must(t, streamed(t, 1, false, func(stream unsafe.Pointer) error { return s.AppendArrowStreamContext(ctx, stream, trades) }))
	closed(t, s)
	if got := server.stored(); got != strings.Repeat(tradesVersion1, 5) {
		t.Errorf("%q", got)
	}
}

func TestArrowOptions(t *testing.T) {
	b := version1(t)
	stamped := func(stamp string) string {
		return "buy at=1000000t,price=0.5" + stamp + "\nsell at=1000001t,price=1.5" + stamp + "\n"
	}
	bySide := ArrowOptions{}.TableColumnPosition(2).AtColumn("at")
	for want, options := range map[string]ArrowOptions{
		tradesVersion1: ArrowOptions{}.Table("trades").AtColumnPosition(0).SymbolColumnPositions(2),
		"trades price=0.5,side=\"buy\" 1000000000\ntrades price=1.5,side=\"sell\" 1000001000\n": ArrowOptions{}.Table("trades").AtColumn("at"),
		"t,side=buy at=1000000t,price=0.5\nt,side=sell at=1000001t,price=1.5\n":                 ArrowOptions{}.Table("t").AtNow().Symbols(TextsAsSymbols),
		"buy price=0.5 1000000000\nsell price=1.5 1000001000\n":                                 ArrowOptions{}.TableColumn("side").AtColumn("at"),
		stamped(" 7"):                   bySide.AtNanos(7),
		stamped(" 7000"):                bySide.AtMicros(7),
		stamped(" 1700000000000000000"): bySide.At(time.Unix(1700000000, 0)),
		stamped(""):                     bySide.AtNow(),
	} {
		must(t, b.Clear())
		must(t, appended(t, func(array, schema unsafe.Pointer) error { return b.AppendArrow(array, schema, options) }))
		if got := string(b.Bytes()); got != want {
			t.Errorf("wanted %q, got %q", want, got)
		}
	}
	// Options that begin alike do not share what follows.
	begun := ArrowOptions{}.Table("t").AtNow()
	one, other := begun.SymbolColumns("side"), begun.SymbolColumns("price")
	must(t, appended(t, func(array, schema unsafe.Pointer) error { return b.AppendArrow(array, schema, one) }))
	mustCode(t, appended(t, func(array, schema unsafe.Pointer) error { return b.AppendArrow(array, schema, other) }), InvalidArgument)
}

// Whatever is wrong, the array or the stream is released once, and the buffer is as it was.
func TestArrowThatIsRefused(t *testing.T) {
	b := version1(t)
	must(t, b.Row("t").Int64("i", 1).AtNow())
	before := string(b.Bytes())
	freed := version1(t)
	freed.Free()
	server := serve(t)
	gone := server.open(t, 1, "")
	closed(t, gone)
	over, cancel := context.WithCancel(context.Background())
	cancel()
	s := server.open(t, 1, "")
	batch := func(b *Buffer, options ArrowOptions) func(array, schema unsafe.Pointer) error {
		return func(array, schema unsafe.Pointer) error { return b.AppendArrow(array, schema, options) }
	}
	for name, refused := range map[string]struct {
		code     Code
		appendTo func(array, schema unsafe.Pointer) error
	}{
		"no options":        {InvalidArgument, batch(b, ArrowOptions{})},
		"no timestamp":      {InvalidArgument, batch(b, ArrowOptions{}.Table("t"))},
		"no such column":    {InvalidArgument, batch(b, ArrowOptions{}.Table("t").AtColumn("is not there"))},
		"no such position":  {InvalidArgument, batch(b, ArrowOptions{}.Table("t").AtColumnPosition(-1))},
		"an empty name":     {InvalidArgument, batch(b, ArrowOptions{}.Table("t").AtColumn(""))},
		"no such choice":    {InvalidArgument, batch(b, ArrowOptions{}.Table("t").AtNow().Symbols(9))},
		"the zero time":     {InvalidTimestamp, batch(b, ArrowOptions{}.Table("t").At(time.Time{}))},
		"a bad table":       {InvalidName, batch(b, ArrowOptions{}.Table("?").AtNow())},
		"not UTF-8":         {InvalidUTF8, batch(b, ArrowOptions{}.Table("\xff").AtNow())},
		"a nil buffer":      {InvalidArgument, batch(nil, trades)},
		"a zero buffer":     {InvalidState, batch(&Buffer{}, trades)},
		"a freed buffer":    {InvalidState, batch(freed, trades)},
		"a closed sender":   {InvalidState, func(array, schema unsafe.Pointer) error { return gone.AppendArrow(array, schema, trades) }},
		"a nil sender":      {InvalidArgument, func(array, schema unsafe.Pointer) error { return (*Sender)(nil).AppendArrow(array, schema, trades) }},
		"an ended context":  {Cancelled, func(array, schema unsafe.Pointer) error { return s.AppendArrowContext(over, array, schema, trades) }},
		"without a schema":  {InvalidArgument, func(array, _ unsafe.Pointer) error { return b.AppendArrow(array, nil, trades) }},
		"a sender's buffer": {InvalidArgument, batch(s.Buffer(), ArrowOptions{})},
	} {
		t.Run(name, func(t *testing.T) { mustCode(t, appended(t, refused.appendTo), refused.code) })
	}
	mustCode(t, b.AppendArrow(nil, nil, trades), InvalidArgument)
	mustCode(t, b.AppendArrowStream(nil, trades), InvalidArgument)
	refusedStreams(t, b, freed, gone)

	spoilt := arrowtest.New()
	defer spoilt.Free()
	spoilt.Spoil()
	e := mustCode(t, b.AppendArrow(spoilt.Array(), spoilt.Schema(), trades), InvalidUTF8)
	if !strings.Contains(e.Message, `"side"`) || !strings.Contains(e.Message, "row 1") {
		t.Error(e.Message)
	}
	if got := string(b.Bytes()); got != before || s.Pending() != 0 {
		t.Errorf("%q, %d rows", got, s.Pending())
	}
	closed(t, s)
}

func refusedStreams(t *testing.T, b, freed *Buffer, gone *Sender) {
	for name, appendTo := range map[string]func(stream unsafe.Pointer) error{
		"no options":      func(stream unsafe.Pointer) error { return b.AppendArrowStream(stream, ArrowOptions{}) },
		"a freed buffer":  func(stream unsafe.Pointer) error { return freed.AppendArrowStream(stream, trades) },
		"a closed sender": func(stream unsafe.Pointer) error { return gone.AppendArrowStream(stream, trades) },
	} {
		if err := streamed(t, 1, false, appendTo); err == nil {
			t.Error(name)
		}
	}
	err := streamed(t, 2, true, func(stream unsafe.Pointer) error { return b.AppendArrowStream(stream, trades) })
	if e := mustCode(t, err, InvalidArgument); !strings.Contains(e.Message, "the disk is gone") {
		t.Error(e.Message)
	}
}

// A flush that fails on the way says how many rows were taken, so that the caller can go on with the rest.
func TestArrowThatCannotBeSent(t *testing.T) {
	server := serve(t)
	s := server.open(t, 1, "auto_flush_rows=3;")
	server.set(503, false)
	err := streamed(t, 4, false, func(stream unsafe.Pointer) error { return s.AppendArrowStream(stream, trades) })
	var e *Error
	if !errors.As(err, &e) || e.RowsAccepted != 3 || s.Pending() != 3 {
		t.Fatal(err, s.Pending())
	}
	server.set(0, false)
	closed(t, s)
	if got := strings.Count(server.stored(), "\n"); got != 3 {
		t.Error(got)
	}
}

// A call that waits for the server ends with its context.
func TestArrowUntilTheContextEnds(t *testing.T) {
	server := serve(t)
	s := server.open(t, 1, "auto_flush_rows=1;")
	server.set(0, true)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-server.arrived
		cancel()
	}()
	err := appended(t, func(array, schema unsafe.Pointer) error { return s.AppendArrowContext(ctx, array, schema, trades) })
	if !errors.Is(err, context.Canceled) || mustCode(t, err, Cancelled).RowsAccepted != 1 {
		t.Error(err)
	}
	server.set(0, false)
	closed(t, s)
}
