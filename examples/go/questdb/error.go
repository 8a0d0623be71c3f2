package questdb

/*
#include "questdb_ingress.h"
*/
import "C"

import (
	"fmt"
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
	Config           Code = C.QUESTDB_ERROR_CODE_CONFIG
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
)

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

func (o Outcome) String() string { return C.GoString(C.questdb_outcome_name(C.uint32_t(o))) }

// Stat names a counter of a sender.
type Stat uint32

// The counters.
const (
	Flushes          Stat = C.QUESTDB_STAT_FLUSHES
	FailedFlushes    Stat = C.QUESTDB_STAT_FAILED_FLUSHES
	RowsCommitted    Stat = C.QUESTDB_STAT_ROWS_COMMITTED
	BytesCommitted   Stat = C.QUESTDB_STAT_BYTES_COMMITTED
	RowsSubmitted    Stat = C.QUESTDB_STAT_ROWS_SUBMITTED
	BytesSubmitted   Stat = C.QUESTDB_STAT_BYTES_SUBMITTED
	InDoubtAttempts  Stat = C.QUESTDB_STAT_IN_DOUBT_ATTEMPTS
	Reconnects       Stat = C.QUESTDB_STAT_RECONNECTS
	RetriesConnect   Stat = C.QUESTDB_STAT_RETRIES_CONNECT
	RetriesBroken    Stat = C.QUESTDB_STAT_RETRIES_CONNECTION
	RetriesTimeout   Stat = C.QUESTDB_STAT_RETRIES_TIMEOUT
	RetriesBusy      Stat = C.QUESTDB_STAT_RETRIES_BUSY
	RetriesByServers Stat = C.QUESTDB_STAT_RETRIES_SERVER
)

// Error is the error of every function of this package.
type Error struct {
	Code    Code
	Outcome Outcome
	Message string
	// Retryable: the same call may succeed later.
	Retryable bool
	// InDoubt: the data may have been stored; sending it again may duplicate rows.
	InDoubt bool
	// RowAccepted: the row is kept, only the automatic flush after it failed.
	RowAccepted bool
	Attempts    int
	// HTTPStatus of the last answer, 0 without one.
	HTTPStatus int
	// RetryAfter is what the server asked for, negative if it did not.
	RetryAfter time.Duration
	// ServerLine is the number of the first refused row, counted from 1, 0 where unknown.
	ServerLine uint64
	// Table, ServerErrorID and ServerCode are empty where unknown.
	Table, ServerErrorID, ServerCode string
}

func (e *Error) Error() string { return fmt.Sprintf("%v (%v): %s", e.Code, e.Outcome, e.Message) }

// taken turns an error of C into one of Go, and nil into nil.
func taken(error *C.questdb_error) error {
	if error == nil {
		return nil
	}
	return take(error)
}

func take(e *C.questdb_error) *Error {
	defer C.questdb_error_free(e)
	return &Error{
		Code:          Code(C.questdb_error_get_code(e)),
		Outcome:       Outcome(C.questdb_error_outcome(e)),
		Message:       C.GoString(C.questdb_error_message(e)),
		Retryable:     bool(C.questdb_error_retryable(e)),
		InDoubt:       bool(C.questdb_error_in_doubt(e)),
		RowAccepted:   bool(C.questdb_error_row_accepted(e)),
		Attempts:      int(C.questdb_error_attempts(e)),
		HTTPStatus:    int(C.questdb_error_http_status(e)),
		RetryAfter:    time.Duration(C.questdb_error_retry_after_millis(e)) * time.Millisecond,
		ServerLine:    uint64(C.questdb_error_server_line(e)),
		Table:         C.GoString(C.questdb_error_table(e)),
		ServerErrorID: C.GoString(C.questdb_error_server_error_id(e)),
		ServerCode:    C.GoString(C.questdb_error_server_code(e)),
	}
}
