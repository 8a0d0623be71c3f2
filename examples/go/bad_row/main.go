// Drop the bad row, keep the rest: a row that cannot be built, and one that the server refuses. The argument is the connection
// string.
package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"questdb-ingress/bindings/go/questdb"
)

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

	for n := int64(1); n <= 5; n++ {
		if err := measurement(sender, n); err != nil {
			var e *questdb.Error
			if errors.As(err, &e) && e.RowAccepted {
				return err // the row is good, sending it failed
			}
			fmt.Println("left out:", err) // only this row is dropped
		}
	}
	if err := flushGoodRows(sender); err != nil {
		return err
	}
	_, err = sender.Close(10 * time.Second)
	return err
}

// measurement adds a row. The third has no value; the fourth is text where the others are numbers, which only the server can
// know.
func measurement(sender *questdb.Sender, n int64) error {
	row := sender.Row("measurements")
	switch n {
	case 3:
	case 4:
		row.String("value", "four")
	default:
		row.Int64("value", n)
	}
	return row.AtNow()
}

// flushGoodRows sends what the server takes. A refused row is named by its number, removed, and the rest sent again.
func flushGoodRows(sender *questdb.Sender) error {
	for {
		err := sender.Flush()
		var e *questdb.Error
		if !errors.As(err, &e) || e.Outcome != questdb.OutcomeRejected || e.ServerLine == 0 {
			return err // nil, or nothing is known about a single row
		}
		fmt.Println("refused:", err)
		if err := sender.RemoveRows(e.ServerLine, 1); err != nil {
			return err
		}
	}
}
