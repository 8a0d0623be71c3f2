package questdb.ingress;

/**
 * The error of every call: what went wrong, and what is known about the data. A call that fails changes nothing, so it can be
 * made again.
 */
public final class QuestDbException extends RuntimeException {
    private static final long serialVersionUID = 2;

    /** What kind of thing went wrong. In the order of their numbers, from 1. */
    public enum Code {
        INVALID_ARGUMENT, INVALID_STATE, INVALID_NAME, INVALID_UTF8, INVALID_TIMESTAMP, INVALID_ARRAY, INVALID_DECIMAL,
        PROTOCOL_VERSION, LIMIT_EXCEEDED, OUT_OF_MEMORY, CONFIG, COULD_NOT_RESOLVE, CONNECTION, TIMEOUT, TLS, AUTH,
        NOT_QUESTDB, REJECTED, PAYLOAD_TOO_LARGE, UNAVAILABLE, HANDLE_POISONED, INTERNAL, CANCELLED
    }

    /** What is known about the data after a flush that failed. In the order of their numbers, from 1. */
    public enum Outcome {
        NOT_SENT, REJECTED, PARTIAL, IN_DOUBT, SUBMITTED, COMMITTED
    }

    private final Code code;
    private final String codeName;
    private final Outcome outcome;
    private final boolean retryable;
    private final boolean inDoubt;
    private final boolean rowAccepted;
    private final long rowsAccepted;
    private final int attempts;
    private final int inDoubtAttempts;
    private final int httpStatus;
    private final long retryAfterMillis;
    private final long serverLine;
    private final String table;
    private final String serverCode;
    private final String serverErrorId;
    private final long bytesSent;
    private final long elapsedMillis;
    private final long earlierRowsInDoubt;
    private final long unconfirmedRows;

    private QuestDbException(long error, String message, long unconfirmed) {
        super(message);
        Rare c = Rare.C;
        int number = c.questdb_error_get_code(error);
        // A newer library may have more codes than this class.
        code = number >= 1 && number <= Code.values().length ? Code.values()[number - 1] : Code.INTERNAL;
        codeName = Native.C.text(c.questdb_error_code_name(number));
        outcome = outcome(c.questdb_error_outcome(error));
        retryable = c.questdb_error_retryable(error);
        inDoubt = c.questdb_error_in_doubt(error);
        rowAccepted = c.questdb_error_row_accepted(error);
        rowsAccepted = c.questdb_error_rows_accepted(error);
        attempts = c.questdb_error_attempts(error);
        inDoubtAttempts = c.questdb_error_in_doubt_attempts(error);
        httpStatus = c.questdb_error_http_status(error);
        retryAfterMillis = c.questdb_error_retry_after_millis(error);
        serverLine = c.questdb_error_server_line(error);
        table = Native.C.text(c.questdb_error_table(error));
        serverCode = Native.C.text(c.questdb_error_server_code(error));
        serverErrorId = Native.C.text(c.questdb_error_server_error_id(error));
        bytesSent = c.questdb_error_bytes_sent(error);
        elapsedMillis = c.questdb_error_elapsed_millis(error);
        earlierRowsInDoubt = c.questdb_error_earlier_rows_in_doubt(error);
        unconfirmedRows = unconfirmed;
    }

    private QuestDbException(Code code, String message, long unconfirmed) {
        super(message);
        this.code = code;
        codeName = code.name();
        outcome = Outcome.NOT_SENT;
        retryable = false;
        inDoubt = false;
        rowAccepted = false;
        rowsAccepted = 0;
        attempts = 0;
        inDoubtAttempts = 0;
        httpStatus = 0;
        retryAfterMillis = -1;
        serverLine = 0;
        table = "";
        serverCode = "";
        serverErrorId = "";
        bytesSent = 0;
        elapsedMillis = 0;
        earlierRowsInDoubt = 0;
        unconfirmedRows = unconfirmed;
    }

    /** An error that was found before C was called. */
    static QuestDbException invalid(Code code, String message) {
        return new QuestDbException(code, message, 0);
    }

