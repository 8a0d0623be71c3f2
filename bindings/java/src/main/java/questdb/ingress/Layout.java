package questdb.ingress;

import static questdb.ingress.QuestDbException.check;
import static questdb.ingress.QuestDbException.invalid;

import java.lang.ref.Reference;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import questdb.ingress.QuestDbException.Code;

/** A table whose columns are named once, for rows or batches of columns. */
abstract class Layout<T extends Layout<T>> extends Handle {
    /** What a column holds, in the order of the numbers, from 1. */
    public enum Kind {
        SYMBOL, BOOL, LONG, DOUBLE, STRING, MICROS, NANOS, DOUBLE_ARRAY, DECIMAL
    }

    /** Where the time of a row comes from, in the order of the numbers, from 1. */
    public enum Stamp {
        NANOS, MICROS, NOW;

        /** The time in this unit. */
        long number(Instant time) {
            return this == NANOS ? Time.nanos(time) : this == MICROS ? Time.micros(time) : 0;
        }
    }

    final Memory memory = new Memory();
    private final List<Kind> kinds = new ArrayList<>();
    private final Stamp stamp;

    Layout(String what, String table, Stamp stamp) {
        super(what, made(table, stamp), Rare.C::questdb_row_layout_free);
        this.stamp = stamp;
    }

    private static long made(String table, Stamp stamp) {
        if (stamp == null) {
            throw invalid(Code.INVALID_ARGUMENT, "the stamp is null");
        }
        Memory memory = new Memory();
        long out = memory.out();
        check(Rare.C.questdb_row_layout_new(memory.text(table), memory.length(), stamp.ordinal() + 1, out));
        long layout = memory.result();
        Reference.reachabilityFence(memory);
        return layout;
    }

    /** Adds a column; its number is the count of those before. What was set is dropped. */
    public T add(String name, Kind kind) {
        if (kind == null) {
            throw invalid(Code.INVALID_ARGUMENT, "the kind of column " + name + " is null");
        }
        own();
        long layout = enter();
        try {
            Memory text = new Memory();
            check(Rare.C.questdb_row_layout_add(layout, text.text(name), text.length(), kind.ordinal() + 1));
            Reference.reachabilityFence(text);
            kinds.add(kind);
            resize(kinds.size());
        } finally {
            leave();
        }
        return self();
    }

    /** Returns how many columns were added. */
    public final int columns() {
        return kinds.size();
    }

    final Stamp stamp() {
        return stamp;
    }

    final Kind kind(int column) {
        if (column < 0 || column >= kinds.size()) {
            throw invalid(Code.INVALID_ARGUMENT, "there is no column " + column + ": " + kinds.size() + " were added");
        }
        return kinds.get(column);
    }

    /** Makes room for the values of so many columns, none of which is set. */
    abstract void resize(int columns);

    /** Makes sure that no other thread sets values. */
    void own() { }

    abstract T self();
}
