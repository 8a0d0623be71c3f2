package questdb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"questdb-ingress/bindings/go/questdb"
)

// picky stands for a server that has a column of integers, where one row brings a string. It stores nothing of a request
// with such a row, and names the row.
func picky() (conf string, end func()) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if before, _, is := bytes.Cut(body, []byte("amount=\"")); is {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			line := bytes.Count(before, []byte("\n")) + 1
			fmt.Fprintf(w, `{"code":"invalid","message":"cast error","line":%d,"errorId":"ab-1"}`, line)
			return
		}
		fmt.Printf("stored %d rows\n", bytes.Count(body, []byte("\n")))
		w.WriteHeader(http.StatusNoContent)
	}))
	addr := strings.TrimPrefix(server.URL, "http://")
	return "http::addr=" + addr + ";protocol_version=2;auto_flush=off;", server.Close
}

// Drop the bad row, keep the rest: a server that refuses a request names the row, and nothing of the request was stored.
func Example_dropTheBadRow() {
	conf, end := picky()
	defer end()
	sender, err := questdb.Open(conf)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := int64(1); i <= 5; i++ {
		row := sender.Row("trades")
		if i == 3 {
			row.String("amount", "three")
		} else {
			row.Int64("amount", i)
		}
		if err := row.AtNanos(i); err != nil {
			fmt.Println(err)
		}
	}

	err = sender.Flush()
	for {
		var e *questdb.Error
		if !errors.As(err, &e) || e.Outcome != questdb.OutcomeRejected || e.ServerLine == 0 {
			break
		}
		fmt.Println("removing row", e.ServerLine)
		if err = sender.RemoveRows(e.ServerLine, 1); err == nil {
			err = sender.Flush()
		}
	}
	fmt.Println("error:", err)

	_, err = sender.Close(time.Second)
	fmt.Println("error:", err)
	// Output:
	// removing row 3
	// stored 4 rows
	// error: <nil>
	// error: <nil>
}

// A row that a return leaves behind is in nobody's way.
func Example_rowLeftBehind() {
	conf, end := picky()
	defer end()
	sender, err := questdb.Open(conf)
	if err != nil {
		fmt.Println(err)
		return
	}
	add := func(amount int64) error {
		row := sender.Row("trades").Symbol("side", "buy")
		if amount < 0 {
			return fmt.Errorf("bad amount %d", amount)
		}
		return row.Int64("amount", amount).AtNow()
	}
	fmt.Println(add(1), add(-2), add(3))
	report, err := sender.Close(time.Second)
	fmt.Println(report.AbandonedRows, "row left behind,", err)
	// Output:
	// <nil> bad amount -2 <nil>
	// stored 2 rows
	// 1 row left behind, <nil>
}

// A flush that ends with its context. Outcome says what is known of the rows, which are still there.
func ExampleSender_FlushContext() {
	sender, err := questdb.Open("http::addr=127.0.0.1:1;protocol_version=2;retry_timeout=60000;auto_flush=off;")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sender.Close(0)
	if err := sender.Row("trades").Int64("amount", 1).AtNow(); err != nil {
		fmt.Println(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	err = sender.FlushContext(ctx)
	var e *questdb.Error
	fmt.Println(errors.Is(err, context.DeadlineExceeded), errors.As(err, &e) && e.Outcome == questdb.OutcomeNotSent, sender.Pending())
	// Output:
	// true true 1
}
