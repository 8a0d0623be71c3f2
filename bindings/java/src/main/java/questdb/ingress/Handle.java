package questdb.ingress;

import static questdb.ingress.QuestDbException.invalid;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Cleaner;
import java.util.function.LongConsumer;
import questdb.ingress.QuestDbException.Code;

/**
 * An object of the C library. One thread at a time may be inside a call: a second one gets INVALID_STATE, as does a call
 * after the end. C's memory is freed once, and never while a call is inside; by the garbage collector if nobody closes.
 */
abstract class Handle implements AutoCloseable {
    /** Memory that is given back at most once. */
    private record Given(long address, LongConsumer free) implements Runnable {
        @Override
        public void run() {
            free.accept(address);
        }
    }

    static final Cleaner CLEANER = Cleaner.create();
    private static final VarHandle TURN;

    static {
        try {
            TURN = MethodHandles.lookup().findVarHandle(Handle.class, "turn", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final String what;
    private final Cleaner.Cleanable memory;
    /** 0 while no call is inside, 1 while one is, and a number of its own for one that may wait for a server. */
    private volatile long turn;
    private long waits = 1;
    /** 0 after the end. */
    private long address;

    Handle(String what, long address, LongConsumer free) {
        this.what = what;
        this.address = address;
        memory = CLEANER.register(this, new Given(address, free));
    }

    /** Begins a call, to be ended by {@link #leave}; returns what C knows this object by. */
    final long enter() {
        if (!tryEnter()) {
            throw inUse();
        }
        long current = address;
        if (current == 0) {
            leave();
            throw inUse();
        }
        return current;
    }

    /** As {@link #enter}, also after the end; false if another call is inside. */
    final boolean tryEnter() {
        return TURN.compareAndSet(this, 0L, 1L);
    }

    /** Gives the call that is inside its number. */
    final void number() {
        TURN.setRelease(this, ++waits);
    }

    final void leave() {
        TURN.setRelease(this, 0L);
    }

    /** Who is inside. */
    final long turn() {
        return turn;
    }

    final QuestDbException inUse() {
        return invalid(Code.INVALID_STATE, address == 0 ? "the " + what + " is closed"
                : "the " + what + " is used by another thread: one at a time");
    }

    /** Lets no further call begin. A call that is inside goes on. */
    final void shut() {
        address = 0;
    }

    /** Gives the memory back. No call may be inside, and none may begin. */
    final void free() {
        memory.clean();
    }

    /** Frees the memory; again does nothing. INVALID_STATE, and nothing freed, while another thread is inside a call. */
    @Override
    public void close() {
        if (!tryEnter()) {
            throw inUse();
        }
        shut();
        free();
        leave();
    }
}
