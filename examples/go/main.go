// Rows of every type into QuestDB. The argument is the configuration string.
package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"questdb-ingress/bindings/go/questdb"
)

func main() {
	conf := "http::addr=localhost:9000;auto_flush_rows=1000;"
	if len(os.Args) > 1 {
		conf = os.Args[1]
	}
	if err := run(conf); err != nil {
		var e *questdb.Error
		if errors.As(err, &e) {
			fmt.Fprintf(os.Stderr, "code %v, outcome %v, may be repeated %v, attempts %d\n", e.Code, e.Outcome, e.Retryable, e.Attempts)
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(conf string) error {
	sender, err := questdb.Open(conf)
	if err != nil {
		return err
	}
	defer sender.Close(0) // for the early returns; closing again sends nothing

	now := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	err = sender.Row("go_types").
		Symbol("symbol", "ETH-USD").
		Bool("bool", true).
		Int64("long", -42).
		Float64("double", 2615.54).
		String("string", "grüß \"Gott\"\n").
		Micros("micros", now.UnixMicro()).
		Time("nanos", now).
		Float64s("array", []float64{1, 2, 3, 4, 5, 6}, 2, 3).
		At(now)
	if err != nil {
		return err
	}

	// An error leaves the rows before it as they are.
	err = sender.Row("go_types").Int64("not a * name", 1).AtNow()
	var e *questdb.Error
	if !errors.As(err, &e) || e.Code != questdb.InvalidName {
		return fmt.Errorf("expected INVALID_NAME, got %v", err)
	}
	fmt.Println("as expected:", err)

	// Decimals go into a column that exists: create table go_decimals (price decimal(18, 4), …)
	if os.Getenv("WITH_DECIMALS") != "" {
		err = sender.Row("go_decimals").Decimal("price", "-12.50").DecimalInt64("fee", 4, 12345).AtNanos(1)
		if err != nil {
			return err
		}
	}
	if err := sender.Flush(); err != nil {
		return err
	}
	if err := prepared(sender, now.UnixNano()); err != nil {
		return err
	}

	if err := columns(sender, now); err != nil {
		return err
	}

	report, err := sender.Close(10 * time.Second)
	fmt.Printf("closed, %d rows unconfirmed, %d earlier rows in doubt\n", report.Unconfirmed, report.EarlierRowsInDoubt)
	return err
}

// prepared sends rows by one call each; auto-flush sends them in batches.
func prepared(sender *questdb.Sender, start int64) error {
	layout, err := questdb.NewLayout("go_trades", questdb.StampNanos)
	if err != nil {
		return err
	}
	defer layout.Free()
	kinds := []struct {
		name string
		kind questdb.Kind
	}{{"side", questdb.Symbol}, {"price", questdb.Float64}, {"amount", questdb.Int64}, {"book", questdb.Float64Array}}
	for _, c := range kinds {
		if err := layout.Add(c.name, c.kind); err != nil {
			return err
		}
	}
	for i := int64(0); i < 2500; i++ {
		layout.Text(0, [2]string{"buy", "sell"}[i%2])
		layout.Float64(1, 2600+float64(i)/100)
		if i%10 != 0 { // otherwise NULL
			layout.Int64(2, i)
		}
		layout.Float64s(3, []float64{1, float64(i)})
		if err := sender.Append(layout, start+i); err != nil {
			return err
		}
	}
	fmt.Printf("%d rows committed by auto-flush, %d wait\n", sender.Stat(questdb.RowsCommitted), sender.Pending())
	return nil
}

// columns sends many rows by one call.
func columns(sender *questdb.Sender, start time.Time) error {
	layout, err := questdb.NewLayout("go_columns", questdb.StampNanos)
	if err != nil {
		return err
	}
	defer layout.Free()
	if err := layout.Add("side", questdb.Symbol); err != nil {
		return err
	}
	if err := layout.Add("price", questdb.Float64); err != nil {
		return err
	}
	const rows = 1000
	var sides, prices, at = make([]uint32, rows), make([]float64, rows), make([]int64, rows)
	for i := range at {
		sides[i], prices[i], at[i] = uint32(i%2), float64(i)/8, start.UnixNano()+int64(i)
	}
	names := []string{"buy", "sell"}
	return sender.AppendColumns(layout, []questdb.Column{questdb.Codes(sides, names), questdb.Float64s(prices)}, at)
}
