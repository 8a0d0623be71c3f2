package questdb.ingress;

import static questdb.ingress.QuestDbException.check;
import static questdb.ingress.QuestDbException.invalid;

import java.lang.ref.Reference;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.LongUnaryOperator;
import questdb.ingress.QuestDbException.Code;

/**
 * What the columns of a batch of Apache Arrow are to QuestDB. A table and a timestamp have to be chosen:
 * {@code new ArrowOptions().table("trades").atColumn("time").symbolColumn("side")}.
 *
 * <p>Each method returns options with one choice more and leaves its own as they are, so that any number of threads can share
 * them. They hold no memory of C. A choice that is wrong is an error of the call that appends. Columns are chosen by name, of
 * several of one name the first, or by position, counted from 0.
 */
public final class ArrowOptions {
    /** Which texts become symbols; all others become strings. In the order of their numbers, from 1. */
    public enum Symbols {
        /** The columns that are dictionaries, the default. */
        DICTIONARIES,
        /** All columns of texts. */
        TEXTS,
        /** The columns that {@link #symbolColumn} names. */
        LISTED
    }

    /** Passes one choice to C and returns its error. */
    private interface Choice {
        long pass(long options, Memory memory);
    }

    /** One of C's functions that choose a column. */
    private interface ColumnChoice {
        long pass(long options, long name, long len, long position);
    }

    private final List<Choice> choices;

    /** Makes options that choose neither a table nor a timestamp yet, and make symbols of dictionaries. */
    public ArrowOptions() {
        this(List.of());
    }

    private ArrowOptions(List<Choice> choices) {
        this.choices = choices;
    }

    private ArrowOptions with(Choice choice) {
        List<Choice> more = new ArrayList<>(choices);
        more.add(choice);
        return new ArrowOptions(List.copyOf(more));
    }

    private ArrowOptions column(ColumnChoice function, String name) {
        return with((options, memory) -> function.pass(options, memory.text(name), memory.length(), 0));
    }

    private ArrowOptions column(ColumnChoice function, int position) {
        return with((options, memory) -> function.pass(options, 0, 0, position));
    }

    /** Sends all rows to one table. */
    public ArrowOptions table(String name) {
        return with((options, memory) -> Rare.C.questdb_arrow_options_table(options, memory.text(name), memory.length()));
    }

    /** Sends each row to the table that a column of texts names; the column itself is not sent. */
    public ArrowOptions tableColumn(String name) {
        return column(Rare.C::questdb_arrow_options_table_column, name);
    }

    /** Chooses the column of {@link #tableColumn(String)} by position. */
    public ArrowOptions tableColumn(int position) {
        return column(Rare.C::questdb_arrow_options_table_column, position);
    }

    /** Chooses which texts become symbols, and forgets the columns that were listed. */
    public ArrowOptions symbols(Symbols symbols) {
        if (symbols == null) {
            throw invalid(Code.INVALID_ARGUMENT, "the choice of symbols is null");
        }
        return with((options, memory) -> Rare.C.questdb_arrow_options_symbols(options, symbols.ordinal() + 1));
    }

    /** Adds a column of texts to the list of those that become symbols; columns that are not listed no longer do. */
    public ArrowOptions symbolColumn(String name) {
        return column(Rare.C::questdb_arrow_options_symbol_column, name);
    }

    /** Chooses the column of {@link #symbolColumn(String)} by position. */
    public ArrowOptions symbolColumn(int position) {
        return column(Rare.C::questdb_arrow_options_symbol_column, position);
    }

    /**
     * Takes the designated timestamps from a column of the type timestamp or date; the column itself is not sent. Rows without
     * a value get the server's time.
     */
    public ArrowOptions atColumn(String name) {
        return column(Rare.C::questdb_arrow_options_at_column, name);
    }

    /** Chooses the column of {@link #atColumn(String)} by position. */
    public ArrowOptions atColumn(int position) {
        return column(Rare.C::questdb_arrow_options_at_column, position);
    }

    /** Gives all rows the same designated timestamp, as {@link Rows#at} does. */
    public ArrowOptions at(Instant time) {
        return Time.fitsNanos(time) ? atNanos(Time.nanos(time)) : atMicros(Time.micros(time));
    }

    /** Gives all rows the same designated timestamp; nanoseconds since 1970. */
    public ArrowOptions atNanos(long nanos) {
        return at(Layout.Stamp.NANOS, nanos);
    }

    /** Gives all rows the same designated timestamp; microseconds since 1970. */
    public ArrowOptions atMicros(long micros) {
        return at(Layout.Stamp.MICROS, micros);
    }

    /** Lets the server set the designated timestamps when it receives the rows. */
    public ArrowOptions atNow() {
        return at(Layout.Stamp.NOW, 0);
    }

    private ArrowOptions at(Layout.Stamp stamp, long value) {
        return with((options, memory) -> Rare.C.questdb_arrow_options_at(options, stamp.ordinal() + 1, value));
    }

    /**
     * Makes the call that takes over a batch or a stream for these rows; where that cannot be made, the call that only releases
     * them, which is the same without rows.
     */
    static void take(Rows<?> rows, ArrowOptions options, LongUnaryOperator call, LongSupplier release) {
        boolean taken = false;
        long made = 0;
        try {
            if (options == null) {
                throw invalid(Code.INVALID_ARGUMENT, "the options are null");
            }
            made = options.made();
            rows.enterToSend();
            try {
                taken = true;
                check(call.applyAsLong(made));
            } finally {
                rows.leaveSent();
            }
        } finally {
            Rare.C.questdb_arrow_options_free(made);
            if (!taken) {
                Rare.C.questdb_error_free(release.getAsLong());
            }
        }
    }

    /** Makes the options in C, for one call; the caller frees them. */
    private long made() {
        Memory memory = new Memory();
        check(Rare.C.questdb_arrow_options_new(memory.out()));
        long options = memory.result();
        try {
            for (Choice choice : choices) {
                memory.clear();
                check(choice.pass(options, memory));
            }
        } catch (RuntimeException | Error e) {
            Rare.C.questdb_arrow_options_free(options);
            throw e;
        } finally {
            Reference.reachabilityFence(memory);
        }
        return options;
    }
}
