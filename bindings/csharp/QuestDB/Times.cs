using System;

namespace QuestDB
{
    /// <summary>
    /// Times of .NET as the library takes them. Years 1 to 9999 fit into microseconds since 1970, years 1678 to 2261 into
    /// nanoseconds too.
    /// </summary>
    internal static class Times
    {
        private const long UnixTicks = 621355968000000000;
        private const long TicksPerMicro = 10;
        private const long NanosPerTick = 100;

        /// <summary>Returns ticks since 1970. A time of unspecified kind is UTC.</summary>
        internal static long Ticks(DateTime time)
        {
            if (time.Kind != DateTimeKind.Local)
            {
                return time.Ticks - UnixTicks;
            }
            var utc = time.ToUniversalTime();
            // A time whose UTC lies outside the years of DateTime is cut off by it, so the UTC is computed here.
            var cut = utc.Ticks == DateTime.MinValue.Ticks || utc.Ticks == DateTime.MaxValue.Ticks;
            return (cut ? time.Ticks - TimeZoneInfo.Local.GetUtcOffset(time).Ticks : utc.Ticks) - UnixTicks;
        }

        internal static long Ticks(DateTimeOffset time) => time.UtcTicks - UnixTicks;

        internal static bool FitNanos(long ticks) =>
            ticks >= long.MinValue / NanosPerTick && ticks <= long.MaxValue / NanosPerTick;

        /// <summary>Returns nanoseconds since 1970, or throws if they do not fit.</summary>
        internal static long Nanos(long ticks)
        {
            if (!FitNanos(ticks))
            {
                throw new QuestDBException(
                    ErrorCode.InvalidTimestamp,
                    $"{ticks} ticks from 1970 do not fit into nanoseconds, which end in 1677 and 2262; use microseconds");
            }
            return ticks * NanosPerTick;
        }

        /// <summary>Returns microseconds since 1970, rounded down.</summary>
        internal static long Micros(long ticks)
        {
            var micros = ticks / TicksPerMicro;
            return micros * TicksPerMicro > ticks ? micros - 1 : micros;
        }

        /// <summary>Returns whole milliseconds, rounded up so that a short time is not none; a time below zero is none.</summary>
        internal static ulong Millis(TimeSpan time)
        {
            if (time == System.Threading.Timeout.InfiniteTimeSpan)
            {
                return ulong.MaxValue;
            }
            if (time <= TimeSpan.Zero)
            {
                return 0;
            }
            return (ulong)((time.Ticks - 1) / TimeSpan.TicksPerMillisecond) + 1;
        }
    }
}
