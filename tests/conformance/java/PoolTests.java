import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import questdb.ingress.Buffer;
import questdb.ingress.Completion;
import questdb.ingress.Config;
import questdb.ingress.Pool;
import questdb.ingress.PoolReport;
import questdb.ingress.QuestDbException;
import questdb.ingress.QuestDbException.Code;
import questdb.ingress.QuestDbException.Outcome;
import questdb.ingress.SubmitOptions;
import questdb.ingress.TestReceiver;

/** Tests of the pool, as those in {@link Tests}. They wait for what they want to see, however long the machine takes. */
public final class PoolTests {
    private static final Duration LONG = Duration.ofSeconds(120);
    /** A batch ends only when the test lets it. */
    private static final String PATIENT = "request_timeout=600000;retry_timeout=600000;";

    private PoolTests() { }

    public static void main(String[] args) throws Exception {
        Tests.run(PoolTests.class, args);
    }

    /** Answers with one status, when the gate is open, and keeps what it was sent. */
    private static final class Server implements AutoCloseable {
        private final HttpServer http;
        private final ExecutorService threads = Executors.newCachedThreadPool();
        private final CountDownLatch gate;
        private final List<String> lines = new ArrayList<>();
        private int requests;
        volatile int status = 204;

        Server(boolean open) throws IOException {
            gate = new CountDownLatch(open ? 0 : 1);
            http = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
            http.createContext("/", this::answer);
            http.setExecutor(threads);
            http.start();
        }

        private void answer(HttpExchange exchange) throws IOException {
            List<String> got = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8).lines().toList();
            synchronized (this) {
                requests++;
                lines.addAll(got);
            }
            try {
                gate.await();
            } catch (InterruptedException e) {
                return;
            }
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        }

        String conf() {
            return "http::addr=127.0.0.1:" + http.getAddress().getPort() + ";protocol_version=1;" + PATIENT;
        }

        synchronized int requests() {
            return requests;
        }

        synchronized List<String> lines() {
            return new ArrayList<>(lines);
        }

        void open() {
            gate.countDown();
        }

