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
        Unavailable = 20, HandlePoisoned = 21, Internal = 22
    }

    /// <summary>What is known about the data after a flush that failed. Treat a number that you do not know as InDoubt.</summary>
    public enum Outcome
    {
        NotSent = 1, Rejected = 2, Partial = 3, InDoubt = 4, Submitted = 5, Committed = 6
    }

    /// <summary>The error of every call.</summary>
    public sealed class QuestDBException : Exception
    {
        private unsafe QuestDBException(IntPtr error) : base(Text(Native.questdb_error_message(error)))
        {
            Code = (ErrorCode)Native.questdb_error_get_code(error);
            Outcome = (Outcome)Native.questdb_error_outcome(error);
            Retryable = Native.questdb_error_retryable(error) != 0;
            InDoubt = Native.questdb_error_in_doubt(error) != 0;
            RowAccepted = Native.questdb_error_row_accepted(error) != 0;
            Attempts = (int)Native.questdb_error_attempts(error);
            HttpStatus = (int)Native.questdb_error_http_status(error);
            var after = Native.questdb_error_retry_after_millis(error);
            RetryAfter = after < 0 ? (TimeSpan?)null : TimeSpan.FromMilliseconds(after);
            ServerLine = (long)Native.questdb_error_server_line(error);
            Table = Text(Native.questdb_error_table(error));
            ServerErrorId = Text(Native.questdb_error_server_error_id(error));
        }

        public ErrorCode Code { get; }

        public Outcome Outcome { get; }

        /// <summary>The same call may succeed later.</summary>
        public bool Retryable { get; }

        /// <summary>The data may have been stored; sending it again may duplicate rows.</summary>
        public bool InDoubt { get; }

        /// <summary>The row is kept, only the automatic flush after it failed.</summary>
        public bool RowAccepted { get; }

        public int Attempts { get; }

        /// <summary>Of the last answer; 0 without one.</summary>
        public int HttpStatus { get; }

        /// <summary>What the server asked for, if it did.</summary>
        public TimeSpan? RetryAfter { get; }

        /// <summary>The number of the first refused row, from 1; 0 where unknown.</summary>
        public long ServerLine { get; }

        /// <summary>The table that the error is about; null where unknown.</summary>
        public string Table { get; }

        /// <summary>The server's id of the error, also found in its log; null without one.</summary>
        public string ServerErrorId { get; }

        /// <summary>Throws what C returned, unless that is NULL.</summary>
        internal static void Check(IntPtr error)
        {
            if (error != IntPtr.Zero)
            {
                Raise(error);
            }
        }

        private static void Raise(IntPtr error)
        {
            try
            {
                throw new QuestDBException(error);
            }
            finally
            {
                Native.questdb_error_free(error);
            }
        }

        private static unsafe string Text(byte* text)
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
    }
}
