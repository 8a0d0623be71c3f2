import java.io.IOException;
import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.ObjLongConsumer;
import org.apache.arrow.c.ArrowArray;
import org.apache.arrow.c.ArrowArrayStream;
import org.apache.arrow.c.ArrowSchema;
import org.apache.arrow.c.Data;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.DateDayVector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.TimeStampMicroVector;
import org.apache.arrow.vector.TimeStampNanoTZVector;
import org.apache.arrow.vector.TinyIntVector;
import org.apache.arrow.vector.UInt4Vector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.complex.impl.UnionListWriter;
import org.apache.arrow.vector.dictionary.Dictionary;
import org.apache.arrow.vector.dictionary.DictionaryEncoder;
import org.apache.arrow.vector.dictionary.DictionaryProvider;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.DictionaryEncoding;
import org.apache.arrow.vector.types.pojo.Schema;
import org.apache.arrow.vector.util.Text;
import questdb.ingress.ArrowOptions;
import questdb.ingress.Buffer;
import questdb.ingress.QuestDbException;
import questdb.ingress.QuestDbException.Code;
import questdb.ingress.Rows;
import questdb.ingress.Sender;
import questdb.ingress.TestReceiver;

/**
 * Tests of the Java package with batches of Arrow Java, which counts its memory: what is never released is found when the
 * allocator closes, and what is released twice throws. Every method whose name begins with "test" is a test.
 */
public final class ArrowTests {
    private static final ArrowOptions TRADES = new ArrowOptions().table("trades").atColumn("at").symbolColumn("side");
    private static final String TEXT = "trades,side=buy price=0.5 1000000000\ntrades,side=sell price=1.5 1000001000\n";

    private ArrowTests() { }

    interface Call {
        void run(BufferAllocator allocator) throws Exception;
    }

    public static void main(String[] args) {
        int failed = 0;
        int passed = 0;
        Method[] all = ArrowTests.class.getDeclaredMethods();
        Arrays.sort(all, (a, b) -> a.getName().compareTo(b.getName()));
        for (Method test : all) {
            if (!test.getName().startsWith("test")) {
                continue;
            }
            try (BufferAllocator allocator = new RootAllocator()) {
                test.invoke(null, allocator);
                passed++;
                System.out.println("ok " + test.getName());
            } catch (ReflectiveOperationException | IllegalStateException e) {
                failed++;
                System.out.println("FAILED " + test.getName());
                (e.getCause() == null ? e : e.getCause()).printStackTrace(System.out);
            }
        }
        System.out.println(passed + " passed, " + failed + " failed");
        System.exit(failed == 0 && passed > 0 ? 0 : 1);
    }

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

    static QuestDbException fails(Code code, Runnable call) {
        try {
            call.run();
        } catch (QuestDbException e) {
            same(code, e.code());
            return e;
        }
        throw new AssertionError("wanted " + code + ", but it succeeded");
    }

    /** Exports the batch, and calls append with the addresses; then the array must be released and the schema not. */
    static void append(BufferAllocator allocator, VectorSchemaRoot batch, DictionaryProvider texts, ObjLongConsumer<Long> append) {
        try (ArrowArray array = ArrowArray.allocateNew(allocator); ArrowSchema schema = ArrowSchema.allocateNew(allocator)) {
            Data.exportVectorSchemaRoot(allocator, batch, texts, array, schema);
            try {
                append.accept(array.memoryAddress(), schema.memoryAddress());
            } finally {
                same(0L, array.snapshot().release);
                holds(schema.snapshot().release != 0, "the schema was released");
                schema.release();
            }
        }
    }

    static void append(BufferAllocator allocator, VectorSchemaRoot batch, Rows<?> rows, ArrowOptions options) {
        append(allocator, batch, null, (array, schema) -> rows.appendArrow(array, schema, options));
    }

    static void appendStream(BufferAllocator allocator, ArrowReader reader, Rows<?> rows, ArrowOptions options) {
        try (ArrowArrayStream stream = ArrowArrayStream.allocateNew(allocator)) {
            Data.exportArrayStream(allocator, reader, stream);
            try {
                rows.appendArrowStream(stream.memoryAddress(), options);
            } finally {
                same(0L, stream.snapshot().release);
            }
        }
    }

