package questdb.example;

import java.time.Duration;
import java.time.Instant;
import questdb.ingress.Row;
import questdb.ingress.Sender;

/** A test of one's own, with a main method so that it needs no framework: the receiver runs in its process. */
public final class TradesTest {
    private TradesTest() { }

    /** What is tested. */
    static void store(String conf, String symbol, double price, Instant at) {
        try (Sender sender = Sender.fromConf(conf)) {
            try (Row row = sender.row("trades")) {
                row.symbol("symbol", symbol).column("price", price).at(at);
            }
            sender.close(Duration.ofSeconds(10));
        }
    }

    public static void main(String[] args) {
        try (InProcessReceiver receiver = new InProcessReceiver("")) {
            store(receiver.conf(), "ETH-USD", 2615.54, Instant.ofEpochSecond(1));
            receiver.waitForRows("trades", 1, Duration.ofSeconds(10));
            String json = receiver.tableJson("trades");
            String row = "{\"symbol\":\"ETH-USD\",\"price\":2615.54,\"timestamp\":\"1970-01-01T00:00:01";
            if (!json.contains(row)) {
                throw new AssertionError(json);
            }
        }
        System.out.println("a trade is stored: ok");
    }
}
