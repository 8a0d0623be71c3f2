package questdb

import (
	"fmt"
	"math"
	"time"
)

// nanosOf returns the nanoseconds since 1970; false if they do not fit: before 1677-09-21 or after 2262-04-11.
func nanosOf(t time.Time) (int64, bool) {
	nanos := t.UnixNano() // UnixNano wraps silently, which gives another time
	return nanos, time.Unix(0, nanos).Equal(t)
}

// microsOf returns the microseconds since 1970, cut towards the past; false if they do not fit.
func microsOf(t time.Time) (int64, bool) {
	micros := t.UnixMicro()
	rest := t.Sub(time.UnixMicro(micros))
	return micros, rest >= 0 && rest < time.Microsecond
}

// noTime says that a time does not fit; unit is "nanoseconds" or "microseconds".
func noTime(t time.Time, unit string) *Error {
	if t.IsZero() {
		return problem(InvalidTimestamp, "the zero time.Time is no timestamp; leave the column out for NULL")
	}
	return problem(InvalidTimestamp, fmt.Sprintf("year %d does not fit the 64 bits of %s since 1970", t.Year(), unit))
}

// timestamp returns nanoseconds where they fit, otherwise microseconds.
func timestamp(t time.Time) (value int64, isNanos bool, e *Error) {
	if nanos, ok := nanosOf(t); ok {
		return nanos, true, nil
	}
	if micros, ok := microsOf(t); ok && !t.IsZero() {
		return micros, false, nil
	}
	return 0, false, noTime(t, "microseconds")
}

// inUnit returns the time in the unit of a column or a stamp.
func inUnit(t time.Time, nanos bool) (int64, *Error) {
	if t.IsZero() {
		return 0, noTime(t, "")
	}
	if nanos {
		if value, ok := nanosOf(t); ok {
			return value, nil
		}
		return 0, noTime(t, "nanoseconds")
	}
	if value, ok := microsOf(t); ok {
		return value, nil
	}
	return 0, noTime(t, "microseconds")
}

// millis rounds up: less than a millisecond is one, and what is negative is none.
func millis(d time.Duration) uint64 {
	if d <= 0 {
		return 0
	}
	whole := uint64(d / time.Millisecond)
	if d%time.Millisecond != 0 && whole < math.MaxInt64 {
		whole++
	}
	return whole
}
