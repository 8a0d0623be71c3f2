package questdb

/*
#include "questdb_ingress.h"
*/
import "C"

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// Code tells what kind of thing went wrong. Read a number that you do not know as Internal.
type Code uint32

// The codes.
const (
	InvalidArgument  Code = C.QUESTDB_ERROR_CODE_INVALID_ARGUMENT
	InvalidState     Code = C.QUESTDB_ERROR_CODE_INVALID_STATE
	InvalidName      Code = C.QUESTDB_ERROR_CODE_INVALID_NAME
	InvalidUTF8      Code = C.QUESTDB_ERROR_CODE_INVALID_UTF8
	InvalidTimestamp Code = C.QUESTDB_ERROR_CODE_INVALID_TIMESTAMP
	InvalidArray     Code = C.QUESTDB_ERROR_CODE_INVALID_ARRAY
	InvalidDecimal   Code = C.QUESTDB_ERROR_CODE_INVALID_DECIMAL
	ProtocolVersion  Code = C.QUESTDB_ERROR_CODE_PROTOCOL_VERSION
	LimitExceeded    Code = C.QUESTDB_ERROR_CODE_LIMIT_EXCEEDED
	OutOfMemory      Code = C.QUESTDB_ERROR_CODE_OUT_OF_MEMORY
	BadConfig        Code = C.QUESTDB_ERROR_CODE_CONFIG
	CouldNotResolve  Code = C.QUESTDB_ERROR_CODE_COULD_NOT_RESOLVE
	Connection       Code = C.QUESTDB_ERROR_CODE_CONNECTION
	Timeout          Code = C.QUESTDB_ERROR_CODE_TIMEOUT
	TLS              Code = C.QUESTDB_ERROR_CODE_TLS
	Auth             Code = C.QUESTDB_ERROR_CODE_AUTH
	NotQuestDB       Code = C.QUESTDB_ERROR_CODE_NOT_QUESTDB
	Rejected         Code = C.QUESTDB_ERROR_CODE_REJECTED
	PayloadTooLarge  Code = C.QUESTDB_ERROR_CODE_PAYLOAD_TOO_LARGE
	Unavailable      Code = C.QUESTDB_ERROR_CODE_UNAVAILABLE
	HandlePoisoned   Code = C.QUESTDB_ERROR_CODE_HANDLE_POISONED
	Internal         Code = C.QUESTDB_ERROR_CODE_INTERNAL
	Cancelled        Code = C.QUESTDB_ERROR_CODE_CANCELLED
)

// String returns the name that the library gives the code, such as INVALID_NAME.
func (c Code) String() string { return C.GoString(C.questdb_error_code_name(C.uint32_t(c))) }

// Outcome tells what is known about the data after a flush that failed. Read a number that you do not know as
// OutcomeInDoubt.
type Outcome uint32

// The outcomes.
const (
	OutcomeNotSent   Outcome = C.QUESTDB_OUTCOME_NOT_SENT
	OutcomeRejected  Outcome = C.QUESTDB_OUTCOME_REJECTED
	OutcomePartial   Outcome = C.QUESTDB_OUTCOME_PARTIAL
	OutcomeInDoubt   Outcome = C.QUESTDB_OUTCOME_IN_DOUBT
	OutcomeSubmitted Outcome = C.QUESTDB_OUTCOME_SUBMITTED
	OutcomeCommitted Outcome = C.QUESTDB_OUTCOME_COMMITTED
)

// String returns the name that the library gives the outcome, such as NOT_SENT.
func (o Outcome) String() string { return C.GoString(C.questdb_outcome_name(C.uint32_t(o))) }

// Stat names a number that a sender keeps.
type Stat uint32

// The numbers. All but AutoFlushWaitMillis count and never fall.
const (
	Flushes             Stat = C.QUESTDB_STAT_FLUSHES
	FailedFlushes       Stat = C.QUESTDB_STAT_FAILED_FLUSHES
	FailedAutoFlushes   Stat = C.QUESTDB_STAT_FAILED_AUTO_FLUSHES
	AutoFlushWaitMillis Stat = C.QUESTDB_STAT_AUTO_FLUSH_WAIT_MILLIS
	RowsCommitted       Stat = C.QUESTDB_STAT_ROWS_COMMITTED
	BytesCommitted      Stat = C.QUESTDB_STAT_BYTES_COMMITTED
	RowsSubmitted       Stat = C.QUESTDB_STAT_ROWS_SUBMITTED
	BytesSubmitted      Stat = C.QUESTDB_STAT_BYTES_SUBMITTED
	InDoubtAttempts     Stat = C.QUESTDB_STAT_IN_DOUBT_ATTEMPTS
	Reconnects          Stat = C.QUESTDB_STAT_RECONNECTS
	RetriesConnect      Stat = C.QUESTDB_STAT_RETRIES_CONNECT
	RetriesBroken       Stat = C.QUESTDB_STAT_RETRIES_CONNECTION
	RetriesTimeout      Stat = C.QUESTDB_STAT_RETRIES_TIMEOUT
	RetriesBusy         Stat = C.QUESTDB_STAT_RETRIES_BUSY
	RetriesByServers    Stat = C.QUESTDB_STAT_RETRIES_SERVER
)

// statCount is one more than the greatest number of a Stat.
const statCount = 15

