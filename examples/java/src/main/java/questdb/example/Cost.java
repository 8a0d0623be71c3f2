package questdb.example;

import java.lang.management.ManagementFactory;
import questdb.ingress.PreparedRow;
import questdb.ingress.Sender;

/** What a call and a row cost, in time of the processor; nothing is sent. */
public final class Cost {
    private static final int ROWS = 1_000_000;

    private Cost() { }

    public static void main(String[] args) {
        // Never connected to: without auto-flush and with a version given, rows only gather.
        Sender sender = Sender.fromConf("http::addr=127.0.0.1:1;protocol_version=2;auto_flush=off;");
        PreparedRow row = new PreparedRow("trades", PreparedRow.Stamp.NANOS).add("side", PreparedRow.Kind.SYMBOL)
                .add("amount", PreparedRow.Kind.LONG).add("price", PreparedRow.Kind.DOUBLE);
        for (int round = 0; round < 5; round++) {
            long start = now();
            long sum = 0;
            for (int i = 0; i < ROWS; i++) {
                sum += sender.pending();
            }
            report("empty call", start, sum);
            start = now();
            for (int i = 0; i < ROWS; i++) {
                sender.table("trades").symbol("side", "buy").column("amount", (long) i).column("price", 2615.54).atNanos(i);
                clearAt(sender, i);
            }
            report("row by columns", start, sender.pending());
            sender.clear();
            start = now();
            for (int i = 0; i < ROWS; i++) {
                sender.append(row.set(0, "buy").set(1, (long) i).set(2, 2615.54), i);
                clearAt(sender, i);
            }
            report("prepared row", start, sender.pending());
            sender.clear();
        }
    }

    private static void clearAt(Sender sender, int i) {
        if (i % 10_000 == 0) {
            sender.clear();
        }
    }

    private static long now() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    private static void report(String what, long start, long rows) {
        System.out.printf("%-16s %6.1f ns (%d)%n", what, (now() - start) / (double) ROWS, rows);
    }
}
