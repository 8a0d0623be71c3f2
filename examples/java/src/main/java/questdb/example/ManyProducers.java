package questdb.example;

import java.io.FileOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import questdb.ingress.Buffer;
import questdb.ingress.Completion;
import questdb.ingress.Pool;
import questdb.ingress.QuestDbException;
import questdb.ingress.SubmitOptions;

/**
 * Many producers, one pool: threads hand their rows over and go on, and the rows of batches that failed go to a file. Those in
 * doubt may be stored already: sent again without dedup keys they may be there twice. Ends after so many batches of each, or in
 * order on SIGTERM. The arguments are the connection string, the number of batches and the file.
 */
public final class ManyProducers {
    private static volatile boolean stopped;
    private static FileOutputStream file;
    private static long stored, notStored, inDoubt;

    public static void main(String[] args) throws IOException {
        CompletableFuture<Void> ended = new CompletableFuture<>();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            stopped = true;
            ended.join(); // the process ends when this returns
        }));
        int batches = args.length > 1 ? Integer.parseInt(args[1]) : 1000;
        try (FileOutputStream failed = new FileOutputStream(args.length > 2 ? args[2] : "failed.txt", true)) {
            file = failed;
            run(Pool.fromConf(args.length > 0 ? args[0] : "http::addr=localhost:9000;"), batches);
        } finally {
            ended.complete(null);
        }
    }

    private static void run(Pool pool, int batches) {
        ExecutorService threads = Executors.newCachedThreadPool(); // newVirtualThreadPerTaskExecutor will do as well
        List<CompletableFuture<CompletableFuture<Void>>> producers = Stream.of("a", "b", "c", "d")
                .map(name -> CompletableFuture.supplyAsync(() -> produce(pool, name, batches), threads)).toList();
        List<CompletableFuture<Void>> completions = producers.stream().map(CompletableFuture::join).toList();
        threads.shutdown();
        pool.close(Duration.ofSeconds(10)); // sends the rest; whatever it could not send is a completion too
        completions.forEach(CompletableFuture::join);
        System.out.println(stored + " rows stored, " + notStored + " not stored, " + inDoubt + " in doubt");
    }

    /** Returns what ends when all batches of this producer have. */
    private static CompletableFuture<Void> produce(Pool pool, String name, int batches) {
        SubmitOptions ordered = new SubmitOptions().orderKey(name.charAt(0)); // its batches stay in their order
        CompletableFuture<Void> all = CompletableFuture.completedFuture(null);
        try (Buffer buffer = pool.newBuffer()) {
            for (long row = 0; row < batches * 10L && !(stopped && row % 10 == 0); row++) {
                buffer.table("events").symbol("producer", name).column("value", row).atNow();
                if (row % 10 == 9) { // takes the rows, and the buffer can be filled again
                    all = all.thenCombine(pool.submit(buffer, ordered).thenAccept(ManyProducers::ended), (before, now) -> null);
                }
            }
        }
        return all;
    }

    private static synchronized void ended(Completion done) {
        boolean unsure = done.error().map(QuestDbException::inDoubt).orElse(false);
        stored += done.error().isEmpty() ? done.rows() : 0;
        inDoubt += unsure ? done.rows() : 0;
        notStored += done.error().isPresent() && !unsure ? done.rows() : 0;
        try {
            file.write(done.failedRows().map(Buffer::bytes).orElse(new byte[0]));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
