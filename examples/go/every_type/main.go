// A row with a column of every type. The argument is the connection string.
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

	now := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	// The calls are chained; the one that ends the row returns the first error of all.
	err = sender.Row("every_type").
		Symbol("symbol", "ETH-USD").
		Bool("bool", true).
		Int64("long", -42).
		Float64("double", 2615.54).
		String("string", "grüß \"Gott\"\n").
		Micros("micros", now.UnixMicro()).
		Time("nanos", now).
		Float64s("array", []float64{1, 2, 3, 4, 5, 6}, 2, 3). // two rows of three
		At(now)
	if err != nil {
		return err
	}
	_, err = sender.Close(10 * time.Second) // sends the rest
	return err
}
