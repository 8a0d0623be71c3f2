// Prepared rows: the table and its columns are named once, then there is one call for a row or for a batch of rows. The argument
// is the connection string.
package main

import (
	"log"
	"os"
	"time"

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

	layout, err := questdb.NewLayout("quotes", questdb.StampNanos)
	if err != nil {
		return err
	}
	defer layout.Free()
	for _, column := range []struct {
		name string
		kind questdb.ColumnKind
	}{{"symbol", questdb.Symbol}, {"price", questdb.Float64}, {"size", questdb.Int64}} {
		if err := layout.Add(column.name, column.kind); err != nil {
			return err
		}
	}

	// One row: a cell for each column. The last one is not set, which is NULL.
	layout.Text(0, "BTC-USD")
	layout.Float64(1, 43210.5)
	if err := sender.Append(layout, start); err != nil {
		return err
	}

	// Three rows: a slice for each column. The second row has no size.
	columns := []questdb.Column{
		questdb.Texts([]string{"BTC-USD", "ETH-USD", "ETH-USD"}),
		questdb.Float64s([]float64{43211, 2615.5, 2616}),
		questdb.Int64s([]int64{5, 0, 7}).Valid([]bool{true, false, true}),
	}
	if err := sender.AppendColumns(layout, columns, []int64{start + 1, start + 2, start + 3}); err != nil {
		return err
	}
	_, err = sender.Close(10 * time.Second)
	return err
}
