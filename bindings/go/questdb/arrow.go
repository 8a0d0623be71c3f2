package questdb

/*
#include "helpers.h"
*/
import "C"

import (
	"context"
	"time"
	"unsafe"
)

// ArrowSymbols says which texts of a batch of Apache Arrow become symbols; all others become strings.
type ArrowSymbols uint32

// The choices of symbols.
const (
	// DictionariesAsSymbols are the columns that are dictionaries, the default.
	DictionariesAsSymbols ArrowSymbols = C.QUESTDB_ARROW_SYMBOLS_DICTIONARIES
	// TextsAsSymbols are all columns of texts.
	TextsAsSymbols ArrowSymbols = C.QUESTDB_ARROW_SYMBOLS_TEXTS
	// ListedAsSymbols are the columns that SymbolColumns and SymbolColumnPositions name.
	ListedAsSymbols ArrowSymbols = C.QUESTDB_ARROW_SYMBOLS_LISTED
)

// ArrowOptions say what the columns of a batch are to QuestDB. A table and a timestamp have to be chosen:
//
//	options := questdb.ArrowOptions{}.Table("trades").AtColumn("time").SymbolColumns("side")
//
// Each method returns options with one choice more and leaves its receiver as it is, so that options can be shared by any
// number of goroutines. They hold nothing of C; a choice that is wrong is an error of the call that appends. Columns are chosen
// by name, of several of one name the first, or by position, counted from 0.
type ArrowOptions struct{ choices []arrowChoice }

type arrowChoice func(options *C.questdb_arrow_options) error

func (o ArrowOptions) with(choice arrowChoice) ArrowOptions {
	// The full length as capacity makes append copy, so that options which begin alike do not share what follows.
	return ArrowOptions{append(o.choices[:len(o.choices):len(o.choices)], choice)}
}

// Table sends all rows to one table.
func (o ArrowOptions) Table(name string) ArrowOptions {
	return o.with(func(options *C.questdb_arrow_options) error {
		data, size := text(name)
		return taken(C.questdb_arrow_options_table(options, data, size))
	})
}

// TableColumn sends each row to the table that a column of texts names; the column itself is not sent.
func (o ArrowOptions) TableColumn(name string) ArrowOptions {
	return o.with(func(options *C.questdb_arrow_options) error {
		data, size := columnName(name)
		return taken(C.questdb_arrow_options_table_column(options, data, size, 0))
	})
}

// TableColumnPosition is TableColumn by position.
func (o ArrowOptions) TableColumnPosition(position int) ArrowOptions {
	return o.with(func(options *C.questdb_arrow_options) error {
		return taken(C.questdb_arrow_options_table_column(options, nil, 0, C.size_t(position)))
	})
}

// Symbols chooses which texts become symbols, and forgets the columns that were listed.
func (o ArrowOptions) Symbols(symbols ArrowSymbols) ArrowOptions {
	return o.with(func(options *C.questdb_arrow_options) error {
		return taken(C.questdb_arrow_options_symbols(options, C.uint32_t(symbols)))
	})
}

// SymbolColumns adds columns of texts to the list of those that become symbols; columns that are not listed no longer do.
func (o ArrowOptions) SymbolColumns(names ...string) ArrowOptions {
	for _, name := range names {
		name := name
		o = o.with(func(options *C.questdb_arrow_options) error {
			data, size := columnName(name)
			return taken(C.questdb_arrow_options_symbol_column(options, data, size, 0))
		})
	}
	return o
}

// SymbolColumnPositions is SymbolColumns by position.
func (o ArrowOptions) SymbolColumnPositions(positions ...int) ArrowOptions {
	for _, position := range positions {
		position := position
		o = o.with(func(options *C.questdb_arrow_options) error {
			return taken(C.questdb_arrow_options_symbol_column(options, nil, 0, C.size_t(position)))
		})
	}
	return o
}

// AtColumn takes the designated timestamps from a column of the type timestamp or date; the column itself is not sent. Rows
// without a value get the server's time.
func (o ArrowOptions) AtColumn(name string) ArrowOptions {
	return o.with(func(options *C.questdb_arrow_options) error {
		data, size := columnName(name)
		return taken(C.questdb_arrow_options_at_column(options, data, size, 0))
	})
}

// AtColumnPosition is AtColumn by position.
func (o ArrowOptions) AtColumnPosition(position int) ArrowOptions {
	return o.with(func(options *C.questdb_arrow_options) error {
		return taken(C.questdb_arrow_options_at_column(options, nil, 0, C.size_t(position)))
	})
}

// At gives all rows the same designated timestamp, as Row.At does.
func (o ArrowOptions) At(t time.Time) ArrowOptions {
	value, isNanos, e := timestamp(t)
	if e != nil {
		return o.with(func(*C.questdb_arrow_options) error { return e })
	}
	if isNanos {
		return o.AtNanos(value)
	}
	return o.AtMicros(value)
}

// AtNanos is At in nanoseconds since 1970.
func (o ArrowOptions) AtNanos(nanos int64) ArrowOptions { return o.stamped(StampNanos, nanos) }

// AtMicros is At in microseconds since 1970.
func (o ArrowOptions) AtMicros(micros int64) ArrowOptions { return o.stamped(StampMicros, micros) }

// AtNow lets the server set the designated timestamps when it receives the rows.
func (o ArrowOptions) AtNow() ArrowOptions { return o.stamped(StampNow, 0) }

