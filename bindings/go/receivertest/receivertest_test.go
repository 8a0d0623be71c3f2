package receivertest

import (
	"strings"
	"testing"
	"time"

	"questdb-ingress/bindings/go/questdb"
)

func TestRowsOverHTTPAndTCP(t *testing.T) {
	receiver := Start(t)
	receiver.Create(t, "prices", "price:DECIMAL")
	for _, conf := range []string{receiver.HTTPConf(), receiver.TCPConf() + "protocol_version=3;"} {
		sender, err := questdb.Open(conf)
		if err != nil {
			t.Fatal(err)
		}
		if err := sender.Row("prices").Decimal("price", "-12.50").AtMicros(1); err != nil {
			t.Fatal(err)
		}
		if _, err := sender.Close(10 * time.Second); err != nil {
			t.Fatal(err)
		}
	}
	for !has(receiver.Tables(t)["prices"], 2) { // TCP has no confirmation
		time.Sleep(time.Millisecond)
	}
	if !strings.Contains(receiver.HTTPConf(), receiver.HTTPAddr()) || receiver.HTTPAddr() == receiver.TCPAddr() {
		t.Error(receiver.HTTPConf(), receiver.HTTPAddr(), receiver.TCPAddr())
	}
	receiver.Clear(t)
	if tables := receiver.Tables(t); len(tables) != 0 {
		t.Error(tables)
	}
}

func has(table Table, rows int) bool { return len(table.Rows) == rows }
