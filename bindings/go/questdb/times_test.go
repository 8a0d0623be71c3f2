package questdb

import (
	"context"
	"math"
	"testing"
	"time"
)

// Every conversion of a time.Time: the right value, or InvalidTimestamp.
func TestTimes(t *testing.T) {
	firstNanos, lastNanos := time.Unix(0, math.MinInt64).UTC(), time.Unix(0, math.MaxInt64).UTC()
	lastMicros := time.UnixMicro(math.MaxInt64).UTC()
	for _, c := range []struct {
		time time.Time
		// These are what a column and a designated timestamp become, in the text of version 2; "" means InvalidTimestamp.
		column, at string
	}{
		{time.Time{}, "", ""},
		{time.Time{}.Local(), "", ""},
		{time.Unix(0, 0), "0n", "0n"},
		{time.Unix(1, 2), "1000000002n", "1000000002n"},
		{time.Unix(-1, 1), "-999999999n", ""},
		{firstNanos.Add(1), "-9223372036854775807n", ""},
		{firstNanos.Add(-1), "-9223372036854776t", ""},
		{lastNanos, "9223372036854775807n", "9223372036854775807n"},
		{lastNanos.Add(1), "9223372036854775t", "9223372036854775t"},
		{time.Date(2300, 1, 1, 0, 0, 0, 999, time.UTC), "10413792000000000t", "10413792000000000t"},
		{time.Date(2600, 1, 1, 0, 0, 0, 0, time.UTC), "19880899200000000t", "19880899200000000t"},
		{time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC), "253402300799999999t", "253402300799999999t"},
		{time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC), "-62135596799999999t", ""},
		{lastMicros, "9223372036854775807t", "9223372036854775807t"},
		{lastMicros.Add(time.Microsecond), "", ""},
		{time.Date(-400000, 1, 1, 0, 0, 0, 0, time.UTC), "", ""},
		{time.Unix(math.MaxInt64, 0), "", ""},
		{time.Unix(math.MinInt64, 0), "", ""},
	} {
		b, err := NewBuffer(2)
		must(t, err)
		if err := b.Row("t").Time("c", c.time).AtNow(); c.column == "" {
			mustCode(t, err, InvalidTimestamp)
		} else if got := string(b.Bytes()); err != nil || got != "t c="+c.column+"\n" {
			t.Errorf("%v: %q, %v", c.time, got, err)
		}
		must(t, b.Clear())
		if err := b.Row("t").Int64("i", 1).At(c.time); c.at == "" {
			mustCode(t, err, InvalidTimestamp)
		} else if got := string(b.Bytes()); err != nil || got != "t i=1i "+c.at+"\n" {
			t.Errorf("%v: %q, %v", c.time, got, err)
		}

		// Columns and stamps with one unit never use the other.
		for _, kind := range []ColumnKind{Nanos, Micros} {
			unit := map[ColumnKind]string{Nanos: "n", Micros: "t"}[kind]
			want := ""
			if nanos, ok := nanosOf(c.time); kind == Nanos && ok {
				want = "t c=" + number(nanos) + "n\n"
			}
			if micros, ok := microsOf(c.time); kind == Micros && ok && !c.time.IsZero() {
				want = "t c=" + number(micros) + "t\n"
			}
			l, err := NewLayout("t", StampNow)
			must(t, err)
			must(t, l.Add("c", kind))
			must(t, b.Clear())
			l.Time(0, c.time)
			err = b.Append(l, 0)
			check := func(what string) {
				if want == "" {
					mustCode(t, err, InvalidTimestamp)
				} else if got := string(b.Bytes()); err != nil || got != want {
					t.Errorf("%s %v %s: %q, %v", what, c.time, unit, got, err)
				}
			}
			check("prepared")
			must(t, b.Clear())
			err = b.AppendColumns(l, []Column{Times([]time.Time{c.time})}, nil)
			check("columns")

			stamp := map[ColumnKind]Stamp{Nanos: StampNanos, Micros: StampMicros}[kind]
			stamped, err := NewLayout("t", stamp)
			must(t, err)
			must(t, stamped.Add("i", Int64))
			stamped.Int64(0, 1)
			must(t, b.Clear())
			err = b.AppendAt(context.Background(), stamped, c.time)
			want = ""
			if nanos, ok := nanosOf(c.time); kind == Nanos && ok && nanos >= 0 {
				want = "t i=1i " + number(nanos) + "n\n"
			}
			if micros, ok := microsOf(c.time); kind == Micros && ok && micros >= 0 {
				want = "t i=1i " + number(micros) + "t\n"
			}
			check("stamp")

			convert := map[ColumnKind]func([]time.Time) ([]int64, error){Nanos: UnixNanos, Micros: UnixMicros}[kind]
			stamps, err := convert([]time.Time{time.Unix(1, 0), c.time})
			_, fits := inUnit(c.time, kind == Nanos)
			if (fits == nil) != (err == nil) || err == nil && time.Unix(0, stamps[1]).IsZero() {
				t.Errorf("%v: %v, %v", c.time, stamps, err)
			}
		}
	}
}

// Version 1 has designated timestamps in nanoseconds only.
func TestTimesOfVersion1(t *testing.T) {
	b, err := NewBuffer(1)
	must(t, err)
	mustCode(t, b.Row("t").Int64("i", 1).At(time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC)), InvalidTimestamp)
	must(t, b.Row("t").Time("c", time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC)).At(time.Unix(1, 2)))
	if got := string(b.Bytes()); got != "t c=10413792000000000t 1000000002\n" {
		t.Error(got)
	}
}