        @Override
        public void close() {
            open();
            http.stop(0);
            threads.shutdownNow();
        }
    }

    private static Buffer filled(Pool pool, int rows) {
        Buffer buffer = pool.newBuffer();
        for (int i = 0; i < rows; i++) {
            buffer.table("t").column("v", (long) i).atNow();
        }
        return buffer;
    }

    private static Completion ended(CompletableFuture<Completion> future) throws Exception {
        return future.get(LONG.toSeconds(), TimeUnit.SECONDS);
    }

    private static void until(BooleanSupplier so) throws InterruptedException {
        for (long end = System.nanoTime() + LONG.toNanos(); !so.getAsBoolean(); Thread.sleep(1)) {
            Tests.holds(System.nanoTime() < end, "it did not happen in time");
        }
    }

    /** A pool that is closing takes no more batches; here they are empty. */
    private static void untilClosing(Pool pool) throws InterruptedException {
        until(() -> {
            try {
                pool.submit(Buffer.of(1));
                return false;
            } catch (QuestDbException e) {
                return e.code() == Code.INVALID_STATE;
            }
        });
    }

    static void testABatchAndWhatBecameOfIt() throws Exception {
        try (TestReceiver receiver = Tests.receiver(); Pool pool = Pool.fromConf(receiver.http())) {
            Buffer buffer = filled(pool, 3);
            long bytes = buffer.bytes().length;
            CompletableFuture<Completion> future = pool.submit(buffer);
            Tests.same(0L, buffer.pending());
            Completion done = ended(future).orThrow();
            Tests.same(Outcome.COMMITTED, done.outcome());
            Tests.same(3L, done.rows());
            Tests.same(bytes, done.bytes());
            Tests.same(1, done.attempts());
            Tests.same(0, done.inDoubtAttempts());
            Tests.holds(done.failedRows().isEmpty(), "there are failed rows");
            Tests.holds(!future.cancel(true), "a batch that is complete was cancelled");
            buffer.table("t").column("v", 4L).atNow();
            Tests.same(1L, ended(pool.submit(buffer)).rows());
            Tests.same(4L, pool.stat(Pool.Stat.ROWS_SENT));
            Tests.same(0L, ended(pool.submit(buffer)).rows()); // an empty one
            Tests.same(4L, Tests.rowsOf(receiver, "t"));
            PoolReport report = pool.close(LONG);
            Tests.holds(report.error().isEmpty() && report.unsentRows() + report.rowsInDoubt() == 0, report.toString());
            Tests.same(4L, pool.stat(Pool.Stat.ROWS_SENT));
        }
        try (TestReceiver receiver = Tests.receiver(); Config config = Config.fromConf(receiver.tcp());
                Pool pool = Pool.from(config, Runnable::run)) {
            Tests.same(Outcome.SUBMITTED, ended(pool.submit(filled(pool, 1))).outcome());
        }
    }

    /** Batches of one key arrive in the order of their submission, whatever the other threads do. */
    static void testOrderOfManyThreads() throws Exception {
        try (Server server = new Server(true)) {
            try (Pool pool = Pool.fromConf(server.conf() + "sender_pool_max=4;queue_max_bytes=4096;"
                    + "acquire_timeout_ms=600000;")) {
                List<Tests.Inside> threads = new ArrayList<>();
                for (int t = 0; t < 8; t++) {
                    int number = t;
                    threads.add(new Tests.Inside(() -> {
                        SubmitOptions order = new SubmitOptions().orderKey(number);
                        List<CompletableFuture<Completion>> futures = new ArrayList<>();
                        Buffer buffer = pool.newBuffer();
                        for (int i = 0; i < 50; i++) {
                            buffer.table("t" + number).column("v", (long) i).atNow();
                            futures.add(pool.submit(buffer, order));
                        }
                        for (CompletableFuture<Completion> future : futures) {
                            Tests.same(Outcome.COMMITTED, ended(future).outcome());
                        }
                    }));
                }
                for (Tests.Inside thread : threads) {
                    thread.thread.join();
                    Tests.holds(thread.thrown.get() == null, "" + thread.thrown.get());
                }
                Tests.holds(pool.drain(LONG), "drained");
                Tests.same(400L, pool.stat(Pool.Stat.ROWS_SENT));
                Tests.same(0L, pool.stat(Pool.Stat.QUEUE_BYTES));
            }
            Map<String, Integer> next = new HashMap<>();
            for (String line : server.lines()) {
                String[] parts = line.split("[ =]");
                Tests.same(next.merge(parts[0], 1, Integer::sum) - 1, Integer.parseInt(parts[2].replace("i", "")));
            }
            Tests.same(8, next.size());
            Tests.same(400, server.lines().size());
        }
    }

    static void testRefusedRowsComeBack() throws Exception {
        try (Server server = new Server(true); Pool pool = Pool.fromConf(server.conf())) {
            server.status = 400;
            Buffer buffer = filled(pool, 2);
            String rows = Tests.lines(buffer);
            Completion done = ended(pool.submit(buffer));
            Tests.same(Outcome.REJECTED, done.outcome());
            Tests.same(Code.REJECTED, done.error().orElseThrow().code());
            Tests.same(400, done.error().get().httpStatus());
            Tests.fails(Code.REJECTED, done::orThrow);
            Buffer failed = done.failedRows().orElseThrow();
            Tests.same(rows, Tests.lines(failed));
            server.status = 204;
            Tests.same(Outcome.COMMITTED, ended(pool.submit(failed)).outcome());
            Tests.same(0L, failed.pending());
            failed.close();
        }
    }

    /** Without the flag a batch that is being sent goes on; the futures tell the true outcome. */
    static void testCancel() throws Exception {
        try (Server server = new Server(false); Pool pool = Pool.fromConf(server.conf() + "sender_pool_max=1;")) {
            CompletableFuture<Completion> sent = pool.submit(filled(pool, 1));
            until(() -> server.requests() == 1);
            CompletableFuture<Completion> waits = pool.submit(filled(pool, 2));
            Tests.holds(sent.cancel(false), "it was not complete");
            Tests.holds(waits.cancel(false), "it was not complete");
            Completion done = ended(waits);
            Tests.same(Outcome.NOT_SENT, done.outcome());
            Tests.same(Code.CANCELLED, done.error().orElseThrow().code());
            Tests.same(2L, done.failedRows().orElseThrow().pending());
            Tests.holds(!sent.isDone() && !waits.isCancelled(), "the one that is being sent goes on");
            Tests.holds(sent.cancel(true), "it was not complete");
            done = ended(sent);
            Tests.same(Outcome.IN_DOUBT, done.outcome());
            Tests.same(1, done.inDoubtAttempts());
            Tests.same(1L, done.failedRows().orElseThrow().pending());
            server.open();
            Tests.same(Outcome.COMMITTED, ended(pool.submit(filled(pool, 1))).outcome());
        }
    }

    static void testAFullQueue() throws Exception {
        try (Server server = new Server(false); Pool pool = Pool.fromConf(
                server.conf() + "sender_pool_max=1;queue_max_bytes=1024;acquire_timeout_ms=30;")) {
            CompletableFuture<Completion> first = pool.submit(filled(pool, 100));
            Buffer rest = filled(pool, 100);
            String rows = Tests.lines(rest);
            for (Map.Entry<Duration, String> limit : Map.of(Duration.ZERO, "within 0 ms", Duration.ofMillis(40), "within 40 ms",
                    Duration.ofSeconds(-1), "within 0 ms").entrySet()) {
                QuestDbException e = Tests.fails(Code.TIMEOUT,
                        () -> pool.submit(rest, new SubmitOptions().timeout(limit.getKey())));
                Tests.says(e, "no room in the queue " + limit.getValue());
                Tests.holds(e.retryable(), "it may be repeated");
            }
            Tests.says(Tests.fails(Code.TIMEOUT, () -> pool.submit(rest)), "within 30 ms");
            Tests.same(rows, Tests.lines(rest));
            Tests.fails(Code.LIMIT_EXCEEDED, () -> pool.submit(filled(pool, 1000)));

            SubmitOptions patient = new SubmitOptions().timeout(LONG);
            Tests.Inside interrupted = new Tests.Inside(() -> pool.submit(rest, patient));
            interrupted.thread.interrupt();
            QuestDbException e = interrupted.end();
            Tests.same(Code.CANCELLED, e.code());
            Tests.holds(interrupted.interrupted, "the flag is kept");
            Tests.same(rows, Tests.lines(rest));

            AtomicReference<CompletableFuture<Completion>> later = new AtomicReference<>();
            Tests.Inside waits = new Tests.Inside(() -> later.set(pool.submit(rest, patient)));
            server.open();
            waits.thread.join();
            Tests.same(100L, ended(later.get()).orThrow().rows());
            Tests.same(100L, ended(first).orThrow().rows());
        }
    }

    static void testCloseWithRowsLeft() throws Exception {
        try (Server server = new Server(false)) {
            Pool pool = Pool.fromConf(server.conf() + "sender_pool_max=1;queue_max_bytes=1024;acquire_timeout_ms=600000;");
            List<CompletableFuture<Completion>> futures = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                futures.add(pool.submit(filled(pool, 1)));
            }
            Buffer large = filled(pool, 125); // finds no room before the close
            Tests.Inside waits = new Tests.Inside(() -> pool.submit(large));
            until(() -> server.requests() == 1);
            Tests.holds(!pool.drain(Duration.ofMillis(1)), "nothing is sent yet");
            PoolReport report = pool.close(Duration.ZERO);
            Tests.same(Code.CANCELLED, report.error().orElseThrow().code());
            Tests.same(2L, report.unsentRows());
            Tests.same(1L, report.rowsInDoubt());
            Tests.same(Code.INVALID_STATE, waits.end().code());
            Tests.same(125L, large.pending());
            Tests.same(Outcome.IN_DOUBT, ended(futures.get(0)).outcome());
            for (CompletableFuture<Completion> future : futures.subList(1, 3)) {
                Tests.same(Outcome.NOT_SENT, ended(future).outcome());
                Tests.same(1L, future.get().failedRows().orElseThrow().pending());
                Tests.holds(!future.cancel(true), "it is complete");
            }
            Tests.same(report, pool.close(LONG));
            pool.close();
            Tests.says(Tests.fails(Code.INVALID_STATE, () -> pool.submit(large)), "closed");
            Tests.says(Tests.fails(Code.INVALID_STATE, pool::newBuffer), "closed");
            Tests.holds(pool.drain(Duration.ZERO), "nothing is left");
            Tests.same(2L, pool.stat(Pool.Stat.ROWS_NOT_STORED));
            Tests.same(1L, pool.stat(Pool.Stat.ROWS_IN_DOUBT));
            Tests.same(0L, pool.stat(Pool.Stat.WORKERS));
        }
    }

    /** The end of a try block tells what the last batches came to. */
    static void testTheEndOfABlockThrows() throws Exception {
        try (Server server = new Server(false)) {
            server.status = 400;
            QuestDbException e = Tests.fails(Code.REJECTED, () -> {
                try (Pool pool = Pool.fromConf(server.conf())) {
                    pool.submit(filled(pool, 1));
                    until(() -> server.requests() == 1);
                    new Tests.Inside(() -> {
                        untilClosing(pool);
                        server.open();
                    });
                }
            });
            Tests.same(Outcome.REJECTED, e.outcome());
        }
    }

    static void testAnInterruptEndsTheClose() throws Exception {
        try (Server server = new Server(false)) {
            Pool pool = Pool.fromConf(server.conf());
            CompletableFuture<Completion> future = pool.submit(filled(pool, 1));
            until(() -> server.requests() == 1);
            AtomicReference<PoolReport> report = new AtomicReference<>();
            Tests.Inside close = new Tests.Inside(() -> report.set(pool.close(Duration.ofHours(1))));
            untilClosing(pool);
            close.thread.interrupt();
            close.thread.join();
            Tests.holds(close.interrupted, "the flag is kept");
            Tests.same(Code.CANCELLED, report.get().error().orElseThrow().code());
            Tests.same(Outcome.IN_DOUBT, ended(future).outcome());
        }
    }

    /** Dependents that throw, block or close the pool stop nothing. They are there before the batches are complete. */
    static void testWhatDependsOnAFutureHoldsNothing() throws Exception {
        CountDownLatch held = new CountDownLatch(1);
        ExecutorService own = Executors.newCachedThreadPool();
        try (Server server = new Server(false); Pool pool = Pool.fromConf(server.conf(), own)) {
            CompletableFuture<?> throwing = pool.submit(filled(pool, 1)).thenAccept(done -> {
                throw new IllegalStateException("of the program");
            });
            CompletableFuture<?> blocking = pool.submit(filled(pool, 1)).thenAccept(done -> {
                try {
                    held.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            CompletableFuture<Completion> nested = pool.submit(filled(pool, 1)).thenCompose(done -> pool.submit(filled(pool, 2)));
            server.open();
            for (int i = 0; i < 100; i++) {
                Tests.same(1L, ended(pool.submit(filled(pool, 1))).orThrow().rows());
            }
            Tests.same(2L, ended(nested).rows());
            Tests.holds(!blocking.isDone(), "it is still held");
            held.countDown();
            blocking.get(LONG.toSeconds(), TimeUnit.SECONDS);
            Tests.holds(throwing.handle((done, e) -> e.getCause()).get() instanceof IllegalStateException, "its own exception");

            AtomicReference<Thread> ran = new AtomicReference<>();
            pool.submit(filled(pool, 1)).thenAcceptAsync(done -> ran.set(Thread.currentThread())).get();
            Tests.holds(ran.get().getName().startsWith("pool-"), "a thread of the executor, not " + ran.get());
            own.shutdown();
            Tests.same(1L, ended(pool.submit(filled(pool, 1))).orThrow().rows());
            Tests.holds(pool.submit(filled(pool, 1)).thenApply(done -> pool.close(LONG)).get().error().isEmpty(), "closed by a dependent");
        }
    }

    /** As many virtual threads as there are carriers, and more, wait for room; others run nevertheless. */
    static void testVirtualThreadsThatWaitHoldNoCarrier() throws Exception {
        java.util.function.Function<Runnable, Thread> start = virtual();
        if (start == null) {
            System.out.println("  this Java has no virtual threads");
            return;
        }
        try (Server server = new Server(false); Pool pool = Pool.fromConf(server.conf() + "sender_pool_max=1;queue_max_bytes=1024;"
                + "acquire_timeout_ms=600000;")) {
            pool.submit(filled(pool, 100));
            int count = 4 * Runtime.getRuntime().availableProcessors() + 20;
            CountDownLatch began = new CountDownLatch(count);
            List<CompletableFuture<Completion>> futures = new ArrayList<>();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                Buffer rows = filled(pool, 100);
                threads.add(start.apply(() -> {
                    began.countDown();
                    CompletableFuture<Completion> future = pool.submit(rows);
                    synchronized (futures) {
                        futures.add(future);
                    }
                }));
            }
            Tests.holds(began.await(LONG.toSeconds(), TimeUnit.SECONDS), "all of them began");
            CountDownLatch free = new CountDownLatch(1);
            start.apply(free::countDown);
            Tests.holds(free.await(LONG.toSeconds(), TimeUnit.SECONDS), "another virtual thread runs");
            Tests.same(0, futures.size());
            server.open();
            for (Thread thread : threads) {
                thread.join();
            }
            Tests.same(count, futures.size());
            for (CompletableFuture<Completion> future : futures) {
                Tests.same(100L, ended(future).orThrow().rows());
            }
        }
    }

    private static java.util.function.Function<Runnable, Thread> virtual() {
        try {
            java.lang.reflect.Method start = Thread.class.getMethod("startVirtualThread", Runnable.class);
            start.invoke(null, (Runnable) () -> { });
            return task -> {
                try {
                    return (Thread) start.invoke(null, task);
                } catch (ReflectiveOperationException e) {
                    throw new AssertionError(e);
                }
            };
        } catch (ReflectiveOperationException e) {
            return null;
        }
    }

    /** Pools that nobody closes go with their threads and connections, once their batches are complete. */
    static void testPoolsThatNobodyClosesAreFreed() throws Exception {
        try (Server server = new Server(false)) {
            List<CompletableFuture<Completion>> futures = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                Pool pool = Pool.fromConf(server.conf());
                futures.add(pool.submit(filled(pool, 1)));
            }
            until(() -> threads() >= 20 && readers() >= 20);
            System.gc();
            server.open();
            for (CompletableFuture<Completion> future : futures) {
                Tests.same(1L, ended(future).orThrow().rows());
            }
            until(() -> {
                System.gc();
                return threads() == 0 && readers() == 0;
            });
        }
    }

    private static long readers() {
        return Thread.getAllStackTraces().keySet().stream().filter(t -> t.getName().equals("questdb-ingress-pool")).count();
    }

    /** How many threads of pools in C this process has. */
    private static int threads() {
        int count = 0;
        try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
            for (Path task : tasks.toList()) {
                try {
                    count += Files.readString(task.resolve("comm")).startsWith("questdb-pool") ? 1 : 0;
                } catch (IOException e) {
                    // It has ended.
                }
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return count;
    }

    /** What several threads do with one pool, its end included: the process lives, and every future ends, once. */
    static void testAnythingFromManyThreads() throws Exception {
        for (int round = 0; round < 20; round++) {
            try (Server server = new Server(round % 2 == 0)) {
                Pool pool = Pool.fromConf(server.conf() + "sender_pool_max=2;queue_max_bytes=2000;acquire_timeout_ms=1;");
                List<CompletableFuture<Completion>> futures = new ArrayList<>();
                List<Tests.Inside> threads = new ArrayList<>();
                for (int t = 0; t < 6; t++) {
                    int seed = round * 10 + t;
                    threads.add(new Tests.Inside(() -> anything(pool, new java.util.Random(seed), futures)));
                }
                for (Tests.Inside thread : threads) {
                    QuestDbException e = thread.end();
                    Tests.holds(e == null || e.code() == Code.INVALID_STATE, "" + e);
                    Tests.holds(e == thread.thrown.get(), "" + thread.thrown.get());
                }
                pool.close(Duration.ZERO);
                HashSet<CompletableFuture<Completion>> all = new HashSet<>(futures);
                for (CompletableFuture<Completion> future : all) {
                    Completion done = ended(future);
                    Tests.holds(done.error().isPresent() == done.failedRows().isPresent(), done.toString());
                    Tests.holds(done.rows() == 3, done.toString());
                }
            }
        }
    }

    private static void anything(Pool pool, java.util.Random random, List<CompletableFuture<Completion>> futures) {
        Buffer buffer = filled(pool, 3);
        for (int i = 0; i < 200; i++) {
            CompletableFuture<Completion> some;
            synchronized (futures) {
                some = futures.isEmpty() ? new CompletableFuture<>() : futures.get(random.nextInt(futures.size()));
            }
            switch (random.nextInt(8)) {
                case 0, 1, 2 -> {
                    try {
                        CompletableFuture<Completion> future = pool.submit(buffer, new SubmitOptions().orderKey(i % 3));
                        synchronized (futures) {
                            futures.add(future);
                        }
                        buffer = filled(pool, 3);
                    } catch (QuestDbException e) {
                        if (e.code() != Code.TIMEOUT) {
                            throw e;
                        }
                    }
                }
                case 3 -> some.cancel(true);
                case 4 -> some.cancel(false);
                case 5 -> pool.stat(Pool.Stat.values()[i % 8]);
                case 6 -> pool.drain(Duration.ZERO);
                default -> {
                    if (i > 150 && random.nextInt(20) == 0) {
                        pool.close(Duration.ofMillis(i % 5));
                    }
                }
            }
        }
    }

    static void testWrongArguments() throws Exception {
        Tests.fails(Code.CONFIG, () -> Pool.fromConf("http::addr=localhost:9000;no_such_key=1;"));
        try (Server server = new Server(true); Pool pool = Pool.fromConf(server.conf())) {
            Buffer buffer = filled(pool, 1);
            Tests.fails(Code.INVALID_ARGUMENT, () -> pool.submit(null));
            Tests.fails(Code.INVALID_ARGUMENT, () -> pool.submit(buffer, null));
            Tests.fails(Code.INVALID_ARGUMENT, () -> new SubmitOptions().timeout(null));
            Tests.fails(Code.INVALID_ARGUMENT, () -> pool.drain(null));
            Tests.fails(Code.INVALID_ARGUMENT, () -> pool.close(null));
            buffer.table("t").column("v", 1L);
            Tests.fails(Code.INVALID_STATE, () -> pool.submit(buffer));
            buffer.dropRow();
            Tests.same(1L, buffer.pending());
            buffer.close();
            Tests.fails(Code.INVALID_STATE, () -> pool.submit(buffer));
        }
    }
}
