import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import questdb.ingress.Buffer;
import questdb.ingress.ColumnBatch;
import questdb.ingress.PreparedRow;
import questdb.ingress.QuestDbException;
import questdb.ingress.Sender;

/**
 * What every C function answers to nothing but zeros, and the bytes that every kind of column comes to. The two ways into C,
 * FFM and JNA, must print the same.
 */
public final class Transcript {
    private Transcript() { }

    public static void main(String[] args) throws Exception {
        Class<?> rare = Class.forName("questdb.ingress.Rare");
        for (Class<?> functions : new Class<?>[] {Class.forName("questdb.ingress.Native"), rare}) {
            Field c = functions.getDeclaredField("C");
            c.setAccessible(true);
            Method[] methods = functions.getDeclaredMethods();
            Arrays.sort(methods, Comparator.comparing(Method::getName));
            for (Method function : methods) {
                if (function.getName().startsWith("questdb_")) {
                    System.out.println(function.getName() + ": " + answer(function, c.get(null)));
                }
            }
        }
        columns();
        try {
            Sender.fromConf("http::addr=127.0.0.1:1;protocol_version=9;");
        } catch (QuestDbException e) {
            System.out.println(e.codeName() + " " + e.outcome() + " " + e.getMessage());
        }
    }

    private static Object answer(Method function, Object c) throws Exception {
        Class<?>[] types = function.getParameterTypes();
        Object[] zeros = new Object[types.length];
        for (int i = 0; i < types.length; i++) {
            zeros[i] = types[i] == long.class ? (Object) 0L : types[i] == int.class ? (Object) 0
                    : types[i] == boolean.class ? (Object) false : (Object) 0.0;
        }
        function.setAccessible(true);
        Object result = function.invoke(c, zeros);
        if (!(result instanceof Long address) || address == 0 || address == -1) {
            return String.valueOf(result);
        }
        if (function.getName().endsWith("_name") || function.getName().equals("questdb_version")) {
            return text(address);
        }
        Method taken = QuestDbException.class.getDeclaredMethod("taken", long.class, long.class);
        taken.setAccessible(true);
        QuestDbException e = (QuestDbException) taken.invoke(null, address, 0L);
        return e.codeName() + " " + e.outcome() + " " + e.retryable() + e.inDoubt() + e.rowAccepted() + " " + e.attempts()
                + " " + e.retryAfterMillis() + " " + e.getMessage();
    }

    private static String text(long address) throws Exception {
        Class<?> plain = Class.forName("questdb.ingress.Native");
        Field c = plain.getDeclaredField("C");
        c.setAccessible(true);
        Method text = plain.getDeclaredMethod("text", long.class);
        text.setAccessible(true);
        return (String) text.invoke(c.get(null), address);
    }

    private static void columns() {
        try (Buffer rows = Buffer.of(3); PreparedRow row = new PreparedRow("t", PreparedRow.Stamp.MICROS);
                ColumnBatch batch = new ColumnBatch("t", ColumnBatch.Stamp.NOW)) {
            rows.table("t").symbol("s", "grüß").column("b", true).column("c", false).column("l", Long.MIN_VALUE)
                    .column("d", -0.0).column("e", Double.MIN_VALUE).column("str", "🙂\n").columnMicros("us", -5)
                    .columnNanos("ns", 7).column("i", Instant.MIN.plusSeconds(31_556_889_000_000_000L))
                    .column("arr", new double[] {1, 2, 3, 4}, 2, 2).column("dec", new BigDecimal("-12.50"))
                    .columnDecimal("text", "1.25").columnDecimal("long", 3, -7).columnDecimal("bytes", 1, new byte[] {1, 0})
                    .atNanos(1);
            row.add("v", PreparedRow.Kind.DOUBLE).add("w", PreparedRow.Kind.DECIMAL);
            rows.append(row.set(0, 1.5).set(1, new BigDecimal("2.5")), 9);
            batch.add("v", ColumnBatch.Kind.BOOL).set(0, new boolean[] {true, false, true});
            rows.append(batch, null);
            System.out.println(new String(rows.bytes(), StandardCharsets.ISO_8859_1));
            System.out.println(rows.pending() + " " + rows.length() + " " + rows.isTransactional() + " " + rows.maxBufSize());
        }
    }
}
