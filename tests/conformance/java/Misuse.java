import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import questdb.ingress.Buffer;
import questdb.ingress.ColumnBatch;
import questdb.ingress.Config;
import questdb.ingress.PreparedRow;
import questdb.ingress.QuestDbException;
import questdb.ingress.Row;
import questdb.ingress.Sender;
import questdb.ingress.TestReceiver;

/**
 * Many threads use the same objects in any order, close them and interrupt each other. Nothing may crash, hang or throw
 * anything but QuestDbException, and no message may tell of the inside. Arguments: seconds, a seed.
 */
public final class Misuse {
    private static final int THREADS = 8;
    private static final int SLOTS = 3;
    private static final Duration SHORT = Duration.ofMillis(20);

    private final AtomicReferenceArray<Sender> senders = new AtomicReferenceArray<>(SLOTS);
    private final AtomicReferenceArray<Buffer> buffers = new AtomicReferenceArray<>(SLOTS);
    private final AtomicReferenceArray<PreparedRow> rows = new AtomicReferenceArray<>(SLOTS);
    private final AtomicReferenceArray<ColumnBatch> batches = new AtomicReferenceArray<>(SLOTS);
    private final AtomicReferenceArray<Config> configs = new AtomicReferenceArray<>(SLOTS);
    private final AtomicReferenceArray<Row> open = new AtomicReferenceArray<>(SLOTS);
    private final Map<String, AtomicLong> codes = new ConcurrentHashMap<>();
    private final List<Thread> threads = new ArrayList<>();
    private final List<Throwable> wrong = java.util.Collections.synchronizedList(new ArrayList<>());
    private final String[] confs;
    private volatile boolean over;

    private Misuse(String... confs) {
        this.confs = confs;
    }

    public static void main(String[] args) throws Exception {
        long seconds = args.length > 0 ? Long.parseLong(args[0]) : 3;
        long seed = args.length > 1 ? Long.parseLong(args[1]) : System.nanoTime();
        System.out.println("seed " + seed);
        try (TestReceiver receiver = TestReceiver.start(System.getProperty("questdb.receiver"))) {
            Misuse misuse = new Misuse(receiver.http() + "auto_flush_rows=5;", receiver.tcp() + "protocol_version=2;",
                    "http::addr=127.0.0.1:1;protocol_version=2;retry_timeout=60000;auto_flush_rows=20;max_buf_size=100000;");
            misuse.run(seconds, seed);
        }
    }

    private void run(long seconds, long seed) throws Exception {
        for (int i = 0; i < SLOTS; i++) {
            renew(i, new Random(seed + i));
        }
        for (int t = 0; t < THREADS; t++) {
            Random random = new Random(seed * 31 + t);
            threads.add(new Thread(() -> {
                while (!over) {
                    once(random);
                }
            }, "misuse-" + t));
        }
        threads.forEach(Thread::start);
        Random random = new Random(seed);
        for (long end = System.nanoTime() + seconds * 1_000_000_000L; System.nanoTime() < end && wrong.isEmpty(); ) {
            Thread.sleep(20);
            threads.get(random.nextInt(THREADS)).interrupt();
            if (random.nextInt(10) == 0) {
                System.gc();
            }
        }
        over = true;
        for (Thread thread : threads) {
            // A call that waits for a server that is not there ends by an interrupt.
            for (int i = 0; i < 1200 && thread.isAlive(); i++) {
                thread.interrupt();
                thread.join(50);
            }
            if (thread.isAlive()) {
                for (StackTraceElement at : thread.getStackTrace()) {
                    System.out.println("hangs at " + at);
                }
                wrong.add(new AssertionError(thread.getName() + " hangs"));
            }
        }
        System.out.println(new TreeMap<>(codes));
        wrong.forEach(t -> t.printStackTrace(System.out));
        System.out.println(wrong.isEmpty() ? "ok" : "FAILED");
        // Handles that are still open are the collector's.
        System.exit(wrong.isEmpty() ? 0 : 1);
    }

    private void once(Random random) {
        try {
            call(random);
            count("fine");
        } catch (QuestDbException e) {
            count(e.code().name());
            String message = e.getMessage();
            if (message.contains("is NULL") || message.contains("panic") || message.contains("defect")
                    || e.code() == QuestDbException.Code.HANDLE_POISONED || e.code() == QuestDbException.Code.INTERNAL) {
                wrong.add(e);
            }
        } catch (Throwable t) {
            wrong.add(t);
        }
        if (random.nextInt(4) == 0) {
            Thread.interrupted();
        }
    }

    private void count(String what) {
        codes.computeIfAbsent(what, w -> new AtomicLong()).incrementAndGet();
    }

