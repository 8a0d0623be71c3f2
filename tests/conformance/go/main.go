// The conformance driver in Go: commands on standard input, answers on standard output; see ../README.md.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"questdb-ingress/bindings/go/questdb"
)

var (
	sender *questdb.Sender
	row    *questdb.Row // the one that was begun last
	layout *questdb.Layout

	pool        *questdb.Pool
	buffer      *questdb.Buffer
	batches     []<-chan questdb.Completion
	completions map[int64]questdb.Completion // those that were read
)

// text undoes the escapes: %XX is a byte, a lone % nothing.
func text(word string) string {
	out, _ := url.PathUnescape(word)
	return out
}

func number(word string) (n int64) { fmt.Sscan(word, &n); return }

func double(hex string) float64 {
	bits, _ := strconv.ParseUint(hex, 16, 64)
	return math.Float64frombits(bits)
}

func doubles(shape, data string) (values []float64, sizes []int) {
	for b := []byte(text(data)); len(b) > 0; b = b[8:] {
		values = append(values, math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
	for _, n := range strings.Split(shape, "x") {
		sizes = append(sizes, int(number(n)))
	}
	return values, sizes
}

func newLayout(w []string) (err error) {
	if layout != nil {
		layout.Free()
	}
	layout, err = questdb.NewLayout(text(w[1]), questdb.Stamp(number(w[2])))
	for i := 3; i < len(w) && err == nil; i++ {
		name, kind, _ := strings.Cut(w[i], ":")
		err = layout.Add(text(name), questdb.ColumnKind(number(kind)))
	}
	return err
}

func appendRow(w []string) error {
	for i, cell := range w[2:] {
		part := strings.Split(cell, ":")
		switch part[0] {
		case "b":
			layout.Bool(i, part[1] != "0")
		case "i":
			layout.Int64(i, number(part[1]))
		case "f":
			layout.Float64(i, double(part[1]))
		case "t":
			layout.Text(i, text(part[1]))
		case "a":
			values, shape := doubles(part[1], part[2])
			layout.Float64s(i, values, shape...)
		case "d":
			layout.Decimal(i, uint32(number(part[1])), []byte(text(part[2])))
		}
	}
	return sender.Append(layout, number(w[1]))
}

// column holds the calls of a row, which report through Err.
var column = map[string]func(name string, w []string){
	"table":  func(name string, w []string) { row = sender.Row(name) },
	"symbol": func(name string, w []string) { row.Symbol(name, text(w[2])) },
	"bool":   func(name string, w []string) { row.Bool(name, w[2] != "0") },
	"i64":    func(name string, w []string) { row.Int64(name, number(w[2])) },
	"f64":    func(name string, w []string) { row.Float64(name, double(w[2])) },
	"str":    func(name string, w []string) { row.String(name, text(w[2])) },
	"us":     func(name string, w []string) { row.Micros(name, number(w[2])) },
	"ns":     func(name string, w []string) { row.Nanos(name, number(w[2])) },
	"dec":    func(name string, w []string) { row.Decimal(name, text(w[2])) },
	"dec64":  func(name string, w []string) { row.DecimalInt64(name, uint32(number(w[2])), number(w[3])) },
	"decbin": func(name string, w []string) { row.DecimalBytes(name, uint32(number(w[2])), []byte(text(w[3]))) },
	"arr": func(name string, w []string) {
		values, shape := doubles(w[2], w[3])
		row.Float64s(name, values, shape...)
	},
}

var others = map[string]func(w []string) error{
	"open": func(w []string) (err error) {
		sender, err = questdb.Open(text(w[1]))
		row = &questdb.Row{} // a call before the first table is out of order
		return err
	},
	"pool":     openPool,
	"batch":    fill,
	"again":    func(w []string) error { return submit(completions[number(w[1])].FailedRows, w[2]) },
	"drop":     func([]string) error { return sender.DropRow() },
	"clear":    func([]string) error { return sender.Clear() },
	"remove":   func(w []string) error { return sender.RemoveRows(uint64(number(w[1])), uint64(number(w[2]))) },
	"layout":   newLayout,
	"row":      appendRow,
	"at_ns":    func(w []string) error { return row.AtNanos(number(w[1])) },
	"at_us":    func(w []string) error { return row.AtMicros(number(w[1])) },
	"at_now":   func([]string) error { return row.AtNow() },
	"flush":    func([]string) error { return sender.Flush() },
	"begin":    func(w []string) error { return sender.Begin(text(w[1])) },
	"commit":   func([]string) error { return sender.Commit() },
	"rollback": func([]string) error { return sender.Rollback() },
}

func openPool(w []string) (err error) {
	if pool, err = questdb.OpenPool(text(w[1])); err == nil {
		buffer, err = pool.NewBuffer()
	}
	batches, completions = nil, map[int64]questdb.Completion{}
	return err
}

func submit(b *questdb.Buffer, key string) error {
	options := questdb.SubmitOptions{Ordered: true, OrderKey: uint64(number(key))}
	batch, err := pool.Submit(context.Background(), b, options)
	if err == nil {
		batches = append(batches, batch)
	}
	return err
}

func fill(w []string) error {
	if err := buffer.Clear(); err != nil {
		return err
	}
	for i, first := int64(0), number(w[2]); i < number(w[3]); i++ {
		if err := buffer.Row(text(w[1])).Int64("v", first+i).AtNanos(first + i); err != nil {
			return err
		}
	}
	return submit(buffer, w[4])
}

func done(w []string) (uint64, error) {
	got, read := completions[number(w[1])]
	if !read {
		got = <-batches[number(w[1])]
		completions[number(w[1])] = got
	}
	if got.Err != nil {
		return 0, got.Err
	}
	return got.Rows, nil
}

func command(w []string) (uint64, error) {
	switch w[0] {
	case "done":
		return done(w)
	case "pool_stat":
		return pool.Stat(questdb.PoolStat(number(w[1]))), nil
	case "pool_close":
		report, err := pool.Close(time.Duration(number(w[1])) * time.Millisecond)
		return report.UnsentRows + report.RowsInDoubt, err
	case "pending":
		return uint64(sender.Pending()), nil
	case "stat":
		return sender.Stat(questdb.Stat(number(w[1]))), nil
	case "close":
		report, err := sender.Close(time.Duration(number(w[1])) * time.Millisecond)
		return report.Unconfirmed, err
	}
	if other := others[w[0]]; other != nil {
		return 0, other(w)
	}
	column[w[0]](text(append(w, "")[1]), w)
	return 0, row.Err()
}

func main() {
	for in := bufio.NewReader(os.Stdin); ; {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		result, err := command(strings.Split(strings.TrimSuffix(line, "\n"), " "))
		if e, ok := err.(*questdb.Error); ok {
			flags := ""
			for i, on := range []bool{e.Retryable, e.InDoubt, e.RowAccepted} {
				if on {
					flags += "rda"[i : i+1]
				}
			}
			fmt.Printf("err %v %v %s. %d %d %s\n", e.Code, e.Outcome, flags, e.HTTPStatus, e.ServerLine, e.Message)
		} else {
			fmt.Println("ok", result)
		}
	}
}
