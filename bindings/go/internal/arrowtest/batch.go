// Package arrowtest makes batches and streams of Apache Arrow for the tests of this module, and counts how often they are
// released.
package arrowtest

/*
#cgo CFLAGS: -I${SRCDIR}/../../../../include
#include "batch.h"
*/
import "C"

import "unsafe"

// Batch is a batch of two rows: times "at" in microseconds, doubles "price", and the texts "side".
type Batch struct{ batch *C.struct_batch }

// New makes a batch. Free gives its memory back.
func New() Batch { return Batch{C.batch_new()} }

// Array is the address of the batch's ArrowArray.
func (b Batch) Array() unsafe.Pointer { return unsafe.Pointer(&b.batch.array) }

// Schema is the address of the batch's ArrowSchema.
func (b Batch) Schema() unsafe.Pointer { return unsafe.Pointer(&b.batch.schema) }

// Stream is the address of an ArrowArrayStream that gives the batch as often as more says, and then fails if it is told to.
func (b Batch) Stream(batches int, fails bool) unsafe.Pointer {
	C.batch_stream(b.batch, C.int(batches), C.bool(fails))
	return unsafe.Pointer(&b.batch.stream)
}

// Spoil makes the texts of the batch something that is not UTF-8.
func (b Batch) Spoil() { b.batch.spoilt = true; C.batch_fill(b.batch) }

// Released tells how often the release callbacks of the array, the schema and the stream were called.
func (b Batch) Released() (array, schema, stream int) {
	return int(b.batch.arrays), int(b.batch.schemas), int(b.batch.streams)
}

// Free gives the memory back; the addresses must no longer be used.
func (b Batch) Free() { C.free(unsafe.Pointer(b.batch)) }
