// Decimals, exact: as text, as an integer with a scale, as bytes. QuestDB needs the columns to exist, for example
// CREATE TABLE invoices (net DECIMAL(18,2), tax DECIMAL(18,2), rate DECIMAL(9,4), ts TIMESTAMP) …
// The argument is the connection string.
package main

import (
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

	err = sender.Row("invoices").
		Decimal("net", "1234.50").
		DecimalInt64("tax", 2, 23456).
		DecimalBytes("rate", 4, []byte{0xff, 0xff}). // -1 in two's complement, so -0.0001
		AtNanos(1700000000000000000)
	if err != nil {
		return err
	}
	_, err = sender.Close(10 * time.Second)
	return err
}
