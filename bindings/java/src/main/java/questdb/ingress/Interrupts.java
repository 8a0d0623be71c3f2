package questdb.ingress;

import java.lang.ref.WeakReference;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;

/**
 * Ends calls that wait for a server when the thread inside is interrupted, which C cannot notice. One thread looks at all
 * senders every 20 ms while any of them is used, and sleeps otherwise.
 */
final class Interrupts {
    private static final long PERIOD = 20_000_000;
    /** Looks without any sender in use until the thread sleeps. */
    private static final int IDLE = 50;

    private static final List<WeakReference<Sender>> SENDERS = new CopyOnWriteArrayList<>();
    private static Thread thread;
    /** Read by every call that may wait. */
    static volatile boolean awake;

    private Interrupts() { }

    static void add(Sender sender) {
        SENDERS.add(new WeakReference<>(sender));
    }

    static void remove(Sender sender) {
        SENDERS.removeIf(s -> s.refersTo(sender) || s.refersTo(null));
    }

    static synchronized void wake() {
        if (thread == null) {
            thread = new Thread(Interrupts::run, "questdb-ingress-interrupts");
            thread.setDaemon(true);
            thread.start();
        }
        awake = true;
        LockSupport.unpark(thread);
    }

    private static void run() {
        int idle = 0;
        while (true) {
            LockSupport.parkNanos(PERIOD);
            // Nothing else uses this thread. An interrupt would only keep it from sleeping, so it is cleared.
            Thread.interrupted();
            idle = look() ? 0 : idle + 1;
            if (idle < IDLE) {
                continue;
            }
            idle = 0;
            awake = false;
            // A call marks its sender as used and then reads the flag. This thread clears the flag and then looks for used
            // senders, so one of the two notices the other.
            if (look()) {
                awake = true;
            }
            while (!awake) {
                LockSupport.park();
                Thread.interrupted();
            }
        }
    }

    /** Whether any sender is used. */
    private static boolean look() {
        boolean used = false;
        for (Iterator<WeakReference<Sender>> each = SENDERS.iterator(); each.hasNext(); ) {
            Sender sender = each.next().get();
            try {
                used |= sender != null && sender.endIfInterrupted();
            } catch (RuntimeException | Error e) {
                // The error belongs to one sender; the others are still looked after.
                used = true;
            }
        }
        return used;
    }
}