func (o ArrowOptions) stamped(stamp Stamp, value int64) ArrowOptions {
	return o.with(func(options *C.questdb_arrow_options) error {
		return taken(C.questdb_arrow_options_at(options, C.uint32_t(stamp), C.int64_t(value)))
	})
}

// made makes the options in C, for one call.
func (o ArrowOptions) made() (*C.questdb_arrow_options, error) {
	var options *C.questdb_arrow_options
	err := taken(C.questdb_arrow_options_new(&options))
	for i := 0; err == nil && i < len(o.choices); i++ {
		err = o.choices[i](options)
	}
	if err != nil {
		C.questdb_arrow_options_free(options)
		return nil, err
	}
	return options, nil
}

// emptyName is where a name without bytes lies: C would take NULL for the choice of a position.
var emptyName [1]C.char

// columnName is text for the name of a column, which may be empty.
func columnName(name string) (*C.char, C.size_t) {
	if name == "" {
		return &emptyName[0], 0
	}
	return text(name)
}

// arrowData is what C takes over: a batch or a stream. Exactly one call of append or refuse takes it.
type arrowData struct {
	array  *C.struct_ArrowArray
	schema *C.struct_ArrowSchema
	stream *C.struct_ArrowArrayStream
	// streamed tells which of them it is, also where the pointers are NULL.
	streamed bool
}

func arrowBatch(array, schema unsafe.Pointer) arrowData {
	return arrowData{array: (*C.struct_ArrowArray)(array), schema: (*C.struct_ArrowSchema)(schema)}
}

func arrowStream(stream unsafe.Pointer) arrowData {
	return arrowData{stream: (*C.struct_ArrowArrayStream)(stream), streamed: true}
}

// append appends the rows to the sender, or to the buffer if there is no sender.
func (d arrowData) append(b *Buffer, options *C.questdb_arrow_options) *C.questdb_error {
	switch {
	case b.sender != nil && d.streamed:
		return C.questdb_sender_arrow_stream(b.sender, d.stream, options)
	case b.sender != nil:
		return C.questdb_sender_arrow(b.sender, d.array, d.schema, options)
	case d.streamed:
		return C.questdb_buffer_arrow_stream(b.handle, d.stream, options)
	default:
		return C.questdb_buffer_arrow(b.handle, d.array, d.schema, options)
	}
}

// refuse releases the rows where they cannot be appended: C does so when it is given no buffer. It returns the reason.
func (d arrowData) refuse(reason error) error {
	e := d.append(&Buffer{}, nil)
	C.questdb_error_free(e)
	return reason
}

// AppendArrow appends a batch of Apache Arrow from its own memory and releases it. The arguments are the addresses of a struct
// ArrowArray of the type struct, with a child for each column, and of its ArrowSchema, as every library of Arrow exports them;
// with arrow-go, the package qdbarrow does so. The rows are appended piece by piece and sent each time that a limit of auto-flush
// is reached; after an error, Error.RowsAccepted says how many were taken. If a row is wrong and none was sent, none is taken.
//
// The array is taken, whatever the call returns: its release callback is called exactly once. The schema is only read. Both
// must be what Arrow's C data interface says: lengths of memory cannot be checked.
func (s *Sender) AppendArrow(array, schema unsafe.Pointer, options ArrowOptions) error {
	return s.buffer().appendArrow(none, arrowBatch(array, schema), options)
}

// AppendArrowContext is AppendArrow; the sending, if there is any, ends with ctx.
func (s *Sender) AppendArrowContext(ctx context.Context, array, schema unsafe.Pointer, options ArrowOptions) error {
	return s.buffer().appendArrow(ctx, arrowBatch(array, schema), options)
}

// AppendArrowStream appends all batches of a stream, each as AppendArrow does, and releases it. The argument is the address of
// a struct ArrowArrayStream. Error.RowsAccepted counts the rows of all batches.
func (s *Sender) AppendArrowStream(stream unsafe.Pointer, options ArrowOptions) error {
	return s.buffer().appendArrow(none, arrowStream(stream), options)
}

// AppendArrowStreamContext is AppendArrowStream; the sending, if there is any, ends with ctx.
func (s *Sender) AppendArrowStreamContext(ctx context.Context, stream unsafe.Pointer, options ArrowOptions) error {
	return s.buffer().appendArrow(ctx, arrowStream(stream), options)
}

// AppendArrow appends a batch of Apache Arrow, as Sender.AppendArrow does: all of its rows or none, and it sends none.
func (b *Buffer) AppendArrow(array, schema unsafe.Pointer, options ArrowOptions) error {
	return b.appendArrow(none, arrowBatch(array, schema), options)
}

// AppendArrowStream appends all batches of a stream: all of their rows or none. See AppendArrow.
func (b *Buffer) AppendArrowStream(stream unsafe.Pointer, options ArrowOptions) error {
	return b.appendArrow(none, arrowStream(stream), options)
}

func (b *Buffer) appendArrow(ctx context.Context, data arrowData, options ArrowOptions) error {
	if b == nil || !b.enter() {
		return data.refuse(b.refusal())
	}
	defer b.leave()
	made, err := options.made()
	if err != nil {
		return data.refuse(err)
	}
	defer C.questdb_arrow_options_free(made)
	watching := b.sender != nil && watched(ctx)
	if watching && ctx.Err() != nil {
		return data.refuse(ended(ctx))
	}
	b.forget()
	if watching {
		b.watch(ctx)
	}
	failed := data.append(b, made)
	if watching {
		b.unwatch()
	}
	if failed == nil {
		return nil
	}
	return takeWith(ctx, failed)
}
