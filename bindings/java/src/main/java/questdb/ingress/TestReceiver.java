package questdb.ingress;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A server for tests: runs the program {@code questdb-receiver} on free ports and knows its addresses.
 *
 * <pre>
 * try (TestReceiver receiver = TestReceiver.start("questdb-receiver"); Sender sender = Sender.fromConf(receiver.http())) {
 *     …
 *     receiver.tables(); // a line of JSON for each table
 * }
 * </pre>
 */
public final class TestReceiver implements AutoCloseable {
    private final Process process;
    private final BufferedReader answers;
    private final Writer commands;
    private final String http;
    private final String tcp;

    private TestReceiver(Process process) throws IOException {
        this.process = process;
        answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        commands = process.outputWriter(StandardCharsets.UTF_8);
        http = answers.readLine();
        tcp = answers.readLine();
        if (tcp == null) {
            process.destroy();
            throw new IOException("the receiver did not start");
        }
    }

    /** Runs the program, with further options such as {@code --token}. */
    public static TestReceiver start(String program, String... options) {
        List<String> command = new ArrayList<>(List.of(program, "--http", "0", "--tcp", "0", "--commands"));
        command.addAll(List.of(options));
        try {
            return new TestReceiver(new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A configuration string for HTTP; options can be added at its end. */
    public String http() {
        return http;
    }

    /** A configuration string for TCP. */
    public String tcp() {
        return tcp;
    }

    /** Each table with its rows as a line of JSON. */
    public List<String> tables() {
        return ask("tables");
    }

    /** Makes a table, whose columns are written as {@code name:TYPE}. */
    public void create(String table, String... columns) {
        ask("create " + table + " " + String.join(" ", columns));
    }

    /** Forgets all tables. */
    public void clear() {
        ask("clear");
    }

    private synchronized List<String> ask(String command) {
        try {
            commands.write(command + "\n");
            commands.flush();
            List<String> lines = new ArrayList<>();
            String line = answers.readLine();
            while (line != null && line.startsWith("{")) {
                lines.add(line);
                line = answers.readLine();
            }
            if (line == null || !line.isEmpty()) {
                throw new IOException("the receiver answered " + line + " to " + command);
            }
            return lines;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends the program. */
    @Override
    public void close() {
        try {
            commands.close();
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