    private void renew(int i, Random random) {
        switch (random.nextInt(6)) {
            case 0 -> buffers.set(i, Buffer.of(2));
            case 1 -> rows.set(i, new PreparedRow("t", PreparedRow.Stamp.NANOS).add("s", PreparedRow.Kind.SYMBOL)
                    .add("v", PreparedRow.Kind.LONG).add("a", PreparedRow.Kind.DOUBLE_ARRAY));
            case 2 -> batches.set(i, new ColumnBatch("t", ColumnBatch.Stamp.NANOS).add("s", ColumnBatch.Kind.SYMBOL));
            case 3 -> configs.set(i, Config.fromConf(confs[random.nextInt(confs.length)]));
            case 4 -> senders.set(i, Sender.fromConf(confs[random.nextInt(confs.length)]));
            default -> {
                Config config = configs.get(i);
                senders.set(i, config == null ? Sender.fromConf(confs[2]) : Sender.from(config));
            }
        }
    }

    private void call(Random random) {
        int i = random.nextInt(SLOTS);
        Sender sender = senders.get(i);
        Buffer buffer = buffers.get(random.nextInt(SLOTS));
        PreparedRow row = rows.get(random.nextInt(SLOTS));
        ColumnBatch batch = batches.get(random.nextInt(SLOTS));
        Config config = configs.get(i);
        Row begun = open.get(i);
        if (sender == null || buffer == null || row == null || batch == null || config == null) {
            renew(i, random);
            return;
        }
        switch (random.nextInt(44)) {
            case 0 -> sender.table("t");
            case 1 -> sender.symbol("s", "value" + random.nextInt(9));
            case 2 -> sender.column("v", random.nextLong());
            case 3 -> sender.column("d", random.nextDouble());
            case 4 -> sender.column("x", "y".repeat(random.nextInt(5000)));
            case 5 -> sender.column("a", new double[random.nextInt(100)]);
            case 6 -> sender.atNanos(random.nextInt(1000));
            case 7 -> sender.atNow();
            case 8 -> sender.table("t").symbol("s", "a").column("v", 1L).atMicros(1);
            case 9 -> sender.flush();
            case 10 -> sender.flushIfDue();
            case 11 -> sender.flush(buffer);
            case 12 -> sender.flushAndKeep(buffer, random.nextBoolean());
            case 13 -> sender.begin("t");
            case 14 -> sender.commit();
            case 15 -> sender.rollback();
            case 16 -> sender.clear();
            case 17 -> sender.dropRow();
            case 18 -> sender.removeRows(1, random.nextInt(3));
            case 19 -> sender.pending();
            case 20 -> sender.bytes();
            case 21 -> buffers.set(i, sender.newBuffer());
            case 22 -> buffers.set(i, sender.copy());
            case 23 -> sender.stat(Sender.Stat.values()[random.nextInt(13)]);
            case 24 -> sender.lastError();
            case 25 -> sender.cancel();
            case 26 -> open.set(i, sender.row("t"));
            case 27 -> close(random, sender, buffer, row, batch, config);
            case 28, 29 -> renew(i, random);
            case 30 -> buffer.table("t").symbol("s", "b").column("x", "z".repeat(random.nextInt(3000))).atNanos(5);
            case 31 -> buffer.table("u");
            case 32 -> buffer.clear();
            case 33 -> buffer.atNow();
            case 34 -> row.set(0, "text".repeat(random.nextInt(500))).set(1, 5L);
            case 35 -> row.set(2, new double[random.nextInt(2000)], 1, random.nextInt(2000));
            case 36 -> sender.append(row, 7);
            case 37 -> buffer.append(row, 7);
            case 38 -> batch.set(0, new String[] {"a", null, "c".repeat(random.nextInt(3000))});
            case 39 -> sender.append(batch, new long[] {1, 2, 3});
            case 40 -> row.add("c" + random.nextInt(99), PreparedRow.Kind.LONG);
            case 41 -> config.copy().close();
            case 42 -> {
                if (begun != null) {
                    begun.column("v", 1L).atNanos(4);
                }
            }
            default -> {
                if (begun != null) {
                    begun.close();
                }
            }
        }
    }

    private void close(Random random, Sender sender, Buffer buffer, PreparedRow row, ColumnBatch batch, Config config) {
        switch (random.nextInt(6)) {
            case 0 -> sender.close(SHORT);
            case 1 -> sender.close(Duration.ZERO);
            case 2 -> buffer.close();
            case 3 -> row.close();
            case 4 -> batch.close();
            default -> config.close();
        }
    }
}
