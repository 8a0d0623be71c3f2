using System;
using System.Text;

namespace QuestDB
{
    /// <summary>What kind of thing went wrong. Treat a number that you do not know as Internal.</summary>
    public enum ErrorCode
    {
        /// <summary>An argument is null, out of range or of the wrong length.</summary>
        InvalidArgument = 1,

        /// <summary>The call does not fit the state of the object: wrong order, wrong thread, closed.</summary>
        InvalidState = 2,

        /// <summary>A table or column name breaks the naming rules or the length limit.</summary>
        InvalidName = 3,

        /// <summary>Text is not valid UTF-8.</summary>
        InvalidUtf8 = 4,

        /// <summary>A timestamp is negative or does not fit the unit of the wire format.</summary>
        InvalidTimestamp = 5,

        /// <summary>An array has a bad shape, bad strides or too little data.</summary>
        InvalidArray = 6,

        /// <summary>A decimal is not a number, or its scale or length is out of range.</summary>
        InvalidDecimal = 7,

        /// <summary>The protocol version in use cannot express this, or client and server share no version.</summary>
        ProtocolVersion = 8,

        /// <summary>A configured limit (such as <c>max_buf_size</c>) would be exceeded.</summary>
        LimitExceeded = 9,

        /// <summary>Memory could not be allocated.</summary>
        OutOfMemory = 10,

        /// <summary>The configuration is wrong.</summary>
        Config = 11,

        /// <summary>The host name could not be resolved.</summary>
        CouldNotResolve = 12,

        /// <summary>The connection could not be made, or broke.</summary>
        Connection = 13,

        /// <summary>A deadline passed.</summary>
        Timeout = 14,

        /// <summary>TLS could not be established or was violated.</summary>
        Tls = 15,

        /// <summary>The server refused the credentials, or authentication failed.</summary>
        Auth = 16,

        /// <summary>The peer answered, but not as a QuestDB ingestion endpoint does.</summary>
        NotQuestDB = 17,

        /// <summary>The server refused the data.</summary>
        Rejected = 18,

        /// <summary>The server refused the data because the request is too large.</summary>
        PayloadTooLarge = 19,

        /// <summary>The server cannot take data now.</summary>
        Unavailable = 20,

        /// <summary>An earlier call on this handle panicked; the handle can only be freed.</summary>
        HandlePoisoned = 21,

        /// <summary>A defect of this library.</summary>
        Internal = 22,

        /// <summary>The call was cancelled from another thread; the outcome says what is known about the data.</summary>
        Cancelled = 23,
    }

    /// <summary>What is known about the data after a flush that failed. Treat a number that you do not know as InDoubt.</summary>
    public enum Outcome
    {
        /// <summary>No attempt handed a complete request to the kernel; nothing was stored. Resending is safe.</summary>
        NotSent = 1,

        /// <summary>The server refused the whole request and stored nothing.</summary>
        Rejected = 2,

        /// <summary>The server refused a request of several tables; some tables may have been stored. Resending may duplicate.</summary>
        Partial = 3,

        /// <summary>The complete request went out and no complete answer came back. Resending may duplicate.</summary>
        InDoubt = 4,

        /// <summary>TCP: the data was given to the kernel; the protocol has no acknowledgement.</summary>
        Submitted = 5,

        /// <summary>The server confirmed that the data is stored.</summary>
        Committed = 6,
    }

    /// <summary>The error of every call, except of one that was cancelled: see <see cref="SendCanceledException"/>.</summary>
    public sealed class QuestDBException : Exception
    {
        /// <summary>An error that this package found before it called the library.</summary>
        internal QuestDBException(ErrorCode code, string message) : base(message)
        {
            Code = code;
            Outcome = Outcome.NotSent;
        }

        private unsafe QuestDBException(IntPtr error, string message) : base(message)
        {
            Code = (ErrorCode)Native.questdb_error_get_code(error);
            Outcome = (Outcome)Native.questdb_error_outcome(error);
            Retryable = Native.questdb_error_retryable(error) != 0;
            InDoubt = Native.questdb_error_in_doubt(error) != 0;
            RowAccepted = Native.questdb_error_row_accepted(error) != 0;
            RowsAccepted = (long)Native.questdb_error_rows_accepted(error);
            Attempts = (int)Native.questdb_error_attempts(error);
            InDoubtAttempts = (int)Native.questdb_error_in_doubt_attempts(error);
            EarlierRowsInDoubt = (long)Native.questdb_error_earlier_rows_in_doubt(error);
            HttpStatus = (int)Native.questdb_error_http_status(error);
            var after = Native.questdb_error_retry_after_millis(error);
            RetryAfter = after < 0 ? (TimeSpan?)null : Millis((ulong)after);
            ServerLine = (long)Native.questdb_error_server_line(error);
            Table = Text(Native.questdb_error_table(error));
            ServerErrorId = Text(Native.questdb_error_server_error_id(error));
            ServerCode = Text(Native.questdb_error_server_code(error));
            BytesSent = (long)Native.questdb_error_bytes_sent(error);
            Elapsed = Millis(Native.questdb_error_elapsed_millis(error));
        }

