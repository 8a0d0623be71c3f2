import java.io.IOException;
import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import questdb.ingress.Buffer;
import questdb.ingress.ColumnBatch;
import questdb.ingress.Config;
import questdb.ingress.PreparedRow;
import questdb.ingress.QuestDbException;
import questdb.ingress.QuestDbException.Code;
import questdb.ingress.QuestDbException.Outcome;
import questdb.ingress.Row;
import questdb.ingress.Rows;
import questdb.ingress.Sender;
import questdb.ingress.TestReceiver;

/**
 * Tests of the Java package; every method whose name begins with "test" is one. Arguments name those to run. The properties
 * questdb.receiver and questdb.root are the program and the folder of the project.
 */
public final class Tests {
    /**
     * Nothing listens there, and no version is asked: rows gather, and flushing goes on trying for a minute. No row flushes
     * because a busy machine took more than the second of the default interval to reach it.
     */
    private static final String DOWN = "http::addr=127.0.0.1:1;protocol_version=3;retry_timeout=60000;auto_flush_interval=off;";
    /** For tests that say themselves when rows are sent. */
    private static final String NO_AUTO_FLUSH = "auto_flush=off;";
    private static final Duration LONG = Duration.ofSeconds(60);

    private Tests() { }

    interface Call {
        void run() throws Exception;
    }

    public static void main(String[] args) throws Exception {
        run(Tests.class, args);
    }

    /** Runs the tests of a class and ends the program. */
    static void run(Class<?> tests, String... args) throws Exception {
        int failed = 0;
        int passed = 0;
        Method[] all = tests.getDeclaredMethods();
        Arrays.sort(all, (a, b) -> a.getName().compareTo(b.getName()));
        for (Method test : all) {
            if (!test.getName().startsWith("test") || args.length > 0 && !List.of(args).contains(test.getName())) {
                continue;
            }
            try {
                test.invoke(null);
                passed++;
                System.out.println("ok " + test.getName());
            } catch (ReflectiveOperationException e) {
                failed++;
                System.out.println("FAILED " + test.getName());
                e.getCause().printStackTrace(System.out);
            }
        }
        System.out.println(passed + " passed, " + failed + " failed");
        System.exit(failed == 0 && passed > 0 ? 0 : 1);
    }

    // --- what tests are made of ---------------------------------------------------------------------------------------

    static void same(Object wanted, Object got) {
        if (!wanted.equals(got)) {
            throw new AssertionError("wanted " + wanted + ", got " + got);
        }
    }

    static void holds(boolean fact, String what) {
        if (!fact) {
            throw new AssertionError(what);
        }
    }

    static QuestDbException fails(Code code, Call call) {
        try {
            call.run();
        } catch (QuestDbException e) {
            same(code, e.code());
            return e;
        } catch (Exception e) {
            throw new AssertionError("wanted " + code, e);
        }
        throw new AssertionError("wanted " + code + ", but it succeeded");
    }

    /** Whether time ran out between two attempts or in one decides the code. */
    static QuestDbException failsSomehow(Runnable call) {
        try {
            call.run();
        } catch (QuestDbException e) {
            return e;
        }
        throw new AssertionError("it succeeded");
    }

    static void says(QuestDbException e, String words) {
        holds(e.getMessage().contains(words), "wanted \"" + words + "\" in: " + e.getMessage());
    }

    static TestReceiver receiver(String... options) {
        return TestReceiver.start(System.getProperty("questdb.receiver"), options);
    }

    private static Sender offline() {
        return Sender.fromConf("http::addr=127.0.0.1:1;protocol_version=3;auto_flush=off;");
    }

    static String lines(Rows<?> rows) {
        return new String(rows.bytes(), StandardCharsets.ISO_8859_1);
    }

    static long rowsOf(TestReceiver receiver, String table) {
        return receiver.tables().stream().filter(t -> t.contains("\"table\":\"" + table + "\""))
                .mapToLong(t -> t.split("Z\"").length - 1).sum();
    }

    /** A thread inside a call, and what came of it. */
    static final class Inside {
        final AtomicReference<Throwable> thrown = new AtomicReference<>();
        final Thread thread;
        volatile boolean interrupted;

        Inside(Call call) {
            thread = new Thread(() -> {
                try {
                    call.run();
                } catch (Throwable t) {
                    thrown.set(t);
                }
                interrupted = Thread.currentThread().isInterrupted();
            });
            thread.start();
        }

        QuestDbException end() throws InterruptedException {
            thread.join(LONG.toMillis() / 2);
            holds(!thread.isAlive(), "the call did not end");
            return thrown.get() instanceof QuestDbException e ? e : null;
        }
    }

