package questdb.ingress;

import static questdb.ingress.QuestDbException.invalid;

import java.time.Duration;
import java.time.Instant;
import questdb.ingress.QuestDbException.Code;

/** Java's times as numbers. None is ever wrapped around or cut off: it fits, or it is an error. */
final class Time {
    private static final long NANOS = 1_000_000_000;
    private static final long MICROS = 1_000_000;

    private Time() { }

    /** Whether nanoseconds since 1970 can tell it: from 1677-09-21 to 2262-04-11. */
    static boolean fitsNanos(Instant time) {
        long seconds = required(time).getEpochSecond();
        long last = Long.MAX_VALUE / NANOS;
        if (seconds < last && seconds > -last) {
            return true;
        }
        try {
            exact(seconds, time.getNano(), NANOS);
            return true;
        } catch (ArithmeticException e) {
            return false;
        }
    }

    static long nanos(Instant time) {
        try {
            return exact(required(time).getEpochSecond(), time.getNano(), NANOS);
        } catch (ArithmeticException e) {
            throw invalid(Code.INVALID_TIMESTAMP, time + " does not fit nanoseconds since 1970 (1677-09-21 to 2262-04-11)");
        }
    }

    /** Microseconds since 1970; parts of one are cut off towards the past. */
    static long micros(Instant time) {
        try {
            return exact(required(time).getEpochSecond(), time.getNano() / 1000, MICROS);
        } catch (ArithmeticException e) {
            throw invalid(Code.INVALID_TIMESTAMP, time + " does not fit microseconds since 1970 (-290308 to 294247)");
        }
    }

    /** Seconds and what follows them, from 0 to {@code unit}, in that unit. */
    private static long exact(long seconds, long part, long unit) {
        return seconds >= 0
                ? Math.addExact(Math.multiplyExact(seconds, unit), part)
                // The last second before the lower limit would overflow on the way, so one is added first.
                : Math.addExact(Math.multiplyExact(seconds + 1, unit), part - unit);
    }

    /** Negative is 0, part of a millisecond is a whole one, and what is too long is the longest. */
    static long millis(Duration duration) {
        if (duration == null) {
            throw invalid(Code.INVALID_ARGUMENT, "the duration is null");
        }
        if (duration.isNegative()) {
            return 0;
        }
        if (duration.getSeconds() >= Long.MAX_VALUE / 1000) {
            return Long.MAX_VALUE;
        }
        return duration.getSeconds() * 1000 + (duration.getNano() + 999_999) / 1_000_000;
    }

    private static Instant required(Instant time) {
        if (time == null) {
            throw invalid(Code.INVALID_ARGUMENT, "the time is null");
        }
        return time;
    }
}
