package dev.squall.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A process that runs {@link LaneCommand} with the JVM arguments of this one. Closing ends it. One thread only. */
final class Lane implements AutoCloseable {
    private final Engine engine;
    private final Process process;
    private final PrintWriter commands;
    private final BufferedReader answers;
    private final String description;

    Lane(Engine engine, RaceOptions options) throws IOException {
        this.engine = engine;
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Bench.class.getName(), "lane"));
        command.add(engine.name());
        command.addAll(options.arguments());
        process = new ProcessBuilder(command).redirectError(Redirect.INHERIT).start();
        commands = new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true);
        answers = process.inputReader(StandardCharsets.UTF_8);
        description = answer();
    }

    Engine engine() {
        return engine;
    }

    String description() {
        return description;
    }

    /** Runs one lap there and waits for its end. */
    Lap lap() throws IOException {
        commands.println("lap");
        return Lap.parse(answer());
    }

    private String answer() throws IOException {
        String line = answers.readLine();
        if (line == null) {
            process.destroy();
            throw new BenchException(engine + "'s process ended early: its messages are above");
        }
        return line;
    }

    @Override
    public void close() {
        commands.close();
        process.destroy();
    }
}
