import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import questdb.ingress.Buffer;
import questdb.ingress.Completion;
import questdb.ingress.Pool;
import questdb.ingress.PoolReport;
import questdb.ingress.PreparedRow;
import questdb.ingress.QuestDbException;
import questdb.ingress.Sender;
import questdb.ingress.SubmitOptions;

/** The conformance driver in Java: commands on standard input, answers on standard output; see ../README.md. */
public final class Driver {
    private Sender sender;
    private Pool pool;
    private Buffer buffer;
    private final List<CompletableFuture<Completion>> batches = new ArrayList<>();
    private PreparedRow row;

    public static void main(String[] args) throws Exception {
        Driver driver = new Driver();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        for (String line; (line = in.readLine()) != null; ) {
            try {
                out.println("ok " + driver.command(line.split(" ")));
            } catch (QuestDbException e) {
                String flags = (e.retryable() ? "r" : "") + (e.inDoubt() ? "d" : "") + (e.rowAccepted() ? "a" : "");
                out.println("err " + e.code() + " " + e.outcome() + " " + flags + ". " + e.httpStatus() + " " + e.serverLine()
                        + " " + e.getMessage());
            }
        }
    }

    /** Undoes the escapes: %XX is a byte, a lone % nothing. */
    private static byte[] bytes(String word) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = 0; i < word.length() && !word.equals("%"); i++) {
            char c = word.charAt(i);
            out.write(c == '%' ? Integer.parseInt(word.substring(i + 1, i += 3), 16) : c);
            i -= c == '%' ? 1 : 0;
        }
        return out.toByteArray();
    }

    private static String text(String word) {
        return new String(bytes(word), StandardCharsets.UTF_8);
    }

    private static double bits(String hex) {
        return Double.longBitsToDouble(Long.parseUnsignedLong(hex, 16));
    }

    private static double[] doubles(String word) {
        ByteBuffer data = ByteBuffer.wrap(bytes(word)).order(ByteOrder.LITTLE_ENDIAN);
        double[] values = new double[data.remaining() / 8];
        data.asDoubleBuffer().get(values);
        return values;
    }

    private static int[] shape(String word) {
        String[] parts = word.split("x");
        int[] shape = new int[parts.length];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = Integer.parseInt(parts[i]);
        }
        return shape;
    }

    private void layout(String[] w) {
        if (row != null) {
            row.close();
            row = null;
        }
        row = new PreparedRow(text(w[1]), PreparedRow.Stamp.values()[Integer.parseInt(w[2]) - 1]);
        for (int i = 3; i < w.length; i++) {
            String[] column = w[i].split(":");
            row.add(text(column[0]), PreparedRow.Kind.values()[Integer.parseInt(column[1]) - 1]);
        }
    }

    private void row(String[] w) {
        row.clear();
        for (int i = 2; i < w.length; i++) {
            String[] part = w[i].split(":");
            switch (part[0]) {
                case "b" -> row.set(i - 2, !part[1].equals("0"));
                case "i" -> row.set(i - 2, Long.parseLong(part[1]));
                case "f" -> row.set(i - 2, bits(part[1]));
                case "t" -> row.set(i - 2, text(part[1]));
                case "a" -> row.set(i - 2, doubles(part[2]), shape(part[1]));
                case "d" -> row.set(i - 2, Integer.parseInt(part[1]), bytes(part[2]));
                default -> { } // NULL
            }
        }
        sender.append(row, Long.parseLong(w[1]));
    }

    private void openPool(String conf) {
        pool = Pool.fromConf(conf);
        buffer = pool.newBuffer();
        batches.clear();
    }

    private void batch(String table, long first, long count, SubmitOptions how) {
        buffer.clear();
        for (long i = first; i < first + count; i++) {
            buffer.table(table).column("v", i).atNanos(i);
        }
        batches.add(pool.submit(buffer, how));
    }

    private Completion done(String number) {
        return batches.get(Integer.parseInt(number)).join();
    }

    private static SubmitOptions key(String word) {
        return new SubmitOptions().orderKey(Long.parseLong(word));
    }

    private long command(String[] w) {
        String name = w.length > 1 && !w[0].equals("row") ? text(w[1]) : "";
        switch (w[0]) {
            case "pool" -> openPool(name);
            case "batch" -> batch(name, Long.parseLong(w[2]), Long.parseLong(w[3]), key(w[4]));
            case "again" -> batches.add(pool.submit(done(w[1]).failedRows().get(), key(w[2])));
            case "done" -> { return done(w[1]).orThrow().rows(); }
            case "pool_stat" -> { return pool.stat(Pool.Stat.values()[Integer.parseInt(w[1])]); }
            case "pool_close" -> {
                PoolReport report = pool.close(Duration.ofMillis(Long.parseLong(w[1])));
                return report.unsentRows() + report.rowsInDoubt();
            }
            case "open" -> sender = Sender.fromConf(name);
            case "layout" -> layout(w);
            case "row" -> row(w);
            case "table" -> sender.table(name);
            case "symbol" -> sender.symbol(name, text(w[2]));
            case "bool" -> sender.column(name, !w[2].equals("0"));
            case "i64" -> sender.column(name, Long.parseLong(w[2]));
            case "f64" -> sender.column(name, bits(w[2]));
            case "str" -> sender.column(name, text(w[2]));
            case "us" -> sender.columnMicros(name, Long.parseLong(w[2]));
            case "ns" -> sender.columnNanos(name, Long.parseLong(w[2]));
            case "arr" -> sender.column(name, doubles(w[3]), shape(w[2]));
            case "dec" -> sender.columnDecimal(name, text(w[2]));
            case "dec64" -> sender.columnDecimal(name, Integer.parseInt(w[2]), Long.parseLong(w[3]));
            case "decbin" -> sender.columnDecimal(name, Integer.parseInt(w[2]), bytes(w[3]));
            case "at_ns" -> sender.atNanos(Long.parseLong(w[1]));
            case "at_us" -> sender.atMicros(Long.parseLong(w[1]));
            case "at_now" -> sender.atNow();
            case "flush" -> sender.flush();
            case "begin" -> sender.begin(name);
            case "commit" -> sender.commit();
            case "rollback" -> sender.rollback();
            case "drop" -> sender.dropRow();
            case "clear" -> sender.clear();
            case "remove" -> sender.removeRows(Long.parseLong(w[1]), Long.parseLong(w[2]));
            case "pending" -> { return sender.pending(); }
            case "stat" -> { return sender.stat(Sender.Stat.values()[Integer.parseInt(w[1])]); }
            case "close" -> { return sender.close(Duration.ofMillis(Long.parseLong(w[1]))); }
            default -> throw new IllegalArgumentException(w[0]);
        }
        return 0;
    }
}
