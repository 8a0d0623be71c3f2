// Apache Arrow: a batch of arrow-go is sent from its own memory, then a stream of batches. The argument is the connection string.
package main

import (
	"log"
	"os"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"questdb-ingress/bindings/go/qdbarrow"
	"questdb-ingress/bindings/go/questdb"
)

const start = 1700000000000000000

func main() {
	conf := "http::addr=localhost:9000;"
	if len(os.Args) > 1 {
		conf = os.Args[1]
	}
	if err := run(conf); err != nil {
		log.Fatal(err)
	}
}

func run(conf string) error {
	sender, err := questdb.Open(conf)
	if err != nil {
		return err
	}
	defer sender.Close(0) // for the early returns; closing again sends nothing

	first := ticks([]string{"BTC-USD", "ETH-USD"}, []float64{43210.5, 0}, []bool{true, false}, start)
	defer first.Release()

	// [doc]
	// The designated timestamps come from the column "time", and the texts of "symbol" become symbols.
	options := questdb.ArrowOptions{}.Table("ticks").AtColumn("time").SymbolColumns("symbol")
	if err := qdbarrow.Append(sender, first, options); err != nil {
		return err
	}
	// [/doc]

	second := ticks([]string{"ETH-USD"}, []float64{2616}, nil, start+2)
	defer second.Release()
	reader, err := array.NewRecordReader(second.Schema(), []arrow.RecordBatch{second})
	if err != nil {
		return err
	}
	defer reader.Release()
	if err := qdbarrow.AppendReader(sender, reader, options); err != nil {
		return err
	}
	_, err = sender.Close(10 * time.Second)
	return err
}

// ticks makes a batch whose rows are a nanosecond apart.
func ticks(symbols []string, prices []float64, valid []bool, from int64) arrow.RecordBatch {
	builder := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		{Name: "time", Type: &arrow.TimestampType{Unit: arrow.Nanosecond}},
		{Name: "symbol", Type: arrow.BinaryTypes.String},
		{Name: "price", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	}, nil))
	defer builder.Release()
	for i := range symbols {
		builder.Field(0).(*array.TimestampBuilder).Append(arrow.Timestamp(from + int64(i)))
	}
	builder.Field(1).(*array.StringBuilder).AppendValues(symbols, nil)
	builder.Field(2).(*array.Float64Builder).AppendValues(prices, valid)
	return builder.NewRecordBatch()
}
