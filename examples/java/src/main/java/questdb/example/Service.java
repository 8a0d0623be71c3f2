package questdb.example;

import java.time.Duration;
import questdb.ingress.QuestDbException;
import questdb.ingress.Sender;

/**
 * A service that ends in time when it is told to (SIGTERM), also while the server is down. The argument is the connection
 * string.
 */
public final class Service {
    private Service() { }

    public static void main(String[] args) {
        String conf = args.length > 0 ? args[0] : "http::addr=localhost:9000;auto_flush_rows=1000;";
        Sender sender = Sender.fromConf(conf);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(sender)));
        System.out.println("running");
        try {
            for (long i = 0; ; i++) {
                work(sender, i);
            }
        } catch (QuestDbException e) {
            // INVALID_STATE: the hook has closed the sender.
            System.out.println("worker ended: " + e.code() + " " + e.outcome() + ": " + e.getMessage());
        }
    }

    private static void work(Sender sender, long i) {
        try {
            sender.table("heartbeats").column("value", i).atNow();
            sender.flush();
        } catch (QuestDbException e) {
            if (e.code() == QuestDbException.Code.INVALID_STATE) {
                throw e;
            }
            System.out.println("kept " + e.outcome() + ": " + e.getMessage());
        }
    }

    /** Waits a moment for the worker's call, cancels it, and tells what was not sent. */
    private static void end(Sender sender) {
        long start = System.nanoTime();
        try {
            sender.close(Duration.ofMillis(300));
        } catch (QuestDbException e) {
            System.out.println(e.unconfirmedRows() + " rows unconfirmed, " + e.outcome() + ": " + e.getMessage());
        }
        System.out.println("ended in " + (System.nanoTime() - start) / 1_000_000 + " ms");
    }
}
