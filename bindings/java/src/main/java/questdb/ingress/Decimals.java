package questdb.ingress;

import static questdb.ingress.QuestDbException.invalid;

import java.math.BigDecimal;
import java.math.RoundingMode;
import questdb.ingress.QuestDbException.Code;

/** Java's decimals as the server takes them. */
final class Decimals {
    private static final int DIGITS = 76;

    private Decimals() { }

    /** The same number with a scale from 0 to 76. */
    static BigDecimal sent(BigDecimal value) {
        // The digits are counted first: those of a large exponent would fill the memory.
        BigDecimal sent = value.scale() > DIGITS ? value.stripTrailingZeros() : value;
        long digits = sent.precision() + Math.max(0, -(long) sent.scale());
        if (sent.signum() == 0) {
            return BigDecimal.valueOf(0, Math.min(Math.max(value.scale(), 0), DIGITS));
        }
        if (digits > DIGITS || sent.scale() > DIGITS) {
            throw invalid(Code.INVALID_DECIMAL, "a decimal of " + digits + " digits and " + Math.max(sent.scale(), 0)
                    + " decimal places: at most " + DIGITS + " of each fit");
        }
        return sent.scale() < 0 ? sent.setScale(0, RoundingMode.UNNECESSARY) : sent;
    }
}
