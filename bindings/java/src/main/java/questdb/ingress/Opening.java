package questdb.ingress;

import static questdb.ingress.QuestDbException.check;
import static questdb.ingress.QuestDbException.invalid;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.LongConsumer;
import java.util.function.LongUnaryOperator;
import questdb.ingress.QuestDbException.Code;

/** Makes what connects: senders and pools. */
final class Opening {
    private static final int ABI_VERSION = 1;

    private Opening() { }

    /**
     * Returns what {@code call} makes. Connecting may take a while, and there is nothing yet that could be cancelled: another
     * thread does it, so that this one can be interrupted. What comes of it then is given back by {@code free}.
     */
    static long open(LongUnaryOperator call, LongConsumer free, Runnable end) {
        if (Rare.C.questdb_abi_version() != ABI_VERSION) {
            throw new IllegalStateException("the questdb_ingress library does not fit this class");
        }
        if (Thread.currentThread().isInterrupted()) {
            end.run();
            throw interrupted();
        }
        CompletableFuture<long[]> result = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                Memory memory = new Memory();
                long[] made = {call.applyAsLong(memory.out()), memory.result()};
                if (!result.complete(made)) {
                    Rare.C.questdb_error_free(made[0]);
                    free.accept(made[1]);
                }
            } catch (Throwable t) {
                result.completeExceptionally(t);
            } finally {
                end.run();
            }
        }, "questdb-ingress-connect");
        thread.setDaemon(true);
        thread.start();
        long[] made;
        try {
            made = result.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            if (result.cancel(false)) {
                throw interrupted();
            }
            made = result.join();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
        check(made[0]);
        return made[1];
    }

    static QuestDbException interrupted() {
        return invalid(Code.CANCELLED, "this thread was interrupted before anything was sent");
    }
}
