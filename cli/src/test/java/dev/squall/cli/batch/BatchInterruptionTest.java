package dev.squall.cli.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.squall.cli.SquallProcess;
import dev.squall.cli.loading.DemoModel;
import dev.squall.index.MapIndexReader;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What may happen to a batch under way, in a process of its own: what it says, what it keeps, and that it goes on. */
@Timeout(240)
class BatchInterruptionTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int PROMPTS = 40;

    @TempDir
    private Path home;

    private Path input = Path.of("");
    private Path model = Path.of("");
    private Path output = Path.of("");
    private Path err = Path.of("");

    @BeforeEach
    void ask() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < PROMPTS; i++) {
            lines.append("number ").append(i).append('\n');
        }
        input = Files.writeString(home.resolve("in.txt"), lines);
        model = home.resolve("model.gguf");
        output = home.resolve("out");
        err = home.resolve("err");
        copyModel();
    }

    private void copyModel() throws IOException {
        Files.deleteIfExists(model);
        Files.copy(DemoModel.locate(Path.of("target"), System.err), model);
    }

    private List<String> command(String... more) {
        List<String> command = SquallProcess.command(
                "batch",
                input.toString(),
                "-o",
                output.toString(),
                "-m",
                model.toString(),
                "--raw",
                "--concurrency",
                "2",
                "-n",
                "2",
                "-s",
                "3");
        command.addAll(List.of(more));
        return command;
    }

    private Process start(String... more) throws IOException {
        return new ProcessBuilder(command(more))
                .directory(home.toFile())
                .redirectOutput(home.resolve("unused").toFile())
                .redirectError(err.toFile())
                .start();
    }

    /** A batch that has written something and not all. */
    private Process startAndAwaitAnAnswer(String... more) throws Exception {
        Process process = start(more);
        awaitAnAnswer(process);
        return process;
    }

    private void awaitAnAnswer(Process process) throws Exception {
        while (process.isAlive() && (!Files.exists(output) || Files.size(output) == 0)) {
            TimeUnit.MILLISECONDS.sleep(1);
        }
    }

    private String finish(Process process, int exitCode) throws Exception {
        process.waitFor();
        String said = Files.readString(err);
        assertThat(process.exitValue()).as(said).isEqualTo(exitCode);
        return said;
    }

    /** Ids of the answers, each whole and there once. */
    private Set<String> answered() throws IOException {
        Set<String> ids = new HashSet<>();
        for (String line : Files.readAllLines(output)) {
            JsonNode answer = JSON.readTree(line);
            assertThat(ids.add(answer.get("custom_id").asText())).isTrue();
        }
        return ids;
    }

    private void expectThatItGoesOn(String... more) throws Exception {
        Set<String> before = answered();
        assertThat(before).hasSizeBetween(1, PROMPTS - 1);
        copyModel();
        assertThat(finish(start(more), 0)).contains(before.size() + " there before");
        assertThat(answered()).hasSize(PROMPTS).containsAll(before);
    }

    @Test
    void aModelThatIsDeletedIsUsedToTheEnd() throws Exception {
        for (String cache : List.of("auto", "25%")) {
            Files.deleteIfExists(output);
            copyModel();
            Process process = startAndAwaitAnAnswer("--expert-cache", cache);

            Files.delete(model);

            assertThat(finish(process, 0)).contains(PROMPTS + " answered, 0 failed");
            assertThat(answered()).hasSize(PROMPTS);
        }
        assertThat(finish(start(), 1)).contains("file not found: " + model + ": check the path");
    }

    private void cutModel() throws IOException {
        try (FileChannel file = FileChannel.open(model, StandardOpenOption.WRITE)) {
            file.truncate(100_000);
        }
    }

    @Test
    void aModelThatIsCutShortWhileItsExpertsAreReadIsNamed() throws Exception {
        Process process = startAndAwaitAnAnswer("--expert-cache", "25%");

        cutModel();
        process.waitFor();

        assertThat(process.exitValue()).isNotZero();
        assertThat(Files.readString(err)).containsAnyOf("it was cut off while it was in use", "cut short");
        expectThatItGoesOn("--expert-cache", "25%");
    }

    /** No Java program survives that for certain; what was answered does, and something is said. */
    @Test
    void aMappedModelThatIsCutShortEndsTheBatchWithTheReason() throws Exception {
        Process process = startAndAwaitAnAnswer("--expert-cache", "auto");

        cutModel();
        process.waitFor();

        assertThat(process.exitValue()).isNotZero();
        assertThat(Files.readString(err)).contains("cut short", "start the same command again");
        expectThatItGoesOn("--expert-cache", "auto");
    }

    @Test
    void signalsEndItWithHowFarItCame() throws Exception {
        for (List<Object> signal : List.<List<Object>>of(List.of("-INT", 130), List.of("-TERM", 143))) {
            Files.deleteIfExists(output);
            Process process = startAndAwaitAnAnswer();

            new ProcessBuilder("kill", (String) signal.getFirst(), Long.toString(process.pid()))
                    .start()
                    .waitFor();

            assertThat(finish(process, (int) signal.getLast()))
                    .contains("interrupted: ")
                    .contains(" of " + PROMPTS + " answers are in " + output + "; the same command goes on");
            expectThatItGoesOn();
        }
    }

    @Test
    void whatWasLearntBeforeASignalIsKept() throws Exception {
        Path index = home.resolve("index");
        Process process = startAndAwaitAnAnswer("--expert-cache", "25%", "--index", index.toString());

        signal(process, "INT");

        finish(process, 130);
        try (MapIndexReader reader = MapIndexReader.open(index)) {
            assertThat(reader.maps()).isPositive();
        }
        assertThat(index.resolve("squall.weights")).exists();
    }

    @Test
    void whatWasLearntIsKeptThoughOthersKeepTheProcessorsBusy() throws Exception {
        Path index = home.resolve("index");
        Process process = startAndAwaitAnAnswer("--expert-cache", "25%", "--index", index.toString());
        AtomicBoolean isBusy = new AtomicBoolean(true);
        List<Thread> others = new ArrayList<>();
        for (int i = 0; i < 2 * Runtime.getRuntime().availableProcessors(); i++) {
            others.add(Thread.ofPlatform().daemon().start(() -> {
                while (isBusy.get()) {
                    Thread.onSpinWait();
                }
            }));
        }
        try {
            signal(process, "INT");
            finish(process, 130);
        } finally {
            isBusy.set(false);
        }
        for (Thread other : others) {
            other.join();
        }
        try (MapIndexReader reader = MapIndexReader.open(index)) {
            assertThat(reader.maps()).isPositive();
        }
    }

    @Test
    void interruptedAtATerminalItSaysThatToo() throws Exception {
        assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/script")),
                "/usr/bin/script is not there: Ctrl-C at a terminal was not tried");
        StringBuilder line = new StringBuilder("exec");
        for (String word : command()) {
            line.append(" '").append(word.replace("'", "'\\''")).append('\'');
        }
        Process terminal = new ProcessBuilder("/usr/bin/script", "-qec", line.toString(), "/dev/null")
                .directory(home.toFile())
                .redirectInput(ProcessBuilder.Redirect.PIPE)
                .redirectOutput(err.toFile())
                .start();
        awaitAnAnswer(terminal);

        long java = terminal.descendants()
                .filter(process -> process.info().command().orElse("").endsWith("/java"))
                .findFirst()
                .orElseThrow()
                .pid();
        new ProcessBuilder("kill", "-INT", Long.toString(java)).start().waitFor();
        terminal.waitFor();

        assertThat(Files.readString(err))
                .contains("/" + PROMPTS + " [")
                .contains("interrupted: ")
                .contains("the same command goes on");
    }

    @Test
    void anOutputThatIsDeletedEndsItBeforeMoreIsLost() throws Exception {
        Process process = startAndAwaitAnAnswer();

        Files.delete(output);

        assertThat(finish(process, 1)).contains(output + ": moved, deleted or changed by somebody else");
    }

    private static void signal(Process process, String name) throws Exception {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .start()
                .waitFor();
    }

    @Test
    void anotherProcessOnTheSameOutputIsRefused() throws Exception {
        Process process = startAndAwaitAnAnswer();
        // It holds its lock, and cannot end before the other one has begun.
        signal(process, "STOP");
        List<String> second =
                new ArrayList<>(SquallProcess.command("batch", input.toString(), "-o", output.toString()));
        Path secondErr = home.resolve("second");
        Process refused = new ProcessBuilder(second)
                .redirectOutput(home.resolve("unused2").toFile())
                .redirectError(secondErr.toFile())
                .start();
        refused.waitFor();
        signal(process, "CONT");

        assertThat(refused.exitValue()).as(Files.readString(secondErr)).isEqualTo(1);
        assertThat(Files.readString(secondErr)).contains("another process writes it");
        assertThat(finish(process, 0)).contains(PROMPTS + " answered");
    }

    @Test
    void anOutputThatCannotBeWrittenIsSaidBeforeTheModelIsLoaded() throws Exception {
        output = home.resolve("none/out");
        Files.delete(model);
        assertThat(finish(start(), 1)).contains("none").contains("name another").doesNotContain("gguf");
    }
}
