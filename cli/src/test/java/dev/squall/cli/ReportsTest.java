package dev.squall.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.squall.cli.loading.DemoModel;
import dev.squall.gguf.GgufFile;
import dev.squall.gguf.GgufValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code models}, {@code doctor}, {@code completion}, help and version print. */
class ReportsTest {
    private static final JsonMapper MAPPER = new JsonMapper();

    @TempDir
    Path home;

    @Test
    void modelsSaysWhatTheDemoModelIs() {
        InProcess.Run run = new InProcess(home).run("models");

        assertThat(run.out())
                .contains("architecture  qwen3moe\n")
                .contains("8.78 million parameters")
                .contains("8 layers, embedding 192, 4 query and 2 key/value heads, context 512")
                .contains("16 in a layer, 2 used for a token; each 57.4 KiB")
                .contains("gpt2 (qwen2), 2048 tokens")
                .containsPattern("experts +Q8_0 +24 tensors")
                .containsPattern("router +F32 +8 tensors");
        assertThat(run.err()).isEmpty();
        assertThat(run.exitCode()).isZero();
    }

    @Test
    void modelsWritesJsonWhoseSizesAddUp() throws IOException {
        JsonNode root =
                MAPPER.readTree(new InProcess(home).run("models", "--json").out());
        JsonNode model = root.get("models").get(0);
        long tensorBytes = 0;
        int tensors = 0;
        for (JsonNode group : model.get("tensors")) {
            tensorBytes += group.get("bytes").longValue();
            tensors += group.get("count").intValue();
        }

        try (GgufFile file = GgufFile.open(demo())) {
            assertThat(tensors).isEqualTo(file.tensors().size());
            assertThat(model.get("bytes").longValue()).isEqualTo(file.bytes()).isGreaterThan(tensorBytes);
        }
        assertThat(model.get("expert_bytes_total").longValue())
                .isEqualTo(model.get("expert_bytes_min").longValue() * 16 * 8);
        assertThat(model.get("supported").booleanValue()).isTrue();
        assertThat(model.get("refusal").isNull()).isTrue();
        assertThat(model.get("experts_used").intValue()).isEqualTo(2);
    }

    @Test
    void modelsListsADirectoryWithWhatIsWrongInIt() throws IOException {
        Path models = Files.createDirectory(home.resolve("models"));
        Files.copy(demo(), models.resolve("good.gguf"));
        Files.writeString(models.resolve("bad.gguf"), "GGUF, it says");
        Files.writeString(models.resolve("part-00002-of-00002.gguf"), "a later part is no model");
        Files.writeString(models.resolve("notes.txt"), "no model at all");

        InProcess.Run run = new InProcess(home).run("models", models.toString());

        assertThat(run.out()).hasLineCount(2);
        assertThat(run.out()).containsPattern("bad.gguf .*expected").containsPattern("good.gguf .*16 experts, 2 used");
        assertThat(run.exitCode()).isZero();
    }

    @Test
    void modelsFailsForAFileThatIsNoModelButShowsTheOthers() throws IOException {
        Path bad = Files.writeString(home.resolve("bad.gguf"), "no model, but long enough to be looked into");
        Path demo = demo();

        InProcess.Run run = new InProcess(home).run("models", bad.toString(), demo.toString());

        assertThat(run.err()).startsWith("squall: header: ").hasLineCount(1);
        assertThat(run.out()).contains("qwen3moe");
        assertThat(run.exitCode()).isEqualTo(1);
    }

