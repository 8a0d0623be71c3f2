package questdb.example;

import java.time.Duration;
import java.util.List;
import org.apache.arrow.c.ArrowArray;
import org.apache.arrow.c.ArrowSchema;
import org.apache.arrow.c.Data;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.TimeStampNanoVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.util.Text;
import questdb.ingress.ArrowOptions;
import questdb.ingress.Sender;

/** Apache Arrow: a batch of Arrow Java is sent from its own memory. The argument is the connection string. */
public final class Arrow {
    private static final long START = 1_700_000_000_000_000_000L;

    private Arrow() { }

    public static void main(String[] args) {
        String conf = args.length > 0 ? args[0] : "http::addr=localhost:9000;";
        // The designated timestamps come from the column "time", and the texts of "symbol" become symbols.
        ArrowOptions options = new ArrowOptions().table("ticks").atColumn("time").symbolColumn("symbol");
        try (BufferAllocator allocator = new RootAllocator();
                VectorSchemaRoot ticks = ticks(allocator);
                Sender sender = Sender.fromConf(conf)) {
            append(sender, allocator, ticks, options);
            sender.close(Duration.ofSeconds(10));
        }
    }

    /** Appends a batch. It stays the caller's: what is exported here is released by the sender, whatever happens. */
    private static void append(Sender sender, BufferAllocator allocator, VectorSchemaRoot batch, ArrowOptions options) {
        // [doc]
        try (ArrowArray array = ArrowArray.allocateNew(allocator); ArrowSchema schema = ArrowSchema.allocateNew(allocator)) {
            Data.exportVectorSchemaRoot(allocator, batch, null, array, schema);
            try {
                sender.appendArrow(array.memoryAddress(), schema.memoryAddress(), options);
            } finally {
                schema.release();
            }
        }
        // [/doc]
    }

    private static VectorSchemaRoot ticks(BufferAllocator allocator) {
        TimeStampNanoVector time = new TimeStampNanoVector("time", allocator);
        VarCharVector symbol = new VarCharVector("symbol", allocator);
        Float8Vector price = new Float8Vector("price", allocator);
        String[] symbols = {"BTC-USD", "ETH-USD", "ETH-USD"};
        Double[] prices = {43210.5, null, 2616.0};
        for (int i = 0; i < symbols.length; i++) {
            time.setSafe(i, START + i);
            symbol.setSafe(i, new Text(symbols[i]));
            if (prices[i] != null) {
                price.setSafe(i, prices[i]);
            }
        }
        VectorSchemaRoot batch = new VectorSchemaRoot(List.of(time, symbol, price));
        batch.setRowCount(symbols.length);
        return batch;
    }
}
