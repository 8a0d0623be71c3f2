package questdb.example;

import java.math.BigDecimal;
import java.time.Duration;
import questdb.ingress.Sender;

/**
 * Decimals, exact: as a {@link BigDecimal}, as an integer with a scale, as bytes. QuestDB needs the columns to exist, for example
 * {@code CREATE TABLE invoices (net DECIMAL(18,2), tax DECIMAL(18,2), rate DECIMAL(9,4), ts TIMESTAMP) …}. The argument is the
 * connection string.
 */
public final class Decimals {
    private Decimals() { }

    public static void main(String[] args) {
        String conf = args.length > 0 ? args[0] : "http::addr=localhost:9000;";
        byte[] minusOne = {(byte) 0xff, (byte) 0xff}; // in two's complement; with the scale 4 it is -0.0001
        try (Sender sender = Sender.fromConf(conf)) {
            sender.table("invoices")
                    .column("net", new BigDecimal("1234.50"))
                    .columnDecimal("tax", 2, 23456)
                    .columnDecimal("rate", 4, minusOne)
                    .atNanos(1_700_000_000_000_000_000L);
            sender.close(Duration.ofSeconds(10));
        }
    }
}
