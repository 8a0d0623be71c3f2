using System;
using System.Text;

namespace QuestDB
{
    /// <summary>What kind of thing went wrong. Treat a number that you do not know as Internal.</summary>
    public enum ErrorCode
    {
        InvalidArgument = 1, InvalidState = 2, InvalidName = 3, InvalidUtf8 = 4, InvalidTimestamp = 5, InvalidArray = 6,
        InvalidDecimal = 7, ProtocolVersion = 8, LimitExceeded = 9, OutOfMemory = 10, Config = 11, CouldNotResolve = 12,
        Connection = 13, Timeout = 14, Tls = 15, Auth = 16, NotQuestDB = 17, Rejected = 18, PayloadTooLarge = 19,
        Unavailable = 20, HandlePoisoned = 21, Internal = 22, Cancelled = 23
    }

    /// <summary>What is known about the data after a flush that failed. Treat a number that you do not know as InDoubt.</summary>
    public enum Outcome
    {
        NotSent = 1, Rejected = 2, Partial = 3, InDoubt = 4, Submitted = 5, Committed = 6
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

        private unsafe QuestDBException(IntPtr error) : base(Text(Native.questdb_error_message(error)))
        {
            Code = (ErrorCode)Native.questdb_error_get_code(error);
            Outcome = (Outcome)Native.questdb_error_outcome(error);
            Retryable = Native.questdb_error_retryable(error) != 0;
            InDoubt = Native.questdb_error_in_doubt(error) != 0;
            RowAccepted = Native.questdb_error_row_accepted(error) != 0;
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

        public ErrorCode Code { get; }

        /// <summary>The name that the library gives the code, such as INVALID_NAME; also for codes that this package does not know.</summary>
        public unsafe string CodeName => Text(Native.questdb_error_code_name((uint)Code));

        public Outcome Outcome { get; }

        /// <summary>The name that the library gives the outcome, such as NOT_SENT.</summary>
        public unsafe string OutcomeName => Text(Native.questdb_outcome_name((uint)Outcome));

        /// <summary>The same call may succeed later.</summary>
        public bool Retryable { get; }

        /// <summary>The data may have been stored; sending it again may duplicate rows.</summary>
        public bool InDoubt { get; }

        /// <summary>The row is kept, only the automatic flush after it failed: do not add it again.</summary>
        public bool RowAccepted { get; }

        public int Attempts { get; }

        /// <summary>Attempts that sent the complete request without learning its fate.</summary>
        public int InDoubtAttempts { get; }

        /// <summary>TCP: rows of earlier flushes, reported as sent, whose fate this error puts in doubt.</summary>
        public long EarlierRowsInDoubt { get; }

        /// <summary>Of the last answer; 0 without one.</summary>
        public int HttpStatus { get; }

        /// <summary>What the server asked for, if it did.</summary>
        public TimeSpan? RetryAfter { get; }

        /// <summary>The number of the first refused row, from 1, as RemoveRows takes it; 0 where unknown.</summary>
        public long ServerLine { get; }

        /// <summary>The table that the error is about; null where unknown.</summary>
        public string Table { get; }

        /// <summary>The server's id of the error, also found in its log; null without one.</summary>
        public string ServerErrorId { get; }

        /// <summary>The server's own word for the kind of error, such as <c>invalid</c>; null without one.</summary>
        public string ServerCode { get; }

        /// <summary>Bytes of the rows that the last attempt handed to the kernel.</summary>
        public long BytesSent { get; }

        /// <summary>From the start of the flush to this error.</summary>
        public TimeSpan Elapsed { get; }

        /// <summary>Throws what C returned, unless that is NULL.</summary>
        internal static void Check(IntPtr error)
        {
            if (error != IntPtr.Zero)
            {
                Raise(error);
            }
        }

        /// <summary>What C returned as an object, null for NULL.</summary>
        internal static QuestDBException Take(IntPtr error)
        {
            if (error == IntPtr.Zero)
            {
                return null;
            }
            try
            {
                return new QuestDBException(error);
            }
            finally
            {
                Native.questdb_error_free(error);
            }
        }

        /// <summary>The exception to throw: cancelled calls end with the kind that .NET programs catch.</summary>
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

        /// <summary>All that is known about the call.</summary>
        public QuestDBException Error { get; }

        public Outcome Outcome => Error.Outcome;

        /// <summary>The row is kept, only the automatic flush after it was cancelled: do not add it again.</summary>
        public bool RowAccepted => Error.RowAccepted;
    }
}
