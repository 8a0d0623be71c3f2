package questdb.ingress;

/** The error of every call: what went wrong, and what is known about the data. */
public final class QuestDbException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** What kind of thing went wrong. In the order of their numbers, from 1. */
    public enum Code {
        INVALID_ARGUMENT, INVALID_STATE, INVALID_NAME, INVALID_UTF8, INVALID_TIMESTAMP, INVALID_ARRAY, INVALID_DECIMAL,
        PROTOCOL_VERSION, LIMIT_EXCEEDED, OUT_OF_MEMORY, CONFIG, COULD_NOT_RESOLVE, CONNECTION, TIMEOUT, TLS, AUTH,
        NOT_QUESTDB, REJECTED, PAYLOAD_TOO_LARGE, UNAVAILABLE, HANDLE_POISONED, INTERNAL
    }

    /** What is known about the data after a flush that failed. In the order of their numbers, from 1. */
    public enum Outcome {
        NOT_SENT, REJECTED, PARTIAL, IN_DOUBT, SUBMITTED, COMMITTED
    }

    private final Code code;
    private final Outcome outcome;
    private final boolean retryable;
    private final boolean inDoubt;
    private final boolean rowAccepted;
    private final int attempts;
    private final int httpStatus;
    private final long retryAfterMillis;
    private final long serverLine;
    private final String table;
    private final String serverErrorId;

    private QuestDbException(long error) {
        super(Native.C.text(Native.C.questdb_error_message(error)));
        Native c = Native.C;
        int number = c.questdb_error_get_code(error);
        // A newer library may know more codes and outcomes than this class.
        code = number >= 1 && number <= Code.values().length ? Code.values()[number - 1] : Code.INTERNAL;
        number = c.questdb_error_outcome(error);
        outcome = number >= 1 && number <= Outcome.values().length ? Outcome.values()[number - 1] : Outcome.IN_DOUBT;
        retryable = c.questdb_error_retryable(error);
        inDoubt = c.questdb_error_in_doubt(error);
        rowAccepted = c.questdb_error_row_accepted(error);
        attempts = c.questdb_error_attempts(error);
        httpStatus = c.questdb_error_http_status(error);
        retryAfterMillis = c.questdb_error_retry_after_millis(error);
        serverLine = c.questdb_error_server_line(error);
        table = c.text(c.questdb_error_table(error));
        serverErrorId = c.text(c.questdb_error_server_error_id(error));
    }

    /** Throws what C returned, unless that is NULL. */
    static void check(long error) {
        if (error != 0) {
            raise(error);
        }
    }

    private static void raise(long error) {
        try {
            throw new QuestDbException(error);
        } finally {
            Native.C.questdb_error_free(error);
        }
    }

    public Code code() {
        return code;
    }

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

    /** Whether the row is kept, because only the automatic flush after it failed. */
    public boolean rowAccepted() {
        return rowAccepted;
    }

    public int attempts() {
        return attempts;
    }

    /** Of the last answer; 0 without one. */
    public int httpStatus() {
        return httpStatus;
    }

    /** What the server asked for; -1 if it did not. */
    public long retryAfterMillis() {
        return retryAfterMillis;
    }

    /** The number of the first refused row, from 1; 0 where unknown. */
    public long serverLine() {
        return serverLine;
    }

    /** The table that the error is about; empty where unknown. */
    public String table() {
        return table;
    }

    /** The server's id of the error, also found in its log; empty without one. */
    public String serverErrorId() {
        return serverErrorId;
    }
}