        /// <summary>What went wrong, by what the program would do about it.</summary>
        public ErrorCode Code { get; }

        /// <summary>The name that the library gives the code, such as INVALID_NAME; also for codes that this package does not know.</summary>
        public unsafe string CodeName => Text(Native.questdb_error_code_name((uint)Code));

        /// <summary>What is known about the rows that the call was to send.</summary>
        public Outcome Outcome { get; }

        /// <summary>The name that the library gives the outcome, such as NOT_SENT.</summary>
        public unsafe string OutcomeName => Text(Native.questdb_outcome_name((uint)Outcome));

        /// <summary>Whether the same call may succeed later.</summary>
        public bool Retryable { get; }

        /// <summary>Whether the rows may have been stored, so that sending them again may duplicate them.</summary>
        public bool InDoubt { get; }

        /// <summary>Whether the row is kept and only the automatic flush after it failed. If so, do not add it again.</summary>
        public bool RowAccepted { get; }

        /// <summary>How many rows of Arrow the sender had taken: they were sent or are in its buffer. Go on with the row after them.</summary>
        public long RowsAccepted { get; }

        /// <summary>How many attempts the call made to send the rows; 0 where it sent nothing.</summary>
        public int Attempts { get; }

        /// <summary>How many attempts sent the complete request without learning its fate.</summary>
        public int InDoubtAttempts { get; }

        /// <summary>Over TCP: how many rows of earlier flushes, reported as sent, this error puts in doubt.</summary>
        public long EarlierRowsInDoubt { get; }

        /// <summary>The HTTP status of the last answer; 0 without one.</summary>
        public int HttpStatus { get; }

        /// <summary>How long the server asked to wait; null if it did not.</summary>
        public TimeSpan? RetryAfter { get; }

        /// <summary>The number of the first refused row, from 1, as RemoveRows takes it; 0 where unknown.</summary>
        public long ServerLine { get; }

        /// <summary>The table that the error is about; null where unknown.</summary>
        public string Table { get; }

        /// <summary>The server's id of the error, also found in its log; null without one.</summary>
        public string ServerErrorId { get; }

        /// <summary>The server's own word for the kind of error, such as <c>invalid</c>; null without one.</summary>
        public string ServerCode { get; }

        /// <summary>How many bytes of the rows the last attempt handed to the kernel.</summary>
        public long BytesSent { get; }

        /// <summary>The time from the start of the flush to this error.</summary>
        public TimeSpan Elapsed { get; }

        /// <summary>Throws the error that C returned, unless that is NULL.</summary>
        internal static void Check(IntPtr error)
        {
            if (error != IntPtr.Zero)
            {
                Raise(error);
            }
        }

        /// <summary>Returns the error that C returned as an object; null for NULL.</summary>
        internal static unsafe QuestDBException Take(IntPtr error)
        {
            return error == IntPtr.Zero ? null : Take(error, Text(Native.questdb_error_message(error)));
        }

        /// <summary>As Take, for a submit that did not wait in C and so was told of 0 ms.</summary>
        internal static unsafe QuestDBException NoRoom(IntPtr error, ulong millis)
        {
            var message = Text(Native.questdb_error_message(error));
            return Take(error, message.Replace("within 0 ms", $"within {millis} ms"));
        }

        private static QuestDBException Take(IntPtr error, string message)
        {
            try
            {
                return new QuestDBException(error, message);
            }
            finally
            {
                Native.questdb_error_free(error);
            }
        }

        /// <summary>Returns the exception to throw: cancelled calls end with the kind that .NET programs catch.</summary>
        internal Exception ToThrow()
        {
            return Code == ErrorCode.Cancelled ? new SendCanceledException(this) : (Exception)this;
        }

        internal static unsafe string Text(byte* text)
        {
            if (text == null)
            {
                return null;
            }
            var length = 0;
            while (text[length] != 0)
            {
                length++;
            }
            return Encoding.UTF8.GetString(text, length);
        }

        private static void Raise(IntPtr error)
        {
            throw Take(error).ToThrow();
        }

        private static TimeSpan Millis(ulong millis) =>
            TimeSpan.FromTicks((long)Math.Min(millis, (ulong)(long.MaxValue / TimeSpan.TicksPerMillisecond)) * TimeSpan.TicksPerMillisecond);
    }

    /// <summary>
    /// A call that was cancelled. The rows are still there; what became of those that were under way says the outcome.
    /// </summary>
    public sealed class SendCanceledException : OperationCanceledException
    {
        internal SendCanceledException(QuestDBException error) : base(error.Message, error)
        {
            Error = error;
        }

        internal SendCanceledException(Completion completion) : this(completion.Error)
        {
            Completion = completion;
        }

        /// <summary>Of a batch of a pool: what became of it, with its rows. Null if no batch was submitted.</summary>
        public Completion Completion { get; }

        /// <summary>Everything that is known about the call.</summary>
        public QuestDBException Error { get; }

        /// <summary>What is known about the rows that were under way.</summary>
        public Outcome Outcome => Error.Outcome;

        /// <summary>Whether the row is kept and only the automatic flush after it was cancelled. If so, do not add it again.</summary>
        public bool RowAccepted => Error.RowAccepted;
    }
}
