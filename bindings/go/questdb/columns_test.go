package questdb

import (
	"math"
	"math/big"
	"strings"
	"testing"
	"time"
)

func TestColumnsAreTheSameBytesAsRows(t *testing.T) {
	b, err := NewBuffer(3)
	must(t, err)
	l, err := NewLayout("t", StampNanos)
	must(t, err)
	kinds := []ColumnKind{Symbol, Symbol, Bool, Int64, Float64, String, Micros, Nanos, Float64Array, Decimal, Decimal, Micros}
	for i, kind := range kinds {
		must(t, l.Add("szbldvunaefx"[i:i+1], kind))
	}
	if l.ColumnCount() != len(kinds) {
		t.Error(l.ColumnCount())
	}
	const rows = 100
	var (
		texts    []string
		codes    []uint32
		bools    []bool
		ints, at []int64
		doubles  []float64
		times    []time.Time
		arrays   []Array
		decimals []byte
		text     []string
		valid    []bool
	)
	for i := 0; i < rows; i++ {
		texts = append(texts, strings.Repeat("é", i%7))
		codes = append(codes, uint32(i%3))
		bools = append(bools, i%2 == 0)
		ints, at = append(ints, int64(-i)), append(at, int64(i))
		doubles = append(doubles, math.Sqrt(float64(i)))
		times = append(times, time.Unix(int64(i), 5000))
		arrays = append(arrays, Array{Values: doubles[:i%5]})
		if i%5 == 4 {
			arrays[i].Shape = []int{2, 2}
		}
		decimals = append(decimals, 0xff, byte(i))
		text = append(text, "1.5")
		valid = append(valid, i%4 != 1)
	}
	times[1] = time.Time{} // which is NULL below
	columns := []Column{Texts(texts), Codes(codes, []string{"x", "y", "zz"}), Bools(bools), Int64s(ints).Valid(valid), Float64s(doubles),
		Texts(texts).Valid(valid), Times(times).Valid(valid), Int64s(ints), Arrays(arrays), Texts(text), Decimals(2, 2, decimals),
		Int64s(ints)}
	must(t, b.AppendColumns(l, columns, at))
	batch := string(b.Bytes())
	must(t, b.Clear())
	for i := 0; i < rows; i++ {
		row := b.Row("t").Symbol("s", texts[i]).Symbol("z", []string{"x", "y", "zz"}[codes[i]]).Bool("b", bools[i])
		if valid[i] {
			row.Int64("l", ints[i])
		}
		row.Float64("d", doubles[i])
		if valid[i] {
			row.String("v", texts[i]).Micros("u", times[i].UnixMicro())
		}
		row.Nanos("n", ints[i]).Float64s("a", arrays[i].Values, arrays[i].Shape...).Decimal("e", text[i])
		must(t, row.DecimalBytes("f", 2, decimals[2*i:2*i+2]).Micros("x", ints[i]).AtNanos(at[i]))
	}
	if string(b.Bytes()) != batch || b.RowCount() != rows {
		t.Fatalf("%.300q\n%.300q", batch, b.Bytes())
	}
}

func TestColumnsThatDoNotFit(t *testing.T) {
	b, err := NewBuffer(2)
	must(t, err)
	l, err := NewLayout("t", StampNanos)
	must(t, err)
	must(t, l.Add("i", Int64))
	must(t, l.Add("s", String))
	two, texts := Int64s([]int64{1, 2}), Texts([]string{"a", "b"})
	for name, call := range map[string]func() error{
		"too few columns":  func() error { return b.AppendColumns(l, []Column{two}, []int64{1, 2}) },
		"other rows":       func() error { return b.AppendColumns(l, []Column{two, Texts([]string{"a"})}, []int64{1, 2}) },
		"too few stamps":   func() error { return b.AppendColumns(l, []Column{two, texts}, []int64{1}) },
		"no stamps":        func() error { return b.AppendColumns(l, []Column{two, texts}, nil) },
		"too few validity": func() error { return b.AppendColumns(l, []Column{two, texts.Valid([]bool{true})}, []int64{1, 2}) },
		"a zero column":    func() error { return b.AppendColumns(l, []Column{two, {}}, []int64{1, 2}) },
		"another type":     func() error { return b.AppendColumns(l, []Column{two, two}, []int64{1, 2}) },
		"a code too great": func() error {
			return b.AppendColumns(l, []Column{two, Codes([]uint32{0, 1}, []string{"a"})}, []int64{1, 2})
		},
		"half a decimal":       func() error { return b.AppendColumns(l, []Column{two, Decimals(0, 0, []byte{1})}, []int64{1, 2}) },
		"a layout that is nil": func() error { return b.AppendColumns(nil, nil, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			mustCode(t, call(), InvalidArgument)
			if b.Len() != 0 {
				t.Error(b.Len())
			}
		})
	}
	mustCode(t, b.AppendColumns(l, []Column{two, Texts([]string{"a", "\xff"})}, []int64{1, 2}), InvalidUTF8)
	must(t, b.AppendColumns(l, []Column{Int64s(nil), Texts(nil)}, nil))

	server := serve(t)
	s := server.open(t, 2, "auto_flush_rows=2;")
	must(t, s.AppendColumns(l, []Column{two, texts}, []int64{1, 2}))
	if s.Pending() != 0 {
		t.Error("not flushed")
	}
	closed(t, s)
}

