package questdb.example;

import java.time.Duration;
import questdb.ingress.QuestDbException;
import questdb.ingress.QuestDbException.Outcome;
import questdb.ingress.Row;
import questdb.ingress.Sender;

/**
 * Drop the bad row, keep the rest: a row that cannot be built, and one that the server refuses. The argument is the connection
 * string.
 */
public final class BadRow {
    private BadRow() { }

    public static void main(String[] args) {
        String conf = args.length > 0 ? args[0] : "http::addr=localhost:9000;";
        try (Sender sender = Sender.fromConf(conf)) {
            for (int n = 1; n <= 5; n++) {
                // A row that an exception leaves is dropped; those before it stay.
                try (Row row = sender.row("measurements")) {
                    measurement(row, n);
                } catch (QuestDbException e) {
                    if (e.rowAccepted()) {
                        throw e; // the row is good, sending it failed
                    }
                    System.out.println("left out: " + e.getMessage());
                }
            }
            flushGoodRows(sender);
            sender.close(Duration.ofSeconds(10));
        }
    }

    /** The third has no value; the fourth is text where the others are numbers, which only the server can know. */
    private static void measurement(Row row, int n) {
        if (n == 4) {
            row.column("value", "four");
        } else if (n != 3) {
            row.column("value", n);
        }
        row.atNow();
    }

    /** Sends what the server takes. A refused row is named by its number, removed, and the rest sent again. */
    private static void flushGoodRows(Sender sender) {
        while (true) {
            try {
                sender.flush();
                return;
            } catch (QuestDbException e) {
                if (e.outcome() != Outcome.REJECTED || e.serverLine() == 0) {
                    throw e; // nothing is known about a single row
                }
                System.out.println("refused: " + e.getMessage());
                sender.removeRows(e.serverLine(), 1);
            }
        }
    }
}
