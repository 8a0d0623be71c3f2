// Package trades has something to test: it sends trades to QuestDB.
package trades

import (
	"time"

	"questdb-ingress/bindings/go/questdb"
)

// Store sends a trade.
func Store(conf, symbol string, price float64, at time.Time) error {
	sender, err := questdb.Open(conf)
	if err != nil {
		return err
	}
	defer sender.Close(0) // for the early returns; closing again sends nothing
	if err := sender.Row("trades").Symbol("symbol", symbol).Float64("price", price).At(at); err != nil {
		return err
	}
	_, err = sender.Close(10 * time.Second)
	return err
}