    /** Waits until another thread is inside a call that may wait for the server. */
    private static void untilBusy(Sender sender) {
        try {
            Method turn = Class.forName("questdb.ingress.Handle").getDeclaredMethod("turn");
            turn.setAccessible(true);
            while ((long) turn.invoke(sender) <= 1) {
                Thread.sleep(1);
            }
        } catch (ReflectiveOperationException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    // --- complete rows are never held hostage -------------------------------------------------------------------------

    /** Of rows of optionals the empty one fails, and costs itself only. */
    static void testDropRowDropsTheOpenRowOnly() {
        try (TestReceiver receiver = receiver(); Sender sender = Sender.fromConf(receiver.http())) {
            Long[][] rows = {{1L, 2L}, {3L, null}, {null, null}, {5L, 6L}, {7L, 8L}};
            for (int i = 0; i < rows.length; i++) {
                int at = i;
                sender.table("opt").column("a", rows[i][0]).column("b", rows[i][1]);
                if (i == 2) {
                    holds(sender.isRowOpen(), "a row is open");
                    fails(Code.INVALID_STATE, () -> sender.atNanos(at));
                    sender.dropRow();
                    holds(!sender.isRowOpen(), "the row was dropped");
                } else {
                    sender.atNanos(i);
                }
            }
            sender.dropRow(); // without an open row
            sender.flush();
            same(4L, rowsOf(receiver, "opt"));
        }
    }

    static void testARowThatIsLeftIsDropped() {
        try (Sender sender = offline(); Buffer buffer = Buffer.of(3)) {
            for (Rows<?> rows : List.of(sender, buffer)) {
                for (int i = 0; i < 3; i++) {
                    int at = i;
                    try (Row row = rows.row("t")) {
                        row.column("v", 1L);
                        if (i == 1) {
                            throw new IllegalStateException("of the application");
                        }
                        row.atNanos(at);
                    } catch (IllegalStateException e) {
                        same("of the application", e.getMessage());
                        same(0, e.getSuppressed().length);
                    }
                }
                same("t v=1i 0n\nt v=1i 2n\n", lines(rows));
            }
            sender.clear();
        }
    }

    static void testARowKnowsThatItEnded() {
        try (Buffer buffer = Buffer.of(3)) {
            Row first = buffer.row("t").column("v", 1L);
            first.atNanos(1);
            Row second = buffer.row("t").column("v", 2L);
            fails(Code.INVALID_STATE, () -> first.column("w", 1L));
            first.close(); // drops nothing
            second.atNanos(2);
            same(2L, buffer.pending());
        }
    }

    /** In the chained way the row stays open, the next one says what to do, and no complete row is lost. */
    static void testARowLeftOpenIsNamed() {
        try (TestReceiver receiver = receiver(); Sender sender = Sender.fromConf(receiver.http())) {
            sender.table("t").column("v", 1L).atNanos(1);
            sender.table("t").column("v", 2L);
            QuestDbException e = fails(Code.INVALID_STATE, () -> sender.table("t"));
            holds(e.getMessage().contains("drop"), e.getMessage());
            sender.dropRow();
            sender.table("t").column("v", 3L).atNanos(3);
            sender.flush();
            same(2L, rowsOf(receiver, "t"));
        }
    }

    static void testCloseSendsCompleteRowsAndTellsOfTheOpenOne() {
        try (TestReceiver receiver = receiver()) {
            Sender sender = Sender.fromConf(receiver.http() + NO_AUTO_FLUSH);
            sender.table("t").column("v", 1L).atNanos(1);
            sender.table("t").column("v", 2L);
            QuestDbException e = fails(Code.INVALID_STATE, () -> sender.close(LONG));
            same(Outcome.COMMITTED, e.outcome());
            same(0L, e.unconfirmedRows());
            same(1L, rowsOf(receiver, "t"));
            same(0L, sender.close(LONG));
        }
    }

    static void testRemoveRowsLetsTheRestGoOn() {
        try (TestReceiver receiver = receiver(); Sender sender = Sender.fromConf(receiver.http() + "auto_flush=off;")) {
            sender.table("t").column("v", 0L).atNanos(1);
            sender.flush();
            for (int i = 1; i <= 8; i++) {
                if (i == 5) {
                    sender.table("t").column("v", "text").atNanos(i);
                } else {
                    sender.table("t").column("v", (long) i).atNanos(i);
                }
            }
            QuestDbException e = fails(Code.REJECTED, sender::flush);
            same(5L, e.serverLine());
            sender.removeRows(e.serverLine(), 1);
            fails(Code.INVALID_ARGUMENT, () -> sender.removeRows(8, 1));
            fails(Code.INVALID_ARGUMENT, () -> sender.removeRows(0, 1));
            fails(Code.INVALID_ARGUMENT, () -> sender.removeRows(1, -1));
            sender.flush();
            same(8L, rowsOf(receiver, "t"));
        }
    }

    static void testAClosedSenderTakesNoRows() {
        Sender sender = offline();
        sender.table("t").column("v", 1L);
        sender.dropRow();
        same(0L, sender.close(LONG));
        List<Call> calls = List.of(() -> sender.table("t"), () -> sender.column("v", 1L), () -> sender.atNanos(1), sender::flush,
                sender::dropRow, sender::pending, () -> sender.begin("t"), sender::commit, sender::rollback, sender::newBuffer,
                sender::bytes, sender::copy, sender::connect, () -> sender.row("t"), () -> sender.flush(Buffer.of(3)));
        for (Call call : calls) {
            says(fails(Code.INVALID_STATE, call), "closed");
        }
        sender.cancel();
        same(0L, sender.stat(Sender.Stat.FLUSHES));
        holds(sender.lastError().isEmpty(), "there was no error");
        same(0L, sender.close(LONG));
    }

    static void testASecondCloseTellsTheTrueCount() {
        Sender sender = offline();
        sender.table("t").column("v", 1L).atNanos(1);
        sender.table("t").column("v", 2L).atNanos(2);
        same(2L, failsSomehow(() -> sender.close(Duration.ofMillis(100))).unconfirmedRows());
        same(2L, fails(Code.INVALID_STATE, () -> sender.close(LONG)).unconfirmedRows());
        fails(Code.INVALID_STATE, sender::close);
        same(1L, sender.stat(Sender.Stat.FAILED_FLUSHES));
        holds(sender.lastError().isPresent(), "the last error is kept");
    }

    static void testAFailedCommitKeepsItsRows() {
        try (Sender sender = offline()) {
            sender.begin("t");
            sender.table("t").column("v", 1L).atNanos(1);
            Inside commit = new Inside(sender::commit);
            try {
                untilBusy(sender);
                sender.cancel();
                commit.end();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            holds(sender.inTransaction(), "the transaction is open");
            same(1L, sender.pending());
            sender.rollback();
        }
    }

    // --- threads ------------------------------------------------------------------------------------------------------

    static void testTwoThreadsOnOneSenderAreTold() throws InterruptedException {
        try (Sender sender = offline()) {
            sender.table("t").column("v", 1L);
            Inside other = new Inside(() -> sender.column("w", 2L));
            says(other.end(), "used by another thread");
            Inside table = new Inside(() -> sender.table("t"));
            says(table.end(), "used by another thread");
            sender.atNanos(1);
            same("t v=1i 1n\n", lines(sender));
            sender.table("t").column("v", 2L);
            same(null + "", new Inside(sender::dropRow).end() + "");
            sender.clear();
        }
    }

    static void testACallDuringAFlushIsTold() throws InterruptedException {
        Sender sender = Sender.fromConf(DOWN);
        sender.table("t").column("v", 1L).atNanos(1);
        Inside flush = new Inside(sender::flush);
        untilBusy(sender);
        for (Call call : List.<Call>of(() -> sender.table("t"), sender::flush, sender::pending, sender::dropRow, sender::clear)) {
            says(fails(Code.INVALID_STATE, call), "used by another thread");
        }
        same(0L, sender.stat(Sender.Stat.FLUSHES));
        sender.lastError();
        sender.cancel();
        same(Code.CANCELLED, flush.end().code());
        sender.clear();
        sender.close();
    }

    static void testCloseFromAnotherThreadEndsTheFlush() throws InterruptedException {
        Sender sender = Sender.fromConf(DOWN);
        sender.table("t").column("v", 1L).atNanos(1);
        Inside flush = new Inside(sender::flush);
        untilBusy(sender);
        QuestDbException e = failsSomehow(() -> sender.close(Duration.ofMillis(100)));
        same(1L, e.unconfirmedRows());
        same(Outcome.NOT_SENT, e.outcome());
        same(Code.CANCELLED, flush.end().code());
    }

    /** While a worker sends all the time, which succeeds. */
    static void testCloseFromAnotherThreadLosesNothing() throws InterruptedException {
        for (int round = 0; round < 20; round++) {
            try (TestReceiver receiver = receiver()) {
                Sender sender = Sender.fromConf(receiver.http() + "auto_flush_rows=7;");
                long[] ended = {0};
                Inside worker = new Inside(() -> {
                    for (long i = 0; ; i++) {
                        try (Row row = sender.row("t")) {
                            row.column("v", i).atNanos(i);
                        }
                        ended[0] = i + 1;
                    }
                });
                while (sender.stat(Sender.Stat.FLUSHES) < 3 && worker.thread.isAlive()) {
                    Thread.onSpinWait();
                }
                long unconfirmed = 0;
                try {
                    unconfirmed = sender.close(LONG);
                } catch (QuestDbException e) {
                    // The worker was in the middle of a row. With no complete row before it, nothing was sent.
                    same(Code.INVALID_STATE, e.code());
                    holds(e.outcome() == Outcome.COMMITTED || e.outcome() == Outcome.NOT_SENT, e.outcome().toString());
                }
                same(Code.INVALID_STATE, worker.end().code());
                same(0L, unconfirmed);
                same(ended[0], rowsOf(receiver, "t"));
            }
        }
    }

    static void testOneOfManyClosesAndTheOthersAgree() throws InterruptedException {
        Sender sender = Sender.fromConf(DOWN);
        sender.table("t").column("v", 1L).atNanos(1);
        List<Inside> closers = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            closers.add(new Inside(() -> sender.close(Duration.ofMillis(200))));
        }
        for (Inside closer : closers) {
            same(1L, closer.end().unconfirmedRows());
        }
    }

    static void testCancelEndsACallOfAnotherThread() throws InterruptedException {
        Sender sender = Sender.fromConf(DOWN);
        sender.cancel(); // nothing runs
        sender.table("t").column("v", 1L).atNanos(1);
        for (Call call : List.<Call>of(sender::flush, () -> sender.close(LONG))) {
            Inside inside = new Inside(call);
            while (inside.thread.isAlive()) {
                sender.cancel();
                Thread.onSpinWait();
            }
            QuestDbException e = inside.end();
            same(Code.CANCELLED, e.code());
            same(Outcome.NOT_SENT, e.outcome());
        }
    }

    static void testAnInterruptEndsEveryCallThatWaits() throws Exception {
        for (String what : List.of("flush", "at", "prepared", "columns", "begin", "commit", "own buffer", "close")) {
            Sender sender = Sender.fromConf(DOWN + (what.equals("commit") || what.equals("begin") ? "auto_flush=off;" : "")
                    + (List.of("at", "prepared", "columns").contains(what) ? "auto_flush_rows=1;" : ""));
            Call call = waiting(sender, what);
            Inside inside = new Inside(call);
            untilBusy(sender);
            inside.thread.interrupt();
            QuestDbException e = inside.end();
            same(what + " CANCELLED", what + " " + e.code());
            same(Outcome.NOT_SENT, e.outcome());
            holds(inside.interrupted, what + ": the thread stays marked as interrupted");
            if (!what.equals("close")) {
                same(what + ": 1", what + ": " + (what.equals("own buffer") ? 1 : sender.pending()));
                if (sender.inTransaction()) {
                    sender.rollback();
                }
                sender.clear();
                sender.close();
            }
        }
    }

    private static Call waiting(Sender sender, String what) {
        PreparedRow row = new PreparedRow("t", PreparedRow.Stamp.NANOS).add("v", PreparedRow.Kind.LONG);
        ColumnBatch batch = new ColumnBatch("t", ColumnBatch.Stamp.NANOS).add("v", ColumnBatch.Kind.LONG);
        Buffer buffer = sender.newBuffer();
        switch (what) {
            case "flush", "close", "begin" -> sender.table("t").column("v", 1L).atNanos(1);
            case "own buffer" -> buffer.table("t").column("v", 1L).atNanos(1);
            case "commit" -> {
                sender.begin("t");
                sender.table("t").column("v", 1L).atNanos(1);
            }
            default -> { }
        }
        return switch (what) {
            case "flush" -> sender::flush;
            case "at" -> () -> sender.table("t").column("v", 1L).atNanos(1);
            case "prepared" -> () -> sender.append(row.set(0, 1L), 1);
            case "columns" -> () -> sender.append(batch.set(0, new long[] {1}), new long[] {1});
            case "begin" -> () -> sender.begin("u");
            case "commit" -> sender::commit;
            case "own buffer" -> () -> sender.flush(buffer);
            default -> () -> sender.close(LONG);
        };
    }

    static void testAnInterruptEndsTheConstructor() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            String conf = "http::addr=127.0.0.1:" + silent.getLocalPort() + ";request_timeout=60000;retry_timeout=60000;";
            Inside inside = new Inside(() -> Sender.fromConf(conf).close());
            silent.accept(); // it has connected, and waits for an answer
            inside.thread.interrupt();
            QuestDbException e = inside.end();
            same(Code.CANCELLED, e.code());
            same(Outcome.NOT_SENT, e.outcome());
            holds(inside.interrupted, "the thread stays marked as interrupted");
        }
    }

