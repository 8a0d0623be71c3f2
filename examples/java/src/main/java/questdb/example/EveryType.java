package questdb.example;

import java.time.Duration;
import java.time.Instant;
import questdb.ingress.Sender;

/** A row with a column of every type. The argument is the connection string. */
public final class EveryType {
    private EveryType() { }

    public static void main(String[] args) {
        String conf = args.length > 0 ? args[0] : "http::addr=localhost:9000;";
        Instant now = Instant.parse("2026-01-02T03:04:05.000000006Z");
        try (Sender sender = Sender.fromConf(conf)) {
            sender.table("every_type")
                    .symbol("symbol", "ETH-USD")
                    .column("bool", true)
                    .column("long", -42)
                    .column("double", 2615.54)
                    .column("string", "grüß \"Gott\"\n")
                    .columnMicros("micros", 1_767_323_045_000_000L)
                    .column("nanos", now)
                    .column("array", new double[] {1, 2, 3, 4, 5, 6}, 2, 3) // two rows of three
                    .at(now);
            sender.close(Duration.ofSeconds(10)); // sends the rest
        }
    }
}