    /** Two rows: times, doubles and texts. */
    static VectorSchemaRoot trades(BufferAllocator allocator) {
        TimeStampMicroVector at = new TimeStampMicroVector("at", allocator);
        Float8Vector price = new Float8Vector("price", allocator);
        VarCharVector side = new VarCharVector("side", allocator);
        for (int i = 0; i < 2; i++) {
            at.setSafe(i, 1_000_000 + i);
            price.setSafe(i, 0.5 + i);
            side.setSafe(i, new Text(i == 0 ? "buy" : "sell"));
        }
        return batch(2, at, price, side);
    }

    static VectorSchemaRoot batch(int rows, FieldVector... columns) {
        VectorSchemaRoot batch = new VectorSchemaRoot(List.of(columns));
        batch.setRowCount(rows);
        return batch;
    }

    /** Gives the same batch several times, and then fails if it is told to. */
    static final class Again extends ArrowReader {
        private final int batches;
        private final boolean fails;
        private int given;

        Again(BufferAllocator allocator, int batches, boolean fails) {
            super(allocator);
            this.batches = batches;
            this.fails = fails;
        }

        @Override
        public boolean loadNextBatch() throws IOException {
            if (given == batches && fails) {
                throw new IOException("the disk is gone");
            }
            if (given++ == batches) {
                return false;
            }
            VectorSchemaRoot root = getVectorSchemaRoot();
            try (VectorSchemaRoot made = trades(allocator)) {
                for (int i = 0; i < 3; i++) {
                    made.getVector(i).makeTransferPair(root.getVector(i)).transfer();
                }
                root.setRowCount(2);
            }
            return true;
        }

        @Override
        public long bytesRead() {
            return 0;
        }

        @Override
        protected void closeReadSource() { }

        @Override
        protected Schema readSchema() {
            try (VectorSchemaRoot made = trades(allocator)) {
                return made.getSchema();
            }
        }
    }

    static String text(Rows<?> rows) {
        return new String(rows.bytes(), StandardCharsets.UTF_8);
    }

    static TestReceiver receiver(String... options) {
        return TestReceiver.start(System.getProperty("questdb.receiver"), options);
    }

    static void testBatchesAndStreams(BufferAllocator allocator) throws Exception {
        try (Buffer rows = Buffer.of(1); VectorSchemaRoot batch = trades(allocator)) {
            append(allocator, batch, rows, TRADES);
            same(TEXT, text(rows));
            rows.clear();
            appendStream(allocator, new Again(allocator, 3, false), rows, TRADES);
            same(TEXT.repeat(3), text(rows));
        }
        try (TestReceiver receiver = receiver(); VectorSchemaRoot batch = trades(allocator);
                Sender sender = Sender.fromConf(receiver.http() + "auto_flush_rows=3;auto_flush_interval=off;")) {
            append(allocator, batch, sender, TRADES);
            append(allocator, batch, sender, TRADES);
            same(1L, sender.pending());
            appendStream(allocator, new Again(allocator, 2, false), sender, TRADES);
            same(2L, sender.pending());
        }
    }

    static void testOptions(BufferAllocator allocator) {
        String stamped = "buy at=1000000t,price=0.5 STAMP\nsell at=1000001t,price=1.5 STAMP\n";
        ArrowOptions bySide = new ArrowOptions().tableColumn(2).atColumn("at");
        Object[][] cases = {
            {new ArrowOptions().table("trades").atColumn(0).symbolColumn(2), TEXT},
            {new ArrowOptions().table("trades").atColumn("at").symbols(ArrowOptions.Symbols.TEXTS), TEXT},
            {new ArrowOptions().table("t").atColumn("at"), "t price=0.5,side=\"buy\" 1000000000\nt price=1.5,side=\"sell\" 1000001000\n"},
            {new ArrowOptions().tableColumn("side").atColumn("at"), "buy price=0.5 1000000000\nsell price=1.5 1000001000\n"},
            {bySide.atNanos(7), stamped.replace("STAMP", "7")},
            {bySide.atMicros(7), stamped.replace("STAMP", "7000")},
            {bySide.at(java.time.Instant.ofEpochSecond(1)), stamped.replace("STAMP", "1000000000")},
            {bySide.atNow(), stamped.replace(" STAMP", "")},
            {bySide, "buy price=0.5 1000000000\nsell price=1.5 1000001000\n"},
        };
        try (Buffer rows = Buffer.of(1); VectorSchemaRoot batch = trades(allocator)) {
            for (Object[] one : cases) {
                rows.clear();
                append(allocator, batch, rows, (ArrowOptions) one[0]);
                same(one[1], text(rows));
            }
        }
    }