// Error is the error of every function of this package. One that is caused by the end of a context says so to errors.Is:
// context.Canceled or context.DeadlineExceeded.
type Error struct {
	// Code says what went wrong, by what the program would do about it.
	Code Code
	// Outcome says what is known about the rows that the call was to send.
	Outcome Outcome
	// Message is one line for people. It never holds a secret.
	Message string
	// Retryable says that the same call may succeed later.
	Retryable bool
	// InDoubt says that the rows may have been stored; sending them again may duplicate them.
	InDoubt bool
	// RowAccepted says that the row is kept and only the automatic flush after it failed. Do not add it again.
	RowAccepted bool
	// RowsAccepted is how many rows of Arrow the sender had taken: they were sent or are in its buffer. Go on with the row
	// after them.
	RowsAccepted uint64
	// EarlierRowsInDoubt is how many rows of earlier flushes, which succeeded, may be lost (TCP).
	EarlierRowsInDoubt uint64
	// Attempts counts the attempts of the flush, InDoubtAttempts those that sent everything without learning its fate.
	Attempts, InDoubtAttempts int
	// HTTPStatus is the status of the last answer, 0 without one.
	HTTPStatus int
	// RetryAfter is how long the server asked to wait, negative if it did not.
	RetryAfter time.Duration
	// ServerLine is the number of the first refused row, counted from 1, 0 where unknown: RemoveRows takes it.
	ServerLine uint64
	// Table, ServerErrorID and ServerCode are empty where unknown.
	Table, ServerErrorID, ServerCode string
	// BytesSent is how many bytes of the rows the last attempt gave to the kernel.
	BytesSent uint64
	// Elapsed is how long the flush took.
	Elapsed time.Duration

	cause error
}

// Error returns the message, with what is known about rows in doubt.
func (e *Error) Error() string {
	if e.EarlierRowsInDoubt > 0 {
		return fmt.Sprintf("%v (%v, %d earlier rows in doubt): %s", e.Code, e.Outcome, e.EarlierRowsInDoubt, e.Message)
	}
	return fmt.Sprintf("%v (%v): %s", e.Code, e.Outcome, e.Message)
}

// Unwrap returns the error of the context that ended the call, nil if none did.
func (e *Error) Unwrap() error { return e.cause }

// problem is an error of this package itself: nothing was sent, nothing changed.
func problem(code Code, message string) *Error {
	return &Error{Code: code, Outcome: OutcomeNotSent, Message: message, RetryAfter: -time.Millisecond}
}

// ended is the error of a call that did not begin, because its context had ended.
func ended(ctx context.Context) *Error {
	e := problem(Cancelled, "the context had ended before the call: "+ctx.Err().Error())
	e.Retryable, e.cause = true, ctx.Err()
	return e
}

// asError keeps a nil *Error from becoming an error that is not nil.
func asError(e *Error) error {
	if e == nil {
		return nil
	}
	return e
}

// taken turns an error of C into one of Go, and nil into nil.
func taken(error *C.questdb_error) error {
	if error == nil {
		return nil
	}
	return take(error)
}

func take(e *C.questdb_error) *Error {
	defer C.questdb_error_free(e)
	result := &Error{
		Code:               Code(C.questdb_error_get_code(e)),
		Outcome:            Outcome(C.questdb_error_outcome(e)),
		Message:            C.GoString(C.questdb_error_message(e)),
		Retryable:          bool(C.questdb_error_retryable(e)),
		InDoubt:            bool(C.questdb_error_in_doubt(e)),
		RowAccepted:        bool(C.questdb_error_row_accepted(e)),
		RowsAccepted:       uint64(C.questdb_error_rows_accepted(e)),
		EarlierRowsInDoubt: uint64(C.questdb_error_earlier_rows_in_doubt(e)),
		Attempts:           int(C.questdb_error_attempts(e)),
		InDoubtAttempts:    int(C.questdb_error_in_doubt_attempts(e)),
		HTTPStatus:         int(C.questdb_error_http_status(e)),
		RetryAfter:         time.Duration(C.questdb_error_retry_after_millis(e)) * time.Millisecond,
		ServerLine:         uint64(C.questdb_error_server_line(e)),
		Table:              C.GoString(C.questdb_error_table(e)),
		ServerErrorID:      C.GoString(C.questdb_error_server_error_id(e)),
		ServerCode:         C.GoString(C.questdb_error_server_code(e)),
		BytesSent:          uint64(C.questdb_error_bytes_sent(e)),
		Elapsed:            time.Duration(C.questdb_error_elapsed_millis(e)) * time.Millisecond,
	}
	if result.Code == Cancelled {
		result.cause = context.Canceled
	}
	return result
}

// firstError keeps the first error that is set, for any number of goroutines. An atomic.Pointer would do the same, and put
// every Row on the heap.
type firstError struct {
	state atomic.Uint32 // 0: there is no error; 1: one is being set; 2: it can be read
	err   *Error
}

func (f *firstError) set(e *Error) {
	if f.state.CompareAndSwap(0, 1) {
		f.err = e
		f.state.Store(2)
	}
}

func (f *firstError) isSet() bool { return f.state.Load() != 0 }

func (f *firstError) get() *Error {
	switch f.state.Load() {
	case 0:
		return nil
	case 1:
		return problem(InvalidState, "another goroutine is setting the error")
	default:
		return f.err
	}
}
