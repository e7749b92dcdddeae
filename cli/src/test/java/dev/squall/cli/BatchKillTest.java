package dev.squall.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kills real processes, {@code -Dsquall.test.kills=N} of them, as a power cut or the system out of memory would. */
class BatchKillTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int KILLS = Integer.getInteger("squall.test.kills", 200);
    private static final int OUTPUTS = 2;
    private static final int PROMPTS_PER_KILL = 6;
    private static final long PATIENCE_MILLIS = 120_000;

    @TempDir
    private Path home;

    /** What became of one output. */
    private record Killed(int withAnswersOfTheirOwn, int torn) {}

    @Test
    void losesNothingHoweverOftenItIsKilled() throws Exception {
        int prompts = PROMPTS_PER_KILL * KILLS / OUTPUTS;
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < prompts; i++) {
            lines.append("What is %d plus %d?%n".formatted(i % 40, i / 40));
        }
        Path input = Files.writeString(home.resolve("in.txt"), lines);
        Path expected = home.resolve("expected");
        finish(input, expected);
        assertThat(records(Files.readString(expected))).hasSize(prompts);

        List<Killed> killed = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(OUTPUTS)) {
            List<Callable<Killed>> tasks = new ArrayList<>();
            for (int i = 0; i < OUTPUTS; i++) {
                Path output = home.resolve("out" + i);
                Random random = new Random(i);
                tasks.add(() -> kill(input, output, random));
            }
            for (Future<Killed> task : threads.invokeAll(tasks)) {
                killed.add(task.get());
            }
        }

        for (int i = 0; i < OUTPUTS; i++) {
            Path output = home.resolve("out" + i);
            finish(input, output);
            assertThat(records(Files.readString(output))).isEqualTo(records(Files.readString(expected)));
        }
        assertThat(killed.stream().mapToInt(Killed::withAnswersOfTheirOwn).sum())
                .as("kills of processes that had written, of %d: %s", KILLS, killed)
                .isGreaterThan(KILLS / 3);
    }

    /** Starts a batch and kills it, again and again; what was whole before a kill must be there ever after. */
    private Killed kill(Path input, Path output, Random random) throws Exception {
        int withAnswers = 0;
        int torn = 0;
        String before = "";
        for (int i = 0; i < KILLS / OUTPUTS; i++) {
            Process process = start(input, output);
            if (random.nextInt(4) > 0) {
                awaitGrowth(process, output, before.getBytes(StandardCharsets.UTF_8).length);
                TimeUnit.MICROSECONDS.sleep(random.nextInt(20_000));
            } else {
                process.waitFor(random.nextInt(600), TimeUnit.MILLISECONDS);
            }
            process.destroyForcibly().waitFor();
            String now = Files.exists(output) ? Files.readString(output) : "";
            String whole = now.substring(0, now.lastIndexOf('\n') + 1);
            assertThat(whole).startsWith(before);
            records(whole);
            withAnswers += whole.length() > before.length() ? 1 : 0;
            torn += now.length() > whole.length() ? 1 : 0;
            before = whole;
        }
        return new Killed(withAnswers, torn);
    }

    private static void awaitGrowth(Process process, Path output, long bytes) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
        while (process.isAlive() && (!Files.exists(output) || Files.size(output) <= bytes)) {
            assertThat(System.nanoTime()).as("no answer in time").isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(1);
        }
    }

    /** Answers by their id; fails if one is there twice or a line is not whole. */
    private static Map<String, String> records(String text) throws IOException {
        Map<String, String> records = new TreeMap<>();
        for (String line : text.lines().toList()) {
            JsonNode record = JSON.readTree(line);
            assertThat(records.put(
                            record.get("custom_id").asText(),
                            record.get("response").toString()))
                    .as("an answer twice: %s", line)
                    .isNull();
        }
        return records;
    }

    private void finish(Path input, Path output) throws Exception {
        Process process = start(input, output);
        assertThat(process.waitFor(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
    }

    private Process start(Path input, Path output) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx200m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Squall.class.getName(),
                "batch",
                input.toString(),
                "-o",
                output.toString(),
                "-m",
                DemoModel.locate(Path.of("target"), System.err).toString(),
                "--kernels",
                "scalar",
                "-c",
                "64",
                "-t",
                "1",
                "-s",
                "3",
                "-n",
                "2");
        return builder.redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }
}