    static void testEveryTypeIsReadBack(BufferAllocator allocator) throws Exception {
        BitVector bool = new BitVector("bool", allocator);
        TinyIntVector int8 = new TinyIntVector("int8", allocator);
        BigIntVector int64 = new BigIntVector("int64", allocator);
        UInt4Vector uint32 = new UInt4Vector("uint32", allocator);
        Float4Vector float32 = new Float4Vector("float32", allocator);
        VarCharVector string = new VarCharVector("string", allocator);
        TimeStampNanoTZVector nanos = new TimeStampNanoTZVector("nanos", allocator, "Asia/Tokyo");
        DateDayVector date = new DateDayVector("date", allocator);
        DecimalVector decimal = new DecimalVector("decimal", allocator, 38, 2);
        ListVector list = ListVector.empty("list", allocator);
        VarCharVector sides = new VarCharVector("side", allocator);
        VarCharVector texts = new VarCharVector("texts", allocator);
        bool.setSafe(0, 1);
        int8.setSafe(0, -8);
        int64.setSafe(0, -9007199254740993L);
        uint32.setSafe(0, -1);
        float32.setSafe(0, 0.25f);
        string.setSafe(0, new Text("grüß"));
        nanos.setSafe(0, 1_700_000_000_000_000_001L);
        date.setSafe(0, 1);
        decimal.setSafe(0, new BigDecimal("1234.50"));
        sides.setSafe(0, new Text("buy"));
        sides.setValueCount(1);
        texts.setSafe(0, new Text("sell"));
        texts.setSafe(1, new Text("buy"));
        texts.setValueCount(2);
        UnionListWriter writer = list.getWriter();
        writer.startList();
        writer.float8().writeFloat8(1.5);
        writer.float8().writeFloat8(2.5);
        writer.endList();
        list.setValueCount(1);
        Dictionary dictionary = new Dictionary(texts, new DictionaryEncoding(1, false, null));
        DictionaryProvider provider = new DictionaryProvider.MapDictionaryProvider(dictionary);
        FieldVector side = (FieldVector) DictionaryEncoder.encode(sides, dictionary);
        ArrowOptions options = new ArrowOptions().table("t").atNanos(1);
        try (TestReceiver receiver = receiver("--create-decimals"); Sender sender = Sender.fromConf(receiver.http()); sides; texts;
                VectorSchemaRoot batch = batch(1, bool, int8, int64, uint32, float32, string, nanos, date, decimal, list, side)) {
            append(allocator, batch, provider, (array, schema) -> sender.appendArrow(array, schema, options));
            sender.flush();
            String stored = receiver.tables().toString();
            for (String wanted : List.of("[\"bool\",\"BOOLEAN\"]", "[\"int8\",\"LONG\"]", "[\"uint32\",\"LONG\"]",
                    "[\"float32\",\"DOUBLE\"]", "[\"string\",\"VARCHAR\"]", "[\"nanos\",\"TIMESTAMP_NS\"]", "[\"date\",\"TIMESTAMP\"]",
                    "[\"decimal\",\"DECIMAL\"]", "[\"list\",\"DOUBLE[]\"]", "[\"side\",\"SYMBOL\"]", "\"true\"", "\"-8\"",
                    "\"-9007199254740993\"", "\"4294967295\"", "\"0.25\"", "\"grüß\"", "\"2023-11-14T22:13:20.000000001Z\"",
                    "\"1970-01-02T00:00:00.000000Z\"", "\"1234.50\"", "\"[1.5,2.5]\"", "\"buy\"")) {
                holds(stored.contains(wanted), "no " + wanted + " in " + stored);
            }
        }
    }