func TestCellsThatDoNotFit(t *testing.T) {
	b, err := NewBuffer(2)
	must(t, err)
	l, err := NewLayout("t", StampNanos)
	must(t, err)
	must(t, l.Add("i", Int64))
	for _, column := range []int{-1, 1, math.MaxInt} {
		l.Int64(0, 1)
		l.Text(column, "x")
		mustCode(t, b.Append(l, 1), InvalidArgument)
	}
	mustCode(t, b.Append(nil, 1), InvalidArgument)
	mustCode(t, l.Add("i", Int64), InvalidName)
	l.Int64(0, 1)
	must(t, b.Append(l, 1)) // the errors went away with their rows
	must(t, l.Add("s", String))
	l.Int64(0, 2)
	must(t, b.Append(l, 2))
	if got := string(b.Bytes()); got != "t i=1i 1n\nt i=2i 2n\n" {
		t.Error(got)
	}
}

func TestDecimals(t *testing.T) {
	b, err := NewBuffer(3)
	must(t, err)
	for _, value := range []string{"0", "1", "-1", "127", "128", "-128", "-129", "255", "256", "-256", "18446744073709551616", "-5"} {
		n, _ := new(big.Int).SetString(value, 10)
		must(t, b.Clear())
		must(t, b.Row("t").DecimalBig("d", 3, n).AtNow())
		got := string(b.Bytes())
		must(t, b.Clear())
		high := new(big.Int).Rsh(n, 64).Int64()
		low := new(big.Int).And(n, new(big.Int).SetUint64(math.MaxUint64)).Uint64()
		must(t, b.Row("t").DecimalInt128("d", 3, high, low).AtNow())
		if want := string(b.Bytes()); got != want {
			t.Errorf("%s: %q, %q", value, got, want)
		}
	}
	must(t, b.Clear())
	must(t, b.Row("t").Int64("i", 1).DecimalBig("d", 0, nil).DecimalBytes("e", 0, nil).Float64s("a", nil).AtNow())
	huge := new(big.Int).Lsh(big.NewInt(1), 300)
	mustCode(t, b.Row("t").DecimalBig("d", 0, huge).AtNow(), InvalidDecimal)
}

// Text that Go takes and the server does not.
func TestTextThatIsRefused(t *testing.T) {
	b, err := NewBuffer(2)
	must(t, err)
	mustCode(t, b.Row("\xff").AtNow(), InvalidUTF8)
	mustCode(t, b.Row("t").Symbol("\xff", "x").AtNow(), InvalidUTF8)
	mustCode(t, b.Row("t").Symbol("s", "\xc0\x80").AtNow(), InvalidUTF8)
	mustCode(t, b.Row("t").String("s", "\xed\xa0\x80").AtNow(), InvalidUTF8)
	mustCode(t, b.Row("t\x00").AtNow(), InvalidName)
	mustCode(t, b.Row("t").Int64("i\x00", 1).AtNow(), InvalidName)
	mustCode(t, b.Row("").AtNow(), InvalidName)
	must(t, b.Row("t").String("s", "a\x00b").AtNow())
	if _, err := Open("http::addr=localhost\x00;"); err == nil {
		t.Error("NUL in the configuration")
	}
	if _, err := Open("http::addr=localhost\xff;"); err == nil {
		t.Error("a configuration that is not UTF-8")
	}
}
