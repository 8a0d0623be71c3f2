//go:build go1.24

package questdb

// The row path neither keeps pointers nor calls back into Go. Telling cgo so saves the strings from the heap.

/*
#cgo noescape begin_row
#cgo nocallback begin_row
#cgo noescape doubles
#cgo nocallback doubles
#cgo noescape questdb_buffer_symbol
#cgo nocallback questdb_buffer_symbol
#cgo noescape questdb_buffer_column_bool
#cgo nocallback questdb_buffer_column_bool
#cgo noescape questdb_buffer_column_i64
#cgo nocallback questdb_buffer_column_i64
#cgo noescape questdb_buffer_column_f64
#cgo nocallback questdb_buffer_column_f64
#cgo noescape questdb_buffer_column_str
#cgo nocallback questdb_buffer_column_str
#cgo noescape questdb_buffer_column_ts_micros
#cgo nocallback questdb_buffer_column_ts_micros
#cgo noescape questdb_buffer_column_ts_nanos
#cgo nocallback questdb_buffer_column_ts_nanos
#cgo noescape questdb_buffer_column_dec_str
#cgo nocallback questdb_buffer_column_dec_str
#cgo noescape questdb_buffer_column_dec_i64
#cgo nocallback questdb_buffer_column_dec_i64
#cgo noescape questdb_buffer_column_dec
#cgo nocallback questdb_buffer_column_dec
#cgo noescape questdb_buffer_column_dec_i128
#cgo nocallback questdb_buffer_column_dec_i128
#cgo noescape questdb_buffer_at_nanos
#cgo nocallback questdb_buffer_at_nanos
#cgo noescape questdb_buffer_at_micros
#cgo nocallback questdb_buffer_at_micros
#cgo noescape questdb_sender_at_now
#cgo nocallback questdb_sender_at_now
#cgo noescape questdb_buffer_append_row
#cgo nocallback questdb_buffer_append_row
#cgo noescape questdb_sender_at_nanos
#cgo nocallback questdb_sender_at_nanos
#cgo noescape questdb_sender_at_micros
#cgo nocallback questdb_sender_at_micros
#cgo noescape questdb_sender_append_row
#cgo nocallback questdb_sender_append_row
#include "helpers.h"
*/
import "C"
