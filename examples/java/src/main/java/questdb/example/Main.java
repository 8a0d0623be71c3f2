package questdb.example;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import questdb.ingress.PreparedRow;
import questdb.ingress.QuestDbException;
import questdb.ingress.Sender;

/** Rows of every type into QuestDB. The argument is the configuration string. */
public final class Main {
    private Main() { }

    public static void main(String[] args) {
        String conf = args.length > 0 ? args[0] : "http::addr=localhost:9000;auto_flush_rows=1000;";
        try (Sender sender = Sender.fromConf(conf)) {
            everyType(sender, Instant.parse("2026-01-02T03:04:05.000000006Z"));
            sender.flush();
            prepared(sender, 1_767_323_045_000_000_000L);
            System.out.println("closed, " + sender.close(Duration.ofSeconds(10)) + " rows unconfirmed");
        } catch (QuestDbException e) {
            System.err.printf("code %s, outcome %s, may be repeated %b, attempts %d: %s%n",
                    e.code(), e.outcome(), e.retryable(), e.attempts(), e.getMessage());
            System.exit(1);
        }
    }

    private static void everyType(Sender sender, Instant now) {
        sender.table("java_types")
                .symbol("symbol", "ETH-USD")
                .column("bool", true)
                .column("long", -42)
                .column("double", 2615.54)
                .column("string", "grüß \"Gott\"\n")
                .columnMicros("micros", 1_767_323_045_000_006L)
                .column("nanos", now)
                .column("array", new double[] {1, 2, 3, 4, 5, 6}, 2, 3)
                .at(now);
        // Decimals go into a column that exists: create table java_decimals (price decimal(18, 4), …)
        if (System.getenv("WITH_DECIMALS") != null) {
            sender.table("java_decimals").column("price", new BigDecimal("-12.50")).atMicros(1);
        }
        try {
            sender.table("java_types").column("not a * name", 1);
            throw new AssertionError("a wrong name was taken");
        } catch (QuestDbException e) {
            System.out.println("as expected: " + e.code() + ": " + e.getMessage());
            sender.dropRow(); // only this one; the rows before it are still there
        }
    }

    /** Rows by one call each; auto-flush sends them in batches. */
    private static void prepared(Sender sender, long start) {
        try (PreparedRow row = new PreparedRow("java_trades", PreparedRow.Stamp.NANOS)) {
            row.add("side", PreparedRow.Kind.SYMBOL).add("price", PreparedRow.Kind.DOUBLE);
            row.add("amount", PreparedRow.Kind.LONG).add("book", PreparedRow.Kind.DOUBLE_ARRAY);
            for (int i = 0; i < 2500; i++) {
                row.set(0, i % 2 == 0 ? "buy" : "sell").set(1, 2600 + i / 100.0).set(3, new double[] {1, i});
                if (i % 10 != 0) { // otherwise NULL
                    row.set(2, i);
                }
                sender.append(row, start + i);
            }
        }
        System.out.println(sender.stat(Sender.Stat.ROWS_COMMITTED) + " rows committed by auto-flush, "
                + sender.pending() + " wait");
    }
}