    @Test
    void modelsSaysWhatToDoAboutAFileThatIsNotThere() {
        Path missing = home.resolve("nope.gguf");

        InProcess.Run run = new InProcess(home).run("models", missing.toString());

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).isEqualTo("squall: file not found: " + missing + ": check the path\n");
    }

    @Test
    void modelsSaysWhyAModelIsNotRun() throws IOException {
        Path file = new DemoVariant()
                .with("general.architecture", GgufValue.string("gpt\u001b[31m"))
                .with("general.name", GgufValue.uint32(3))
                .without("tokenizer.chat_template")
                .write(home.resolve("odd.gguf"));

        InProcess.Run run = new InProcess(home).run("models", file.toString());
        InProcess.Run list = new InProcess(home).run("models", home.toString());

        assertThat(run.out())
                .contains("? layers", "none: a base model", "not run by this Squall: general.architecture")
                .contains("none: a dense model")
                .doesNotContain("\u001b");
        assertThat(run.exitCode()).isZero();
        assertThat(list.out()).contains("not run by this Squall").doesNotContain("\u001b");
    }

    @Test
    void modelsSaysThatTensorsDoNotFitTheKeys() throws IOException {
        Path odd = new DemoVariant()
                .with("qwen3moe.expert_feed_forward_length", GgufValue.uint32(64))
                .write(home.resolve("odd.gguf"));

        String refusal = "tensor 'blk.0.ffn_gate_exps.weight': dim[1]=";
        assertThat(new InProcess(home).run("models", odd.toString()).out()).contains(refusal);
        assertThat(new InProcess(home)
                        .run("chat", "-m", odd.toString(), "-p", "Hello")
                        .err())
                .contains(refusal);
    }

    @Test
    void doctorFindsNothingMissingHere() throws IOException {
        InProcess.Run run = new InProcess(home).run("doctor");
        JsonNode root =
                MAPPER.readTree(new InProcess(home).run("doctor", "--json").out());

        assertThat(run.exitCode()).as(run.out()).isZero();
        assertThat(run.out())
                .contains("fine     jdk", "fine     demo model", "fine     devices      the processor only")
                .containsPattern("fine +memory +[\\d.]+ [KMGT]iB")
                .doesNotContain("missing");
        assertThat(root.get("findings")).hasSizeGreaterThan(8).allSatisfy(finding -> {
            assertThat(finding.get("state").textValue()).isIn("fine", "warning");
            assertThat(finding.get("remedy").isNull())
                    .isEqualTo(finding.get("state").textValue().equals("fine"));
        });
    }

    @Test
    void completionNamesCommandsAndOptions() {
        for (String shell : new String[] {"bash", "zsh"}) {
            InProcess.Run run =
                    new InProcess(home).environment("SQUALL_TEMP", "nonsense").run("completion", shell);

            assertThat(run.out())
                    .contains("complete -F", "--repeat-penalty", "chat", "models", "doctor", "bashcompinit");
            assertThat(run.exitCode()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "chat", "index", "index info", "index export", "help"})
    void helpOfACommandIsWhatItsOwnOptionShows(String command) {
        String[] words = command.isEmpty() ? new String[0] : command.split(" ");
        String[] asked = Stream.concat(Stream.of("help"), Arrays.stream(words)).toArray(String[]::new);
        String[] option =
                Stream.concat(Arrays.stream(words), Stream.of("--help")).toArray(String[]::new);

        InProcess.Run run = new InProcess(home).run(asked);

        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).isEqualTo(new InProcess(home).run(option).out()).startsWith("Usage: squall");
    }

    @ParameterizedTest
    @CsvSource({
        "chat, --repeat-last-n",
        "models, --json",
        "doctor, --json",
        "completion, bash|zsh",
        "simulate, --slots",
        "'', completion"
    })
    void helpGoesToStandardOutput(String command, String contains) {
        InProcess.Run run =
                command.isEmpty() ? new InProcess(home).run("--help") : new InProcess(home).run(command, "--help");

        assertThat(run.out()).startsWith("Usage: squall").contains(contains).doesNotContain("${");
        assertThat(run.err()).isEmpty();
        assertThat(run.exitCode()).isZero();
    }

    @Test
    void everyOptionOfAChatIsInItsHelp() {
        String help = new InProcess(home).run("chat", "--help").out();

        assertThat(help)
                .contains(
                        "-m, --model",
                        "-p, --prompt",
                        "-f, --file",
                        "-sys, --system",
                        "-n, --predict",
                        "-c, --ctx-size")
                .contains(
                        "-s, --seed", "--temp", "--top-k", "--top-p", "--min-p", "--repeat-penalty", "--repeat-last-n")
                .contains(
                        "-t, --threads", "--color", "--raw", "--logprobs", "--json", "--device", "--kernels", "--debug")
                .contains("SQUALL_TOP_K");
    }

    @Test
    void versionIsOneLine() {
        assertThat(new InProcess(home).run("--version").out())
                .matches("squall \\d+\\.\\d+\\.\\d+\\S* \\(Java 25\\S*\\)\n");
        assertThat(new InProcess(home).run("chat", "--version").out()).startsWith("squall ");
    }

    private Path demo() throws IOException {
        return DemoModel.locate(home, System.err);
    }
}
