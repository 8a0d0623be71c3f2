package trades

/*
#cgo CFLAGS: -I${SRCDIR}/../../../include
#cgo LDFLAGS: -lquestdb_receiver
#include <stdlib.h>
#include "questdb_receiver.h"
*/
import "C"

import (
	"encoding/json"
	"errors"
	"testing"
	"time"
	"unsafe"
)

// receiver is a server that takes rows as QuestDB does, in the process of the test. It is not in the file of the test, because
// go test allows no cgo there.
type receiver struct {
	t      testing.TB
	handle *C.questdb_receiver
}

// startReceiver starts a receiver on free ports, which ends with the test.
func startReceiver(t testing.TB) receiver {
	r := receiver{t: t}
	r.check(C.questdb_receiver_start(nil, 0, &r.handle))
	t.Cleanup(func() { C.questdb_receiver_free(r.handle) })
	return r
}

// conf returns the connection string for a client.
func (r receiver) conf() string {
	return C.GoString(C.questdb_receiver_conf(r.handle, C.QUESTDB_RECEIVER_LISTENER_HTTP))
}

// rows waits until a table has so many rows, and returns them.
func (r receiver) rows(table string, count int) []map[string]any {
	name := C.CString(table)
	defer C.free(unsafe.Pointer(name))
	wait := C.uint64_t(10 * time.Second / time.Millisecond)
	r.check(C.questdb_receiver_wait_for_rows(r.handle, name, C.size_t(len(table)), C.size_t(count), wait))
	var text *C.questdb_receiver_text
	r.check(C.questdb_receiver_table_json(r.handle, name, C.size_t(len(table)), &text))
	defer C.questdb_receiver_text_free(text)
	var found struct{ Rows []map[string]any }
	if err := json.Unmarshal([]byte(C.GoString(C.questdb_receiver_text_data(text))), &found); err != nil {
		r.t.Fatal(err)
	}
	return found.Rows
}

func (r receiver) check(failed *C.questdb_receiver_error) {
	if failed != nil {
		err := errors.New(C.GoString(C.questdb_receiver_error_message(failed)))
		C.questdb_receiver_error_free(failed)
		r.t.Fatal(err)
	}
}
