package qdbarrow_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"questdb-ingress/bindings/go/qdbarrow"
	"questdb-ingress/bindings/go/questdb"
	"questdb-ingress/bindings/go/receivertest"
)

var options = questdb.ArrowOptions{}.Table("trades").AtColumn("time")

// checked is an allocator that fails the test if anything was not released at its end. What is released twice panics.
func checked(t *testing.T) *memory.CheckedAllocator {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	t.Cleanup(func() { mem.AssertSize(t, 0) })
	return mem
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, conf string) *questdb.Sender {
	t.Helper()
	sender, err := questdb.Open(conf)
	must(t, err)
	return sender
}

func closed(t *testing.T, sender *questdb.Sender) {
	t.Helper()
	if report, err := sender.Close(10 * time.Second); err != nil || report.Unconfirmed != 0 {
		t.Fatal(report, err)
	}
}

// batch makes a batch from JSON, a list of rows.
func batch(t *testing.T, mem memory.Allocator, schema *arrow.Schema, rows string) arrow.RecordBatch {
	t.Helper()
	made, _, err := array.RecordFromJSON(mem, schema, strings.NewReader(rows))
	must(t, err)
	return made
}

func field(name string, kind arrow.DataType) arrow.Field {
	return arrow.Field{Name: name, Type: kind, Nullable: true}
}

var ticks = arrow.NewSchema([]arrow.Field{
	field("time", &arrow.TimestampType{Unit: arrow.Microsecond}), field("price", arrow.PrimitiveTypes.Float64),
}, nil)

// tickBatch is a batch of so many rows, beginning with number first.
func tickBatch(mem memory.Allocator, first, rows int) arrow.RecordBatch {
	builder := array.NewRecordBuilder(mem, ticks)
	defer builder.Release()
	for i := first; i < first+rows; i++ {
		builder.Field(0).(*array.TimestampBuilder).Append(arrow.Timestamp(i))
		builder.Field(1).(*array.Float64Builder).Append(float64(i))
	}
	return builder.NewRecordBatch()
}

// everyType has a column of each type, what a row of it is in JSON, and the type and the text that the receiver stores.
var everyType = []struct {
	name, json, stored, text string
	kind                     arrow.DataType
}{
	{"bool", "true", "BOOLEAN", "true", arrow.FixedWidthTypes.Boolean},
	{"int8", "-8", "LONG", "-8", arrow.PrimitiveTypes.Int8},
	{"int64", "-9007199254740993", "LONG", "-9007199254740993", arrow.PrimitiveTypes.Int64},
	{"uint32", "4294967295", "LONG", "4294967295", arrow.PrimitiveTypes.Uint32},
	{"float16", "0.5", "DOUBLE", "0.5", arrow.FixedWidthTypes.Float16},
	{"float32", "0.25", "DOUBLE", "0.25", arrow.PrimitiveTypes.Float32},
	{"float64", "2615.54", "DOUBLE", "2615.54", arrow.PrimitiveTypes.Float64},
	{"utf8", `"grüß"`, "VARCHAR", "grüß", arrow.BinaryTypes.String},
	{"large", `"a\nb"`, "VARCHAR", "a\nb", arrow.BinaryTypes.LargeString},
	{"view", `"longer than twelve bytes"`, "VARCHAR", "longer than twelve bytes", arrow.BinaryTypes.StringView},
	{"side", `"buy"`, "SYMBOL", "buy", &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}},
	{"micros", `"2026-01-02T03:04:05.000006"`, "TIMESTAMP", "2026-01-02T03:04:05.000006Z", &arrow.TimestampType{Unit: arrow.Microsecond}},
	{"nanos", `"2026-01-02T03:04:05.000006007Z"`, "TIMESTAMP_NS", "2026-01-02T03:04:05.000006007Z", &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "Asia/Tokyo"}},
	{"date", `"2026-01-02"`, "TIMESTAMP", "2026-01-02T00:00:00.000000Z", arrow.FixedWidthTypes.Date32},
	{"decimal", `"1234.50"`, "DECIMAL", "1234.50", &arrow.Decimal128Type{Precision: 38, Scale: 2}},
	{"list", "[1.5, 2.5]", "DOUBLE[]", "[1.5,2.5]", arrow.ListOf(arrow.PrimitiveTypes.Float64)},
	{"matrix", "[[1, 2], [3, 4]]", "DOUBLE[][]", "[[1.0,2.0],[3.0,4.0]]", arrow.FixedSizeListOf(2, arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Int32))},
}

// Every type arrives as the type that the document says, in rows that are a slice of a batch with nulls.
func TestEveryTypeIsReadBack(t *testing.T) {
	mem := checked(t)
	fields := []arrow.Field{field("time", &arrow.TimestampType{Unit: arrow.Nanosecond})}
	row := `{"time": "2026-01-02T03:04:05.123456789"`
	for _, column := range everyType {
		fields = append(fields, field(column.name, column.kind))
		row += fmt.Sprintf(`, "%s": %s`, column.name, column.json)
	}
	all := batch(t, mem, arrow.NewSchema(fields, nil), `[{"int8": 1}, `+row+`}, {"int8": 2, "time": "2026-01-02T03:04:06"}]`)
	defer all.Release()
	part := all.NewSlice(1, 3)
	defer part.Release()

	receiver := receivertest.Start(t, "--create-decimals")
	sender := open(t, receiver.HTTPConf())
	must(t, qdbarrow.Append(sender, part, options))
	closed(t, sender)
	table := receiver.Tables(t)["trades"]
	if len(table.Rows) != 2 {
		t.Fatal(table)
	}
	found := map[string]int{}
	for i, column := range table.Columns {
		found[column[0]] = i
	}
	for _, column := range everyType {
		i, is := found[column.name]
		if !is || table.Columns[i][1] != column.stored || table.Rows[0][i] == nil || *table.Rows[0][i] != column.text {
			t.Errorf("%s: wanted %s %q, got %v %v", column.name, column.stored, column.text, table.Columns, table.Rows[0])
		}
		if other := table.Rows[1][i]; is && column.name != "int8" && other != nil && column.name != "bool" {
			t.Errorf("%s: a null is %q", column.name, *other)
		}
	}
	if at := table.Rows[0][found["timestamp"]]; at == nil || *at != "2026-01-02T03:04:05.123456789Z" {
		t.Error(at)
	}
}

