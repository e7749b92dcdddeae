package dev.squall.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What only a process of its own shows: exit codes, real streams, the locale, signals. */
class ProcessTest {
    private static final long PATIENCE_SECONDS = 120;

    @TempDir
    Path directory;

    private record Run(int exitCode, String out, String err) {}

    @Test
    void answersAPipedPromptOnStandardOutputOnly() throws Exception {
        Run run = run(Map.of(), "What is the capital of France?\n", "chat", "--temp", "0");

        assertThat(run.out()).isEqualTo("The capital of France is Paris.\n");
        assertThat(run.err()).containsPattern("prompt \\d+ tokens .* seed \\d+\n$");
        assertThat(run.exitCode()).isZero();
    }

    @Test
    void leavesStandardInputAloneWhereThePromptIsGiven() throws Exception {
        ProcessBuilder builder = builder(Map.of(), "chat", "-p", "Hello", "-n", "1");
        Process process = builder.start();

        assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
    }

    @Test
    void writesUtf8WhateverTheLocale() throws Exception {
        Run run = run(
                Map.of("LC_ALL", "C"),
                "caf\u00e9 \ud83d\ude00",
                "chat",
                "--raw",
                "--json",
                "-n",
                "0",
                "--logprobs",
                "0");

        assertThat(run.out()).doesNotContain("?", "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
        Run same = run(
                Map.of("LC_ALL", "C.UTF-8"),
                "caf\u00e9 \ud83d\ude00",
                "chat",
                "--raw",
                "--json",
                "-n",
                "0",
                "--logprobs",
                "0");
        assertThat(ids(run.out())).isEqualTo(ids(same.out()));
    }

    @Test
    void exitsWithTwoOnWrongUsageAndOneOnFailure() throws Exception {
        Run usage = run(Map.of(), "", "chat", "--tepm", "1");
        Run failure = run(Map.of(), "", "chat", "-p", "x", "-m", "none.gguf");

        assertThat(usage.exitCode()).isEqualTo(2);
        assertThat(usage.out()).isEmpty();
        assertThat(usage.err().lines()).hasSize(1);
        assertThat(failure.exitCode()).isEqualTo(1);
        assertThat(failure.out()).isEmpty();
        assertThat(failure.err()).isEqualTo("squall: file not found: none.gguf: check the path\n");
    }

    @Test
    void exitsWith130WhenInterrupted() throws Exception {
        Process process = builder(
                        Map.of(),
                        "chat",
                        "-p",
                        "Tell me a story.",
                        "--temp",
                        "5",
                        "--top-k",
                        "0",
                        "--top-p",
                        "1",
                        "--min-p",
                        "0")
                .redirectOutput(directory.resolve("out").toFile())
                .start();
        awaitOutput(directory.resolve("out"), process);

        new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();

        assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(130);
    }

    /** As tools do that die of SIGPIPE: a shell reports 141, and standard error stays empty. */
    @Test
    void endsWithoutAWordWhenNobodyReadsItsOutputAnyMore() throws Exception {
        Run learnt = run(Map.of(), "", "batch", prompts(), "--temp", "0", "--expert-cache", "25%", "--index", index());
        assertThat(learnt.exitCode()).as(learnt.err()).isZero();
        for (String[] command : new String[][] {
            {
                "chat",
                "-p",
                "Tell me a story.",
                "-n",
                "400",
                "--temp",
                "5",
                "--top-k",
                "0",
                "--top-p",
                "1",
                "--min-p",
                "0"
            },
            {"index", "export", index()},
        }) {
            Process process = builder(Map.of(), command).start();
            assertThat(process.getInputStream().read()).as(command[0]).isNotNegative();
            process.getInputStream().close();

            assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
            assertThat(Files.readString(directory.resolve("err")))
                    .as(command[0])
                    .isEmpty();
            assertThat(process.exitValue()).as(command[0]).isEqualTo(141);
        }
    }

    private String prompts() throws Exception {
        return Files.writeString(
                        directory.resolve("prompts.txt"),
                        "What is the capital of France?\nTell me a story.\nWhat is 7 plus 8?\n".repeat(20))
                .toString();
    }

    private String index() {
        return directory.resolve("index").toString();
    }

    private static void awaitOutput(Path file, Process process) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (Files.size(file) == 0) {
            assertThat(process.isAlive()).isTrue();
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.sleep(1);
        }
    }

    private static String ids(String json) {
        return json.replaceFirst(".*\"prompt_ids\":(\\[[^]]*]).*", "$1");
    }

    private Run run(Map<String, String> environment, String input, String... arguments) throws Exception {
        Path in = Files.write(directory.resolve("in"), input.getBytes(StandardCharsets.UTF_8));
        Path out = directory.resolve("out");
        Path err = directory.resolve("err");
        Process process = builder(environment, arguments)
                .redirectInput(in.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        return new Run(process.exitValue(), Files.readString(out), Files.readString(err));
    }

    private ProcessBuilder builder(Map<String, String> environment, String... arguments) {
        ProcessBuilder builder = new ProcessBuilder(SquallProcess.command(arguments));
        builder.environment().keySet().removeIf(name -> name.startsWith("SQUALL_") || name.startsWith("LC_"));
        builder.environment().put("HOME", directory.toString());
        builder.environment().putAll(environment);
        return builder.redirectError(directory.resolve("err").toFile());
    }
}
