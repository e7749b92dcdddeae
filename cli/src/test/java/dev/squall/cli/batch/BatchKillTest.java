package dev.squall.cli.batch;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.squall.cli.SquallProcess;
import dev.squall.cli.loading.DemoModel;
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
    private static final int AT_A_TIME = 2;
    private static final int PROMPTS = 12;
    private static final long PATIENCE_MILLIS = 120_000;

    @TempDir
    private Path home;

    private Path input = Path.of("");
    private Map<String, String> expected = Map.of();
    private long wholeRunMillis;

    /** When a process is killed. */
    private enum Moment {
        /** While it starts, reads what there is, or answers. */
        ANY,
        /** Just after it has written. */
        WRITING,
        /** When the last answer is there. */
        ENDING
    }

    /** What was seen of kills: how many processes had written, and how many had written the last answer. */
    private record Seen(int kills, int writing, int ending, int outputs) {
        Seen plus(Seen other) {
            return new Seen(
                    kills + other.kills, writing + other.writing, ending + other.ending, outputs + other.outputs);
        }
    }

    @Test
    void losesNothingHoweverOftenItIsKilled() throws Exception {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < PROMPTS; i++) {
            lines.append(i).append('\n');
        }
        input = Files.writeString(home.resolve("in.txt"), lines);
        long start = System.nanoTime();
        expected = finish(home.resolve("expected"));
        wholeRunMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
        assertThat(expected).hasSize(PROMPTS);

        Seen seen = new Seen(0, 0, 0, 0);
        try (ExecutorService threads = Executors.newFixedThreadPool(AT_A_TIME)) {
            List<Callable<Seen>> tasks = new ArrayList<>();
            for (int i = 0; i < AT_A_TIME; i++) {
                int number = i;
                tasks.add(() -> killAll(number));
            }
            for (Future<Seen> task : threads.invokeAll(tasks)) {
                seen = seen.plus(task.get());
            }
        }

        assertThat(seen.kills).isGreaterThanOrEqualTo(KILLS);
        assertThat(seen.writing).as("%s", seen).isGreaterThan(KILLS / 3);
        assertThat(seen.ending).as("%s", seen).isGreaterThan(KILLS / 20);
    }

    /** Kills this thread's part of processes, on one output after another. */
    private Seen killAll(int thread) throws Exception {
        Random random = new Random(thread);
        Seen seen = new Seen(0, 0, 0, 0);
        while (seen.kills < KILLS / AT_A_TIME) {
            seen = seen.plus(killUntilAnswered(output(thread, seen.outputs), random));
        }
        assertThat(finish(output(thread, 0)))
                .as("after a start that found all answers")
                .isEqualTo(expected);
        return seen;
    }

    private Path output(int thread, int number) {
        return home.resolve("out-" + thread + "-" + number);
    }

    /** Starts a batch and kills it until it is through; what was whole before a kill must be there ever after. */
    private Seen killUntilAnswered(Path output, Random random) throws Exception {
        int kills = 0;
        int writing = 0;
        String before = "";
        while (records(before).size() < PROMPTS) {
            Process process = start(output);
            awaitMoment(moment(random), process, output, before.getBytes(StandardCharsets.UTF_8).length, random);
            process.destroyForcibly().waitFor();
            String now = Files.exists(output) ? new String(Files.readAllBytes(output), StandardCharsets.UTF_8) : "";
            String whole = now.substring(0, now.lastIndexOf('\n') + 1);
            assertThat(whole).startsWith(before);
            kills++;
            writing += whole.length() > before.length() ? 1 : 0;
            before = whole;
        }
        assertThat(records(before)).isEqualTo(expected);
        return new Seen(kills, writing, 1, 1);
    }

    private static Moment moment(Random random) {
        return switch (random.nextInt(8)) {
            case 0, 1, 2 -> Moment.ANY;
            case 3 -> Moment.ENDING;
            default -> Moment.WRITING;
        };
    }

    private void awaitMoment(Moment moment, Process process, Path output, long bytesBefore, Random random)
            throws Exception {
        switch (moment) {
            case ANY -> process.waitFor(random.nextLong(wholeRunMillis), TimeUnit.MILLISECONDS);
            case WRITING -> {
                await(process, output, bytesBefore + 1);
                TimeUnit.MICROSECONDS.sleep(random.nextInt(5_000));
            }
            case ENDING -> {
                await(process, output, Files.size(home.resolve("expected")));
                TimeUnit.MICROSECONDS.sleep(random.nextInt(20_000));
            }
        }
    }

    private static void await(Process process, Path output, long bytes) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
        while (process.isAlive() && (!Files.exists(output) || Files.size(output) < bytes)) {
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

    private Map<String, String> finish(Path output) throws Exception {
        Process process = start(output);
        assertThat(process.waitFor(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
        return records(Files.readString(output));
    }

    private Process start(Path output) throws IOException {
        List<String> command = SquallProcess.shortCommand(
                "batch",
                input.toString(),
                "-o",
                output.toString(),
                "-m",
                DemoModel.locate(Path.of("target"), System.err).toString(),
                "--kernels",
                "scalar",
                "--concurrency",
                "2",
                "--raw",
                "-c",
                "32",
                "-t",
                "1",
                "-s",
                "3",
                "-n",
                "1");
        return new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }
}