// A stream of batches is sent by the limits of auto-flush, and the garbage collector runs meanwhile.
func TestAReaderIsSent(t *testing.T) {
	mem := checked(t)
	receiver := receivertest.Start(t)
	sender := open(t, receiver.HTTPConf()+"auto_flush_rows=700;auto_flush_interval=off;")
	source := &source{mem: mem, batches: 10, rows: 1000}
	must(t, qdbarrow.AppendReader(sender, source, options))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	again := *source
	again.given = 0
	must(t, qdbarrow.AppendReaderContext(ctx, sender, &again, options))
	last := tickBatch(mem, 0, 5)
	defer last.Release()
	must(t, qdbarrow.AppendContext(ctx, sender, last, options))
	closed(t, sender)
	if rows := receiver.Tables(t)["trades"].Rows; len(rows) != 20005 || *rows[9999][0] != "9999.0" {
		t.Error(len(rows))
	}
	if source.references != 0 || again.references != 0 {
		t.Error(source.references, again.references, "references to the readers are left")
	}
}

// source is a reader that makes its batches as they are asked for, and may fail or panic instead of giving the last one.
type source struct {
	mem                  memory.Allocator
	batches, rows, given int
	fails                error
	panics               any
	now                  arrow.RecordBatch
	references           int
}

func (s *source) Retain()                        { s.references++ }
func (s *source) Release()                       { s.references-- }
func (s *source) Schema() *arrow.Schema          { return ticks }
func (s *source) RecordBatch() arrow.RecordBatch { return s.now }
func (s *source) Record() arrow.RecordBatch      { return s.now }

func (s *source) Next() bool {
	if s.now != nil {
		s.now.Release()
		s.now = nil
	}
	runtime.GC()
	last := s.given == s.batches
	if last && s.panics != nil {
		panic(s.panics)
	}
	if last {
		return false
	}
	s.now = tickBatch(s.mem, s.given*s.rows, s.rows)
	s.given++
	return true
}

func (s *source) Err() error {
	if s.given == s.batches {
		return s.fails
	}
	return nil
}

// Whatever fails, the batch is released, the buffer is as it was, and the error says why.
func TestWhatIsRefused(t *testing.T) {
	mem := checked(t)
	rows := tickBatch(mem, 0, 3)
	defer rows.Release()
	buffer, err := questdb.NewBuffer(2)
	must(t, err)
	defer buffer.Free()
	freed, err := questdb.NewBuffer(2)
	must(t, err)
	freed.Free()
	var e *questdb.Error
	for name, err := range map[string]error{
		"a freed buffer":  qdbarrow.Append(freed, rows, options),
		"no options":      qdbarrow.Append(buffer, rows, questdb.ArrowOptions{}),
		"no batch":        qdbarrow.Append(buffer, nil, options),
		"no reader":       qdbarrow.AppendReader(buffer, nil, options),
		"a nil sender":    qdbarrow.AppendContext(context.Background(), nil, rows, options),
		"nothing to send": qdbarrow.Append(buffer, rows, questdb.ArrowOptions{}.TableColumn("price").AtColumn("time")),
	} {
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
	binary := batch(t, mem, arrow.NewSchema([]arrow.Field{field("raw", arrow.BinaryTypes.Binary)}, nil), `[{"raw": "AAAA"}]`)
	defer binary.Release()
	err = qdbarrow.Append(buffer, binary, questdb.ArrowOptions{}.Table("t").AtNow())
	if !errors.As(err, &e) || e.Code != questdb.InvalidArgument || !strings.Contains(e.Message, `"raw"`) {
		t.Error(err)
	}
	if buffer.Len() != 0 {
		t.Error(buffer.Len())
	}
}

func TestAReaderThatFails(t *testing.T) {
	mem := checked(t)
	buffer, err := questdb.NewBuffer(2)
	must(t, err)
	defer buffer.Free()
	broken := errors.New("the disk is gone")
	failing := &source{mem: mem, batches: 2, rows: 3, fails: broken}
	err = qdbarrow.AppendReader(buffer, failing, options)
	var e *questdb.Error
	if !errors.Is(err, broken) || !errors.As(err, &e) || !strings.Contains(err.Error(), "the disk is gone") {
		t.Error(err)
	}
	panicking := &source{mem: mem, batches: 1, rows: 3, panics: "at the disco"}
	func() {
		defer func() {
			if p := recover(); p != "at the disco" {
				t.Error(p)
			}
		}()
		_ = qdbarrow.AppendReader(buffer, panicking, options)
		t.Error("no panic")
	}()
	if buffer.Len() != 0 || failing.references != 0 || panicking.references != 0 {
		t.Error(buffer.Len(), failing.references, panicking.references)
	}
	// The buffer can be used after the panic.
	rows := tickBatch(mem, 0, 3)
	defer rows.Release()
	must(t, qdbarrow.Append(buffer, rows, options))
	if buffer.RowCount() != 3 {
		t.Error(buffer.RowCount())
	}
}