    static void testWhatIsRefusedIsReleased(BufferAllocator allocator) {
        Buffer closed = Buffer.of(1);
        closed.close();
        try (Buffer rows = Buffer.of(1); VectorSchemaRoot batch = trades(allocator);
                Sender gone = Sender.fromConf("http::addr=127.0.0.1:1;protocol_version=1;auto_flush=off;")) {
            rows.table("t").column("i", 1L).atNow();
            gone.close();
            fails(Code.INVALID_STATE, () -> append(allocator, batch, closed, TRADES));
            fails(Code.INVALID_STATE, () -> append(allocator, batch, gone, TRADES));
            fails(Code.INVALID_STATE, () -> appendStream(allocator, new Again(allocator, 1, false), gone, TRADES));
            fails(Code.INVALID_ARGUMENT, () -> append(allocator, batch, rows, null));
            fails(Code.INVALID_ARGUMENT, () -> append(allocator, batch, rows, new ArrowOptions()));
            fails(Code.INVALID_ARGUMENT, () -> append(allocator, batch, rows, new ArrowOptions().table("t")));
            fails(Code.INVALID_ARGUMENT, () -> append(allocator, batch, rows, new ArrowOptions().table(null)));
            fails(Code.INVALID_ARGUMENT, () -> append(allocator, batch, rows, new ArrowOptions().table("t").atColumn("")));
            fails(Code.INVALID_ARGUMENT, () -> append(allocator, batch, rows, new ArrowOptions().table("t").atColumn(-1)));
            fails(Code.INVALID_NAME, () -> append(allocator, batch, rows, new ArrowOptions().table("?").atNow()));
            fails(Code.INVALID_UTF8, () -> append(allocator, batch, rows, new ArrowOptions().table("\ud800").atNow()));
            fails(Code.INVALID_ARGUMENT, () -> new ArrowOptions().symbols(null));
            fails(Code.INVALID_ARGUMENT, () -> rows.appendArrow(0, 0, TRADES));
            fails(Code.INVALID_ARGUMENT, () -> rows.appendArrowStream(0, TRADES));
            QuestDbException e = fails(Code.INVALID_ARGUMENT,
                    () -> appendStream(allocator, new Again(allocator, 2, true), rows, TRADES));
            holds(e.getMessage().contains("the disk is gone"), e.getMessage());
            rows.table("t");
            fails(Code.INVALID_STATE, () -> append(allocator, batch, rows, TRADES));
            rows.dropRow();
            same("t i=1i\n", text(rows));
        }
        VarBinaryVector raw = new VarBinaryVector("raw", allocator);
        raw.setSafe(0, new byte[] {1});
        try (Buffer rows = Buffer.of(1); VectorSchemaRoot batch = batch(1, raw)) {
            QuestDbException e = fails(Code.INVALID_ARGUMENT, () -> append(allocator, batch, rows, new ArrowOptions().table("t").atNow()));
            holds(e.getMessage().contains("\"raw\""), e.getMessage());
        }
    }

    static void testWhatCannotBeSentIsCounted(BufferAllocator allocator) {
        Sender sender = Sender.fromConf("http::addr=127.0.0.1:1;protocol_version=1;retry_timeout=0;auto_flush_rows=3;auto_flush_interval=off;");
        QuestDbException e = fails(Code.CONNECTION, () -> appendStream(allocator, new Again(allocator, 4, false), sender, TRADES));
        same(3L, e.rowsAccepted());
        same(3L, sender.pending());
        sender.clear();
        sender.close();
    }

    static void testAnInterruptEndsTheCall(BufferAllocator allocator) throws Exception {
        Sender sender = Sender.fromConf("http::addr=127.0.0.1:1;protocol_version=1;retry_timeout=60000;auto_flush_rows=1;");
        AtomicReference<QuestDbException> thrown = new AtomicReference<>();
        Thread thread = new Thread(() -> {
            try (VectorSchemaRoot batch = trades(allocator)) {
                append(allocator, batch, sender, TRADES);
            } catch (QuestDbException e) {
                thrown.set(e);
            }
        });
        thread.start();
        while (thread.isAlive()) {
            Thread.sleep(20);
            thread.interrupt();
            thread.join(1000);
        }
        same(Code.CANCELLED, thrown.get().code());
        sender.clear();
        sender.close();
    }

    /** Threads append to the same buffer, which is closed and made anew meanwhile: each batch is stored, or refused and released. */
    static void testManyThreads(BufferAllocator allocator) throws Exception {
        AtomicReference<Buffer> shared = new AtomicReference<>(Buffer.of(1));
        AtomicReference<Throwable> wrong = new AtomicReference<>();
        AtomicLong stored = new AtomicLong();
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            threads.add(new Thread(() -> {
                try (VectorSchemaRoot batch = trades(allocator)) {
                    for (int i = 0; i < 300; i++) {
                        try {
                            append(allocator, batch, shared.get(), TRADES);
                            stored.incrementAndGet();
                            if (i % 50 == 0) {
                                shared.getAndSet(Buffer.of(1)).close();
                            }
                        } catch (QuestDbException e) {
                            same(Code.INVALID_STATE, e.code());
                        }
                    }
                } catch (Throwable e) {
                    wrong.set(e);
                }
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        if (wrong.get() != null) {
            throw new AssertionError(wrong.get());
        }
        holds(stored.get() > 0, "nothing was stored");
    }
}
