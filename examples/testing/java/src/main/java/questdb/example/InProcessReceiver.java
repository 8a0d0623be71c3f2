package questdb.example;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** A server that takes rows as QuestDB does, in the process of the test: the functions of questdb_receiver.h, by JNA. */
public final class InProcessReceiver implements AutoCloseable {
    // On 64-bit systems a size is as wide as a long of Java.
    private interface C extends Library {
        Pointer questdb_receiver_start(byte[] conf, long confLen, PointerByReference receiver);

        String questdb_receiver_conf(Pointer receiver, int listener);

        Pointer questdb_receiver_wait_for_rows(Pointer receiver, byte[] table, long tableLen, long rows, long timeoutMillis);

        Pointer questdb_receiver_table_json(Pointer receiver, byte[] table, long tableLen, PointerByReference text);

        Pointer questdb_receiver_text_data(Pointer text);

        void questdb_receiver_text_free(Pointer text);

        String questdb_receiver_error_message(Pointer error);

        void questdb_receiver_error_free(Pointer error);

        void questdb_receiver_free(Pointer receiver);
    }

    private static final C LIBRARY = Native.load("questdb_receiver", C.class);
    private static final int HTTP = 1;
    private Pointer receiver;

    /** Starts a receiver on free ports. The configuration has lines of {@code server.conf}, and may be empty. */
    public InProcessReceiver(String conf) {
        PointerByReference made = new PointerByReference();
        byte[] bytes = utf8(conf);
        check(LIBRARY.questdb_receiver_start(bytes, bytes.length, made));
        receiver = made.getValue();
    }

    /** Returns the connection string for a client. */
    public String conf() {
        return LIBRARY.questdb_receiver_conf(receiver, HTTP);
    }

    /** Waits until a table has so many rows. */
    public void waitForRows(String table, long rows, Duration timeout) {
        byte[] name = utf8(table);
        check(LIBRARY.questdb_receiver_wait_for_rows(receiver, name, name.length, rows, timeout.toMillis()));
    }

    /** Returns a table as JSON. */
    public String tableJson(String table) {
        byte[] name = utf8(table);
        PointerByReference text = new PointerByReference();
        check(LIBRARY.questdb_receiver_table_json(receiver, name, name.length, text));
        try {
            return LIBRARY.questdb_receiver_text_data(text.getValue()).getString(0, "UTF-8");
        } finally {
            LIBRARY.questdb_receiver_text_free(text.getValue());
        }
    }

    @Override
    public void close() {
        LIBRARY.questdb_receiver_free(receiver);
        receiver = null;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void check(Pointer failed) {
        if (failed != null) {
            String message = LIBRARY.questdb_receiver_error_message(failed);
            LIBRARY.questdb_receiver_error_free(failed);
            throw new IllegalStateException(message);
        }
    }
}