    /** As {@link #invalid}, of a close that leaves rows behind. */
    static QuestDbException unconfirmed(String message, long rows) {
        return new QuestDbException(Code.INVALID_STATE, message, rows);
    }

    /** Throws what C returned, unless that is NULL. */
    static void check(long error) {
        if (error != 0) {
            throw taken(error, 0);
        }
    }

    /** What C's number means. A newer library may have more than this class. */
    static Outcome outcome(int number) {
        return number >= 1 && number <= Outcome.values().length ? Outcome.values()[number - 1] : Outcome.IN_DOUBT;
    }

    /** The exception for an error of C, which is freed. */
    static QuestDbException taken(long error, long unconfirmed) {
        return taken(error, Native.C.text(Rare.C.questdb_error_message(error)), unconfirmed);
    }

    /** As {@link #taken(long, long)}, for a submit that did not wait in C and so was told of 0 ms. */
    static QuestDbException noRoom(long error, long millis) {
        String message = Native.C.text(Rare.C.questdb_error_message(error));
        return taken(error, message.replaceFirst("within 0 ms", "within " + millis + " ms"), 0);
    }

    private static QuestDbException taken(long error, String message, long unconfirmed) {
        try {
            return new QuestDbException(error, message, unconfirmed);
        } finally {
            Rare.C.questdb_error_free(error);
        }
    }

    /** Returns what went wrong, by what the program would do about it. */
    public Code code() {
        return code;
    }

    /** Returns the name of the code in C, also of one that is newer than this class, whose {@link #code} is INTERNAL. */
    public String codeName() {
        return codeName;
    }

    /** Returns what is known about the rows that the call was to send. */
    public Outcome outcome() {
        return outcome;
    }

    /** Whether the same call may succeed later. */
    public boolean retryable() {
        return retryable;
    }

    /** Whether the data may have been stored, so that sending it again may duplicate rows. */
    public boolean inDoubt() {
        return inDoubt;
    }

    /** Whether the row is kept, because only the automatic flush after it failed: it must not be added again. */
    public boolean rowAccepted() {
        return rowAccepted;
    }

    /**
     * Returns how many rows of Arrow the sender had taken: they were sent or are in its buffer, and the caller goes on with
     * the row after them.
     */
    public long rowsAccepted() {
        return rowsAccepted;
    }

    /** Returns how many attempts the call made to send the rows; 0 where it sent nothing. */
    public int attempts() {
        return attempts;
    }

    /** Returns how many attempts sent the complete request without learning its fate. */
    public int inDoubtAttempts() {
        return inDoubtAttempts;
    }

    /** Returns the HTTP status of the last answer; 0 without one. */
    public int httpStatus() {
        return httpStatus;
    }

    /** Returns how long the server asked to wait, in milliseconds; -1 if it did not. */
    public long retryAfterMillis() {
        return retryAfterMillis;
    }

    /** Returns the number of the first refused row, from 1, as {@link Rows#removeRows} counts; 0 where unknown. */
    public long serverLine() {
        return serverLine;
    }

    /** Returns the table that the error is about; empty where unknown. */
    public String table() {
        return table;
    }

    /** Returns the server's own word for the kind of error, such as {@code invalid}; empty without one. */
    public String serverCode() {
        return serverCode;
    }

    /** Returns the server's id of the error, also found in its log; empty without one. */
    public String serverErrorId() {
        return serverErrorId;
    }

    /** Returns how many bytes of the rows the last attempt handed to the kernel. */
    public long bytesSent() {
        return bytesSent;
    }

    /** Returns the milliseconds from the start of the flush to this error. */
    public long elapsedMillis() {
        return elapsedMillis;
    }

    /** Returns how many rows of earlier flushes over TCP, reported as sent, this error puts in doubt. */
    public long earlierRowsInDoubt() {
        return earlierRowsInDoubt;
    }

    /** Returns how many complete rows {@link Sender#close} did not hand over; 0 from other calls. */
    public long unconfirmedRows() {
        return unconfirmedRows;
    }
}