    static void testAnInterruptBeforehand() throws InterruptedException {
        try (TestReceiver receiver = receiver()) {
            Sender sender = Sender.fromConf(receiver.http() + NO_AUTO_FLUSH);
            sender.table("t").column("v", 1L).atNanos(1);
            Inside inside = new Inside(() -> {
                Thread.currentThread().interrupt();
                same(Outcome.NOT_SENT, fails(Code.CANCELLED, sender::flush).outcome());
                fails(Code.CANCELLED, () -> Sender.fromConf(receiver.http()));
                // Closing is how one ends: it still sends.
                same(0L, sender.close(LONG));
            });
            same(null + "", inside.end() + "");
            same(null + "", inside.thrown.get() + "");
            holds(inside.interrupted, "the thread stays marked as interrupted");
            same(1L, rowsOf(receiver, "t"));
        }
    }

    /** The peer took everything and says nothing: IN_DOUBT is the truth. */
    static void testACancelledFlushTellsTheTrueOutcome() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Sender sender = Sender.fromConf("http::addr=127.0.0.1:" + silent.getLocalPort()
                    + ";protocol_version=2;request_timeout=60000;retry_timeout=60000;" + NO_AUTO_FLUSH);
            sender.table("t").column("v", 1L).atNanos(1);
            Inside inside = new Inside(sender::flush);
            try (var connection = silent.accept()) {
                byte[] head = new byte[4096];
                StringBuilder request = new StringBuilder();
                while (!request.toString().endsWith("t v=1i 1n\n")) {
                    int read = connection.getInputStream().read(head);
                    request.append(new String(head, 0, read, StandardCharsets.ISO_8859_1));
                }
                inside.thread.interrupt();
                QuestDbException e = inside.end();
                same(Code.CANCELLED, e.code());
                same(Outcome.IN_DOUBT, e.outcome());
                holds(e.inDoubt(), "in doubt");
                same(1L, sender.pending());
            }
            sender.clear();
            sender.close();
        }
    }

    static void testASenderMovesBetweenThreads() throws InterruptedException {
        try (TestReceiver receiver = receiver(); Sender sender = Sender.fromConf(receiver.http())) {
            for (int i = 0; i < 50; i++) {
                int at = i;
                Inside inside = new Inside(() -> sender.table("t").column("v", 1L).atNanos(at));
                same(null + "", inside.end() + "");
            }
            sender.flush();
            same(50L, rowsOf(receiver, "t"));
        }
    }

    // --- durations, times, texts, numbers -----------------------------------------------------------------------------

    private static long millis(Duration duration) throws Exception {
        Method millis = Class.forName("questdb.ingress.Time").getDeclaredMethod("millis", Duration.class);
        millis.setAccessible(true);
        try {
            return (long) millis.invoke(null, duration);
        } catch (java.lang.reflect.InvocationTargetException e) {
            throw (Exception) e.getCause();
        }
    }

    static void testTimeOuts() throws Exception {
        same(0L, millis(Duration.ZERO));
        same(0L, millis(Duration.ofNanos(-1)));
        same(0L, millis(Duration.ofDays(-1)));
        same(0L, millis(Duration.ofSeconds(Long.MIN_VALUE)));
        same(1L, millis(Duration.ofNanos(1)));
        same(1L, millis(Duration.ofMillis(1)));
        same(2L, millis(Duration.ofNanos(1_000_001)));
        same(Long.MAX_VALUE, millis(Duration.ofSeconds(Long.MAX_VALUE, 999_999_999)));
        fails(Code.INVALID_ARGUMENT, () -> millis(null));
        Sender sender = offline();
        same(0L, sender.close(Duration.ofSeconds(Long.MAX_VALUE)));
    }

    /** A server that never answers: a negative time is no time. */
    static void testANegativeCloseTimeOutIsZero() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Sender sender = Sender.fromConf("http::addr=127.0.0.1:" + silent.getLocalPort() + ";protocol_version=2;" + NO_AUTO_FLUSH);
            sender.table("t").column("v", 1L).atNanos(1);
            Inside inside = new Inside(() -> sender.close(Duration.ofSeconds(-5)));
            same(1L, inside.end().unconfirmedRows());
        }
    }

    static void testTimesThatDoNotFit() {
        try (Buffer rows = Buffer.of(3)) {
            Instant[] times = {Instant.EPOCH, Instant.ofEpochSecond(-1, 5), Instant.ofEpochSecond(9_223_372_036L, 854_775_807),
                Instant.ofEpochSecond(-9_223_372_037L, 145_224_192), Instant.parse("2300-01-01T00:00:00.123456789Z"),
                Instant.parse("0001-01-01T00:00:00Z"), Instant.parse("1677-01-01T00:00:00.000000999Z")};
            String[] sent = {"0n", "-999999995n", "9223372036854775807n", "-9223372036854775808n", "10413792000123456t",
                "-62135596800000000t", "-9246096000000000t"};
            for (int i = 0; i < times.length; i++) {
                rows.table("t").column("v", times[i]).atNanos(1);
                same("t v=" + sent[i] + " 1n\n", lines(rows));
                rows.clear();
            }
            for (Instant time : List.of(Instant.MAX, Instant.MIN)) {
                rows.table("t").column("v", 1L);
                fails(Code.INVALID_TIMESTAMP, () -> rows.column("w", time));
                fails(Code.INVALID_TIMESTAMP, () -> rows.at(time));
                rows.dropRow();
            }
            rows.table("t").column("v", 1L);
            fails(Code.INVALID_TIMESTAMP, () -> rows.at(Instant.parse("0001-01-01T00:00:00Z")));
            fails(Code.INVALID_TIMESTAMP, () -> rows.at(Instant.ofEpochSecond(-1)));
            fails(Code.INVALID_ARGUMENT, () -> rows.at(null));
            rows.at(Instant.parse("2600-01-01T00:00:00Z"));
            same("t v=1i 19880899200000000t\n", lines(rows));
        }
    }

    static void testTimesThatDoNotFitPreparedRows() {
        Instant late = Instant.parse("2300-01-01T00:00:00Z");
        for (PreparedRow.Stamp stamp : List.of(PreparedRow.Stamp.NANOS, PreparedRow.Stamp.MICROS)) {
            try (Buffer rows = Buffer.of(3); PreparedRow row = new PreparedRow("t", stamp)) {
                row.add("n", PreparedRow.Kind.NANOS).add("u", PreparedRow.Kind.MICROS).add("i", PreparedRow.Kind.LONG);
                fails(Code.INVALID_TIMESTAMP, () -> row.set(0, late));
                fails(Code.INVALID_TIMESTAMP, () -> row.set(1, Instant.MAX));
                fails(Code.INVALID_ARGUMENT, () -> row.set(2, late));
                row.set(0, Instant.ofEpochSecond(1)).set(1, late);
                boolean nanos = stamp == PreparedRow.Stamp.NANOS;
                if (nanos) {
                    fails(Code.INVALID_TIMESTAMP, () -> rows.append(row, late));
                }
                rows.append(row, nanos ? Instant.ofEpochSecond(2) : late);
                same("t n=1000000000n,u=10413792000000000t " + (nanos ? "2000000000n" : "10413792000000000t") + "\n", lines(rows));
            }
            try (ColumnBatch batch = new ColumnBatch("t", stamp).add("n", ColumnBatch.Kind.NANOS)) {
                fails(Code.INVALID_TIMESTAMP, () -> batch.set(0, new Instant[] {late}));
            }
        }
    }

    static void testTextIsUnicodeOrRefused() {
        try (Buffer rows = Buffer.of(3)) {
            String[] bad = {"\uD83D", "a\uDE00", "\uDE00\uD83D", "ok\uD83D!", "\uD83D\uD83D\uDE00"};
            for (String text : bad) {
                rows.table("t").symbol("s", "x");
                says(fails(Code.INVALID_UTF8, () -> rows.column("v", text)), "surrogate");
                fails(Code.INVALID_UTF8, () -> rows.symbol("v", text));
                fails(Code.INVALID_UTF8, () -> rows.column(text, 1L));
                fails(Code.INVALID_UTF8, () -> rows.columnDecimal("d", text));
                rows.dropRow();
                fails(Code.INVALID_UTF8, () -> rows.table(text));
                fails(Code.INVALID_UTF8, () -> Sender.fromConf("http::addr=" + text + ";"));
                fails(Code.INVALID_UTF8, () -> new PreparedRow(text, PreparedRow.Stamp.NOW));
                try (PreparedRow row = new PreparedRow("t", PreparedRow.Stamp.NOW).add("s", PreparedRow.Kind.STRING);
                        ColumnBatch batch = new ColumnBatch("t", ColumnBatch.Stamp.NOW).add("s", ColumnBatch.Kind.STRING)) {
                    fails(Code.INVALID_UTF8, () -> row.set(0, text));
                    fails(Code.INVALID_UTF8, () -> row.add(text, PreparedRow.Kind.LONG));
                    fails(Code.INVALID_UTF8, () -> batch.set(0, new String[] {"a", text}));
                }
            }
            Random random = new Random(1);
            for (int i = 0; i < 500; i++) {
                StringBuilder text = new StringBuilder();
                int[] limits = {0x80, 0x800, 0xD800, 0x110000};
                for (int j = random.nextInt(600); j > 0; j--) {
                    int point = random.nextInt(limits[random.nextInt(4)]);
                    text.appendCodePoint(point < 0x20 || point >= 0xD800 && point < 0xE000 || point == '"' || point == '\\'
                            ? 'x' : point);
                }
                rows.table("t").column("v", text.toString()).atNanos(1);
                same("t v=\"" + text + "\" 1n\n", new String(rows.bytes(), StandardCharsets.UTF_8));
                rows.clear();
            }
        }
    }

    static void testCharactersAndNulls() {
        try (Buffer rows = Buffer.of(3); PreparedRow row = new PreparedRow("t", PreparedRow.Stamp.NANOS)) {
            rows.table("t").symbol("s", 'a').column("c", 'b').column("d", (Character) 'c').atNanos(1);
            same("t,s=a c=\"b\",d=\"c\" 1n\n", lines(rows));
            rows.clear();
            rows.table("t").symbol("s", null).column("a", (String) null).column("b", (Long) null).column("c", (Double) null)
                    .column("d", (Boolean) null).column("e", (Character) null).column("f", (Instant) null)
                    .column("g", (double[]) null).column("h", (BigDecimal) null).columnDecimal("i", null)
                    .columnDecimal("j", 1, (byte[]) null).column("k", (BigInteger) null).column("l", 1L).atNanos(1);
            same("t l=1i 1n\n", lines(rows));
            rows.clear();
            rows.table("t").column("a", (Integer) 1).column("b", (Short) (short) 2).column("c", (Byte) (byte) 3)
                    .column("d", (Float) 1.5f).column("e", (Double) 2.5).column("f", 1).column("g", 1.5f).column("h", (Boolean) true)
                    .atNanos(1);
            same(8, lines(rows).split("[ ,]").length - 2);
            rows.clear();
            rows.table("t");
            says(fails(Code.INVALID_ARGUMENT, () -> rows.column(null, 1L)), "null");
            says(fails(Code.INVALID_ARGUMENT, () -> rows.symbol(null, "x")), "null");
            fails(Code.INVALID_ARGUMENT, () -> rows.column(null, (Long) null));
            fails(Code.INVALID_ARGUMENT, () -> rows.column("a", new java.util.concurrent.atomic.AtomicInteger(1)));
            fails(Code.INVALID_ARGUMENT, () -> rows.column("a", new double[0], (int[]) null));
            rows.dropRow();
            fails(Code.INVALID_ARGUMENT, () -> rows.table(null));
            fails(Code.INVALID_ARGUMENT, () -> Sender.fromConf(null));
            fails(Code.INVALID_ARGUMENT, () -> Config.of(null, "localhost"));
            fails(Code.INVALID_ARGUMENT, () -> new PreparedRow("t", null));
            fails(Code.INVALID_ARGUMENT, () -> row.add("v", null));
            row.add("v", PreparedRow.Kind.STRING).add("w", PreparedRow.Kind.LONG);
            row.set(0, 'x').set(1, 5L).set(1, (String) null);
            rows.append(row, 1);
            same("t v=\"x\" 1n\n", lines(rows));
            fails(Code.INVALID_ARGUMENT, () -> row.set(2, 1L));
            fails(Code.INVALID_ARGUMENT, () -> row.set(-1, 1L));
        }
    }

    static void testBigDecimals() {
        try (Buffer rows = Buffer.of(3)) {
            for (String text : List.of("0", "1E+5", "-1.5e+10", "0E+3", "0E-90", "-12.50", "1e75", "1e-76", "123456789012345678901234567890.5",
                    "9".repeat(76), "0." + "0".repeat(75) + "1" + "0".repeat(30))) {
                rows.table("t").column("d", new BigDecimal(text)).atNanos(1);
                byte[] sent = rows.bytes();
                int at = 5; // t d== and then the kind, the scale, the length and the number
                same('=', (char) sent[4]);
                BigInteger unscaled = new BigInteger(Arrays.copyOfRange(sent, at + 3, at + 3 + sent[at + 2]));
                same(0, new BigDecimal(text).compareTo(new BigDecimal(unscaled, sent[at + 1])));
                rows.clear();
            }
            rows.table("t").column("v", 1L);
            for (String text : List.of("1e76", "1e1000000000", "1e-77", "1e-1000000000", "9".repeat(77), "-" + "9".repeat(500))) {
                fails(Code.INVALID_DECIMAL, () -> rows.column("d", new BigDecimal(text)));
            }
            rows.atNanos(1);
        }
    }

    // --- the rest of the package --------------------------------------------------------------------------------------

    static void testOwnBuffers() {
        try (TestReceiver receiver = receiver(); Sender sender = Sender.fromConf(receiver.http()); Buffer rows = sender.newBuffer()) {
            rows.table("t").column("v", 1L).atMicros(1);
            rows.setMarker();
            rows.table("t").column("v", 2L).atNow();
            rows.rewindToMarker();
            rows.reserve(1000);
            holds(rows.capacity() >= 1000 && rows.length() > 0 && rows.isTransactional(), "facts");
            same(127L, rows.maxNameLen());
            same(sender.protocolVersion(), rows.protocolVersion());
            try (Buffer copy = rows.copy()) {
                rows.checkFlushable();
                sender.flushAndKeep(rows);
                sender.flushAndKeep(rows, true);
                same(1L, rows.pending());
                sender.flush(rows);
                same(0L, rows.pending());
                same(lines(copy), "t v=1i 1t\n");
                copy.table("u").column("v", 1L).atNanos(1);
                fails(Code.INVALID_STATE, () -> sender.flushAndKeep(copy, true));
            }
            same(3L, rowsOf(receiver, "t"));
            fails(Code.INVALID_ARGUMENT, () -> sender.flush(null));
            sender.flushIfDue();
            sender.connect();
        }
        fails(Code.INVALID_ARGUMENT, () -> Buffer.of(9));
        try (Buffer small = Buffer.of(2, 20, 1024, 2048)) {
            same(20L, small.maxNameLen());
            same(1024L, small.initBufSize());
            same(2048L, small.maxBufSize());
            fails(Code.LIMIT_EXCEEDED, () -> small.table("t").column("v", "x".repeat(3000)));
        }
    }

    static void testColumnBatches() {
        BigDecimal[] decimals = {new BigDecimal("1.5"), null, new BigDecimal("-2.25")};
        try (Buffer rows = Buffer.of(3); Buffer one = Buffer.of(3);
                ColumnBatch batch = new ColumnBatch("t", ColumnBatch.Stamp.NANOS)) {
            batch.add("sym", ColumnBatch.Kind.SYMBOL).add("dict", ColumnBatch.Kind.SYMBOL).add("b", ColumnBatch.Kind.BOOL)
                    .add("l", ColumnBatch.Kind.LONG).add("d", ColumnBatch.Kind.DOUBLE).add("s", ColumnBatch.Kind.STRING)
                    .add("n", ColumnBatch.Kind.NANOS).add("a", ColumnBatch.Kind.DOUBLE_ARRAY)
                    .add("m", ColumnBatch.Kind.DECIMAL);
            batch.set(0, new String[] {"x", "grüß", null}).set(1, new int[] {1, -1, 0}, new String[] {"no", "yes"})
                    .set(2, new boolean[] {true, false, true}).set(3, new long[] {1, 2, 3}).valid(3, new boolean[] {true, false, true})
                    .set(4, new double[] {0.5, 1.5, 2.5}).set(5, new String[] {null, "", "three"})
                    .set(6, new Instant[] {Instant.ofEpochSecond(1), null, Instant.ofEpochSecond(3)})
                    .set(7, new double[][] {{1, 2}, null, {3}}).set(8, decimals);
            rows.append(batch, new long[] {10, 20, 30});
            same(3L, rows.pending());
            one.table("t").symbol("sym", "x").symbol("dict", "yes").column("b", true).column("l", 1L).column("d", 0.5)
                    .columnNanos("n", 1_000_000_000L).column("a", new double[] {1, 2}).atNanos(10);
            String first = lines(one);
            String got = lines(rows);
            holds(got.startsWith(first.substring(0, first.length() - " 10n\n".length())), got);
            holds(got.contains("dict=no") && got.contains("s=\"three\"") && got.contains(" 20n\n"), got);
            fails(Code.INVALID_ARGUMENT, () -> rows.append(batch, new long[] {1, 2, 3}));
            batch.set(3, new long[2]);
            fails(Code.INVALID_ARGUMENT, () -> rows.append(batch, new long[3]));
            fails(Code.INVALID_ARGUMENT, () -> batch.set(9, new long[2]));
            fails(Code.INVALID_ARGUMENT, () -> batch.set(0, (long[]) null));
            fails(Code.INVALID_ARGUMENT, () -> rows.append(batch, null));
            batch.clear();
        }
        try (ColumnBatch wrong = new ColumnBatch("t", ColumnBatch.Stamp.NOW).add("s", ColumnBatch.Kind.SYMBOL); Buffer rows = Buffer.of(3)) {
            wrong.set(0, new int[] {2}, new String[] {"a"});
            fails(Code.INVALID_ARGUMENT, () -> rows.append(wrong, null));
            rows.append(wrong.set(0, new int[] {0, 0}, new String[] {"a"}), null);
            same("t,s=a\nt,s=a\n", lines(rows));
        }
    }

    static void testAFailedAppendKeepsTheCells() {
        try (Buffer rows = Buffer.of(3); PreparedRow row = new PreparedRow("t", PreparedRow.Stamp.NANOS)) {
            row.add("v", PreparedRow.Kind.LONG).add("w", PreparedRow.Kind.STRING);
            row.set(0, 1L).set(1, 2L);
            fails(Code.INVALID_ARGUMENT, () -> rows.append(row, 1));
            row.set(1, "two");
            rows.append(row, 1);
            same("t v=1i,w=\"two\" 1n\n", lines(rows));
            fails(Code.INVALID_STATE, () -> rows.append(row, 1)); // all cells are NULL
            row.set(0, 1L).clear();
            row.set(0, 3L);
            rows.append(row, 2);
            same(2L, rows.pending());
        }
    }

    static void testConfigurations() {
        try (Config config = Config.of(Config.Protocol.HTTP, "127.0.0.1:1").protocolVersion(2).autoFlush(false)
                .retryTimeout(Duration.ofMillis(1)).delivery(Config.Delivery.AT_MOST_ONCE).validate(); Config copy = config.copy()) {
            says(fails(Code.CONFIG, () -> config.maxBufSize(0)), "max_buf_size");
            fails(Code.CONFIG, () -> config.set("no_such_key", "1"));
            fails(Code.CONFIG, () -> config.requestTimeout(Duration.ofSeconds(-1)));
            copy.maxNameLen(33).lazyConnect(true);
            try (Sender a = Sender.from(config); Sender b = Sender.from(copy)) {
                same(127L, a.maxNameLen());
                same(33L, b.maxNameLen());
            }
            copy.close();
            fails(Code.INVALID_STATE, copy::validate);
            fails(Code.INVALID_STATE, () -> Sender.from(copy));
        }
        if (System.getenv("QDB_CLIENT_CONF") == null) {
            fails(Code.CONFIG, Config::fromEnv);
            fails(Code.CONFIG, Sender::fromEnv);
        } else {
            Config.fromEnv().close();
            Sender.fromEnv().close();
        }
    }

    static void testEveryOptionHasASetter() throws Exception {
        String options = Files.readString(Path.of(System.getProperty("questdb.root"), "doc/options.md"));
        List<String> methods = Stream.of(Config.class.getMethods()).map(Method::getName).collect(Collectors.toList());
        List<String> missing = options.lines().filter(l -> l.startsWith("| [`")).map(l -> l.split("`")[1]).filter(key -> {
            StringBuilder name = new StringBuilder();
            // A Duration has its unit, so no setter is named after one.
            for (String part : key.replaceFirst("_ms$", "").split("_")) {
                name.append(name.length() == 0 ? part : Character.toUpperCase(part.charAt(0)) + part.substring(1));
            }
            return !methods.contains(name.toString());
        }).collect(Collectors.toList());
        same(List.of(), missing);
    }

    static void testErrorsTellEverything() {
        try (TestReceiver receiver = receiver()) {
            Sender sender = Sender.fromConf(receiver.http() + NO_AUTO_FLUSH);
            sender.table("t").column("v", 1L).atNanos(1);
            sender.flush();
            sender.table("t").column("v", "text").atNanos(2);
            QuestDbException e = fails(Code.REJECTED, sender::flush);
            same("REJECTED", e.codeName());
            same(Outcome.REJECTED, e.outcome());
            same(1, e.attempts());
            same(0, e.inDoubtAttempts());
            same(400, e.httpStatus());
            same(-1L, e.retryAfterMillis());
            same(1L, e.serverLine());
            same("invalid", e.serverCode());
            holds(!e.serverErrorId().isEmpty() && e.bytesSent() > 0 && e.elapsedMillis() >= 0, "facts");
            holds(!e.retryable() && !e.inDoubt() && !e.rowAccepted(), "flags");
            same(0L, e.earlierRowsInDoubt());
            same(e.getMessage(), sender.lastError().get().getMessage());
            sender.clear();
            sender.close();
        }
    }

    /** The peer resets the connection after a first flush: the second one tells how many rows are in doubt. */
    static void testEarlierRowsInDoubt() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Sender sender = Sender.fromConf("tcp::addr=127.0.0.1:" + server.getLocalPort() + ";auto_flush=off;");
            try (var peer = server.accept()) {
                for (int i = 0; i < 3; i++) {
                    sender.table("t").column("v", 1L).atNanos(i);
                }
                sender.flush();
                peer.setSoLinger(true, 0);
            }
            sender.table("t").column("v", 2L).atNanos(9);
            QuestDbException e = null;
            // The reset takes a moment to arrive.
            for (int i = 0; i < 10_000 && e == null; i++) {
                try {
                    sender.flush();
                    sender.table("t").column("v", 2L).atNanos(9);
                } catch (QuestDbException thrown) {
                    e = thrown;
                }
            }
            same(Code.CONNECTION, e.code());
            holds(e.earlierRowsInDoubt() >= 3, "earlier rows in doubt: " + e.earlierRowsInDoubt());
            sender.clear();
            try {
                sender.close();
            } catch (QuestDbException again) {
                holds(again.earlierRowsInDoubt() >= 0, "also of close");
            }
        }
    }

    static void testTheReceiverHelper() {
        try (TestReceiver receiver = receiver("--create-decimals"); Sender tcp = Sender.fromConf(receiver.tcp())) {
            receiver.create("made", "v:LONG", "timestamp:TIMESTAMP");
            tcp.table("made").column("v", 1L).atMicros(1);
            tcp.flush();
            while (rowsOf(receiver, "made") < 1) {
                Thread.onSpinWait();
            }
            receiver.clear();
            same(List.of(), receiver.tables());
        }
    }

    static void testHandlesThatNobodyClosesAreFreed() throws Exception {
        for (int i = 0; i < 2000; i++) {
            Buffer.of(3, 127, 1 << 20, 1 << 20).table("t").column("v", "x".repeat(900_000)).atNanos(1); // 2 GB, were they kept
            if (i % 20 == 0) {
                System.gc();
                Thread.sleep(1); // the cleaner's turn
            }
        }
        long resident = Files.readAllLines(Path.of("/proc/self/status")).stream().filter(l -> l.startsWith("VmRSS"))
                .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", ""))).findFirst().orElse(0);
        holds(resident < 1_500_000, resident + " KiB are resident");
    }

    // --- the C functions ----------------------------------------------------------------------------------------------

    /** Every function is used by the package, or listed with a reason. */
    static void testTheLedgerOfFunctions() throws IOException {
        Path root = Path.of(System.getProperty("questdb.root"));
        String used = "";
        try (Stream<Path> files = Files.list(root.resolve("bindings/java/src/main/java/questdb/ingress"))) {
            for (Path file : files.collect(Collectors.toList())) {
                String name = file.getFileName().toString();
                if (!name.endsWith("Native.java") && !name.equals("Rare.java")) {
                    used += Files.readString(file);
                }
            }
        }
        List<String> listed = read(root.resolve("tests/conformance/java/not_wrapped.txt"));
        TreeSet<String> missing = new TreeSet<>();
        TreeSet<String> needless = new TreeSet<>(listed);
        for (String function : read(root.resolve("capi/abi/symbols.txt"))) {
            boolean wrapped = java.util.regex.Pattern.compile("\\b[cC](\\.|::)" + function + "\\b").matcher(used).find();
            if (!wrapped && !listed.contains(function)) {
                missing.add(function);
            }
            if (!wrapped) {
                needless.remove(function);
            }
        }
        same(new TreeSet<String>(), missing);
        same(new TreeSet<String>(), needless);
    }

    /** An override has the comment of what it overrides. */
    static void testEveryPublicMethodSaysWhatItDoes() throws IOException {
        Path root = Path.of(System.getProperty("questdb.root"));
        TreeSet<String> silent = new TreeSet<>();
        int count = 0;
        try (Stream<Path> files = Files.list(root.resolve("bindings/java/src/main/java/questdb/ingress"))) {
            for (Path file : files.collect(Collectors.toList())) {
                String before = "";
                for (String line : Files.readAllLines(file)) {
                    String text = line.trim();
                    if (text.startsWith("@")) {
                        before += text;
                        continue;
                    }
                    if (text.startsWith("public ") || text.startsWith("protected ")) {
                        count++;
                        if (!before.contains("*/") && !before.contains("@Override")) {
                            silent.add(file.getFileName() + ": " + text);
                        }
                    }
                    before = text;
                }
            }
        }
        same(new TreeSet<String>(), silent);
        holds(count > 200, count + " methods and classes");
    }

    private static List<String> read(Path file) throws IOException {
        return Files.readAllLines(file).stream().filter(l -> !l.startsWith("#") && !l.isBlank()).map(l -> l.split(" ")[0])
                .collect(Collectors.toList());
    }
}
