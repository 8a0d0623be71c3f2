package questdb.example;

import java.time.Duration;
import questdb.ingress.ColumnBatch;
import questdb.ingress.PreparedRow;
import questdb.ingress.Sender;

/**
 * Prepared rows: the table and its columns are named once, then there is one call for a row or for a batch of rows. The argument
 * is the connection string.
 */
public final class PreparedRows {
    private static final long START = 1_700_000_000_000_000_000L;

    private PreparedRows() { }

    public static void main(String[] args) {
        String conf = args.length > 0 ? args[0] : "http::addr=localhost:9000;";
        try (Sender sender = Sender.fromConf(conf);
                PreparedRow row = new PreparedRow("quotes", PreparedRow.Stamp.NANOS);
                ColumnBatch batch = new ColumnBatch("quotes", ColumnBatch.Stamp.NANOS)) {
            // One row: a cell for each column. The last one is not set, which is NULL.
            row.add("symbol", PreparedRow.Kind.SYMBOL).add("price", PreparedRow.Kind.DOUBLE).add("size", PreparedRow.Kind.LONG);
            sender.append(row.set(0, "BTC-USD").set(1, 43210.5), START);

            // Three rows: an array for each column. The second row has no size.
            batch.add("symbol", ColumnBatch.Kind.SYMBOL).add("price", ColumnBatch.Kind.DOUBLE).add("size", ColumnBatch.Kind.LONG);
            batch.set(0, new String[] {"BTC-USD", "ETH-USD", "ETH-USD"})
                    .set(1, new double[] {43211, 2615.5, 2616})
                    .set(2, new long[] {5, 0, 7}).valid(2, new boolean[] {true, false, true});
            sender.append(batch, new long[] {START + 1, START + 2, START + 3});
            sender.close(Duration.ofSeconds(10));
        }
    }
}
