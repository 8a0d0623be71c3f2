// Package qdbarrow sends record batches of arrow-go to QuestDB from their own memory:
//
//	options := questdb.ArrowOptions{}.Table("trades").AtColumn("time").SymbolColumns("side")
//	err := qdbarrow.Append(sender, batch, options)
//
// It is a module of its own, so that arrow-go is a dependency only of those who use it.
package qdbarrow

import (
	"context"
	"fmt"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/cdata"

	"questdb-ingress/bindings/go/questdb"
)

// Rows takes rows of Arrow: a *questdb.Sender or a *questdb.Buffer.
type Rows interface {
	AppendArrow(array, schema unsafe.Pointer, options questdb.ArrowOptions) error
	AppendArrowStream(stream unsafe.Pointer, options questdb.ArrowOptions) error
}

// Append appends the rows of a batch, as questdb.Sender.AppendArrow and questdb.Buffer.AppendArrow do. The batch stays the
// caller's: it is retained and released again, and nothing in it changes.
func Append(to Rows, batch arrow.RecordBatch, options questdb.ArrowOptions) error {
	return appendBatch(batch, func(array, schema unsafe.Pointer) error { return to.AppendArrow(array, schema, options) })
}

// AppendContext is Append to a sender; the sending, if there is any, ends with ctx.
func AppendContext(ctx context.Context, to *questdb.Sender, batch arrow.RecordBatch, options questdb.ArrowOptions) error {
	return appendBatch(batch, func(array, schema unsafe.Pointer) error {
		return to.AppendArrowContext(ctx, array, schema, options)
	})
}

func appendBatch(batch arrow.RecordBatch, appendTo func(array, schema unsafe.Pointer) error) error {
	if batch == nil {
		return appendTo(nil, nil)
	}
	var array cdata.CArrowArray
	var schema cdata.CArrowSchema
	cdata.ExportArrowRecordBatch(batch, &array, &schema)
	defer cdata.ReleaseCArrowSchema(&schema)
	return appendTo(unsafe.Pointer(&array), unsafe.Pointer(&schema))
}

// AppendReader appends the rows of all batches of a reader, as questdb.Sender.AppendArrowStream and
// questdb.Buffer.AppendArrowStream do. The reader stays the caller's, who releases it. An error of the reader is in the chain of
// the error that is returned, beside the *questdb.Error; a panic of the reader goes on when the call has ended.
func AppendReader(to Rows, reader array.RecordReader, options questdb.ArrowOptions) error {
	return appendReader(reader, func(stream unsafe.Pointer) error { return to.AppendArrowStream(stream, options) })
}

// AppendReaderContext is AppendReader to a sender; the sending, if there is any, ends with ctx.
func AppendReaderContext(ctx context.Context, to *questdb.Sender, reader array.RecordReader, options questdb.ArrowOptions) error {
	return appendReader(reader, func(stream unsafe.Pointer) error { return to.AppendArrowStreamContext(ctx, stream, options) })
}

func appendReader(reader array.RecordReader, appendTo func(stream unsafe.Pointer) error) error {
	if reader == nil {
		return appendTo(nil)
	}
	guarded := &guardedReader{RecordReader: reader}
	var stream cdata.CArrowArrayStream
	cdata.ExportRecordReader(guarded, &stream)
	err := appendTo(unsafe.Pointer(&stream))
	if guarded.panicked != nil {
		panic(guarded.panicked)
	}
	if cause := guarded.Err(); err != nil && cause != nil {
		return &readerError{err, cause}
	}
	return err
}

// guardedReader is a reader whose panics do not go through the frames of C, which would never be cleaned up.
type guardedReader struct {
	array.RecordReader
	panicked any
	err      error
}

// Next returns false, and Err an error, after a panic.
func (r *guardedReader) Next() (more bool) {
	defer func() {
		if r.panicked = recover(); r.panicked != nil {
			more, r.err = false, fmt.Errorf("the reader panicked: %v", r.panicked)
		}
	}()
	return r.panicked == nil && r.RecordReader.Next()
}

// Err returns the reader's error.
func (r *guardedReader) Err() error {
	if r.err != nil {
		return r.err
	}
	return r.RecordReader.Err()
}

// readerError is the error of a call whose reader failed.
type readerError struct{ call, cause error }

// Error returns the message of the call's error, which quotes the reader's.
func (e *readerError) Error() string { return e.call.Error() }

// Unwrap returns the call's error and the reader's.
func (e *readerError) Unwrap() []error { return []error{e.call, e.cause} }
