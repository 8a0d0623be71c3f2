package trades

import (
	"testing"
	"time"
)

func TestATradeIsStored(t *testing.T) {
	receiver := startReceiver(t)
	if err := Store(receiver.conf(), "ETH-USD", 2615.54, time.UnixMicro(1)); err != nil {
		t.Fatal(err)
	}
	row := receiver.rows("trades", 1)[0]
	if row["symbol"] != "ETH-USD" || row["price"] != 2615.54 || row["timestamp"] != "1970-01-01T00:00:00.000001000Z" {
		t.Fatal(row)
	}
}
