package dev.squall.cli;

import dev.squall.cli.process.Environment;
import dev.squall.cli.process.Streams;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** Runs a command in this JVM, with its own streams and environment. */
public final class InProcess {
    /** What a run left behind. */
    public record Run(int exitCode, String out, String err) {}

    private final Map<String, String> environment = new HashMap<>();
    private String input = "";
    private boolean terminal;

    public InProcess(Path home) {
        environment.put("HOME", home.toString());
    }

    public InProcess environment(String name, String value) {
        environment.put(name, value);
        return this;
    }

    public InProcess input(String text) {
        input = text;
        return this;
    }

    /** As if somebody looked at output and notes, and typed nothing yet. */
    public InProcess terminal() {
        terminal = true;
        return this;
    }

    public Run run(String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exitCode;
        try (PrintStream outStream = new PrintStream(out, true, StandardCharsets.UTF_8);
                PrintStream errStream = new PrintStream(err, true, StandardCharsets.UTF_8)) {
            exitCode = Squall.run(
                    new Streams(
                            new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
                            outStream,
                            errStream,
                            terminal,
                            terminal,
                            terminal),
                    new Environment(environment),
                    arguments);
        }
        return new Run(exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }
}
