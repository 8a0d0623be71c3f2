package questdb.example;

import java.time.Duration;
import questdb.ingress.QuestDbException;
import questdb.ingress.QuestDbException.Outcome;
import questdb.ingress.Row;
import questdb.ingress.Sender;

/** One bad row costs that row and no other. The argument is the configuration string, of HTTP. */
public final class DropBadRow {
    private DropBadRow() { }

    public static void main(String[] args) {
        String conf = args.length > 0 ? args[0] : "http::addr=localhost:9000;";
        try (Sender sender = Sender.fromConf(conf)) {
            for (int i = 1; i <= 8; i++) {
                // A row that is left by an exception is dropped; those before it stay.
                try (Row row = sender.row("java_sensors")) {
                    row.column("reading", reading(i));
                    if (i == 5) {
                        row.column("place", 17L); // a string in the rows before: the server will refuse it
                    } else {
                        row.column("place", "north");
                    }
                    row.atNanos(i);
                } catch (IllegalStateException e) {
                    System.out.println("row " + i + " dropped: " + e.getMessage());
                }
            }
            sendGoodRows(sender);
            System.out.println("closed, " + sender.close(Duration.ofSeconds(10)) + " rows unconfirmed");
        }
    }

    private static double reading(int i) {
        if (i == 3) {
            throw new IllegalStateException("the sensor does not answer");
        }
        return 20 + i / 10.0;
    }

    /** Sends what the server takes. A refused row is named by its number, removed, and the rest sent again. */
    private static void sendGoodRows(Sender sender) {
        while (true) {
            try {
                sender.flush();
                return;
            } catch (QuestDbException e) {
                boolean refused = e.outcome() == Outcome.REJECTED || e.outcome() == Outcome.PARTIAL;
                if (!refused || e.serverLine() == 0) {
                    throw e; // not about one row
                }
                System.out.println("removed row " + e.serverLine() + ": " + e.getMessage());
                sender.removeRows(e.serverLine(), 1);
            }
        }
    }
}
