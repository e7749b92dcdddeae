package dev.squall.cli.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.squall.cli.DemoVariant;
import dev.squall.cli.InProcess;
import dev.squall.cli.file.DistinctFiles;
import dev.squall.cli.loading.DemoModel;
import dev.squall.cli.process.CommandFailure;
import dev.squall.gguf.GgufFile;
import dev.squall.gguf.GgufValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PerplexityCommandTest {
    @TempDir
    private Path home;

    private String text = "";

    @BeforeEach
    void writeText() throws IOException {
        text = Files.writeString(
                        home.resolve("text"),
                        "The capital of France is Paris. 5 + 11 = 16. Mia was a fox in a wood. ".repeat(10))
                .toString();
    }

    private InProcess.Run run(String... more) {
        String[] arguments = new String[more.length + 7];
        String[] first = {"perplexity", "-f", text, "-c", "40", "--chunks", "2"};
        System.arraycopy(first, 0, arguments, 0, first.length);
        System.arraycopy(more, 0, arguments, first.length, more.length);
        return new InProcess(home).run(arguments);
    }

    @Test
    void printsThePerplexityAndEachWindowOnTheWay() {
        InProcess.Run run = run();

        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).matches("perplexity +\\d+\\.\\d{6} ± \\d+\\.\\d{6} \\(38 tokens scored\\)\n");
        assertThat(run.err()).contains("window 1 of 2: perplexity so far").contains("window 2 of 2");
    }

    @Test
    void comparesWithASavedBaseAndWithAModel() throws IOException {
        String base = home.resolve("base").toString();
        assertThat(run("--save-base", base).exitCode()).isZero();
        assertThat(run("--save-base", base).exitCode()).as("in its own place").isZero();

        InProcess.Run saved = run("--base", base);

        assertThat(saved.out())
                .contains("same likeliest token               100.0000 % ± 0.0000 %")
                .containsPattern("mean KL divergence +-?0\\.0000\\d\\d ±")
                .containsPattern("99.9 % difference of p +-?0\\.\\d+ %");

        String demo = DemoModel.locate(home, System.err).toString();
        JsonNode json =
                new ObjectMapper().readTree(run("--base-model", demo, "--json").out());

        assertThat(json.get("perplexity_ratio").asDouble()).isBetween(0.999, 1.001);
        assertThat(json.get("same_likeliest").get("mean").asDouble()).isEqualTo(1);
        assertThat(json.get("kl_divergence").get("quantile_0.5").asDouble()).isBetween(-1e-3, 1e-3);
        assertThat(json.get("tokens").asInt()).isEqualTo(38);
    }

    @Test
    void refusesABaseOfAnotherVocabularyBeforeItScoresAnything() throws IOException {
        String key = "tokenizer.ggml.tokens";
        Path original = DemoModel.locate(home, System.err);
        List<String> tokens;
        try (GgufFile demo = GgufFile.open(original)) {
            tokens = new ArrayList<>(demo.metadata().strings(key));
        }
        List<String> more = new ArrayList<>(tokens);
        more.add("another");
        Path larger = new DemoVariant()
                .with(key, GgufValue.strings(more))
                .without("tokenizer.ggml.token_type")
                .write(home.resolve("larger.gguf"));
        Collections.swap(tokens, tokens.indexOf("5"), tokens.indexOf("6"));
        Path swapped = new DemoVariant().with(key, GgufValue.strings(tokens)).write(home.resolve("swapped.gguf"));

        InProcess.Run ofLarger = run("--base-model", larger.toString());
        InProcess.Run ofSwapped = run("--base-model", swapped.toString());

        assertThat(ofLarger.exitCode()).isEqualTo(1);
        assertThat(ofLarger.err())
                .startsWith("squall: --base-model " + larger + ": a vocabulary of " + more.size() + " tokens, expected "
                        + tokens.size() + " as in ");
        assertThat(ofSwapped.exitCode()).isEqualTo(1);
        assertThat(ofSwapped.err())
                .startsWith("squall: --base-model " + swapped + ": other tokens for " + text + " than those of ");
    }

    @Test
    void keepsDistributionsOverNothingThatItReads() throws IOException {
        String before = Files.readString(Path.of(text));

        InProcess.Run overText = run("--save-base", text);
        InProcess.Run overBase =
                run("--base", text, "--save-base", home.resolve("./text").toString());

        assertThat(overText.err()).contains(text + ": both the text and the --save-base: name another file");
        assertThat(overText.exitCode()).isEqualTo(1);
        assertThat(overBase.exitCode()).isEqualTo(1);
        assertThat(Path.of(text)).hasContent(before);
    }

    @Test
    void readsStandardInputAndPipes() throws IOException {
        String content = Files.readString(Path.of(text));
        InProcess.Run typed =
                new InProcess(home).input(content).run("perplexity", "-f", "-", "-c", "40", "--chunks", "2");

        assertThat(typed.out()).isEqualTo(run().out());
    }

    @Test
    void aPipeIsOneFileWhateverItIsUsedFor() {
        Path pipe = Path.of("/dev/stdin");

        assertThatThrownBy(() -> new DistinctFiles().reads("text", pipe).writes("--save-base", pipe))
                .isInstanceOf(CommandFailure.class)
                .hasMessageContaining("both the text and the --save-base");
    }

    @Test
    void namesTheFileThatTheDiskHasNoRoomFor() {
        assumeTrue(Files.exists(Path.of("/dev/full")), "/dev/full is not there: a full disk was not tried");
        InProcess.Run run = run("--save-base", "/dev/full");

        assertThat(run.err()).contains("squall: /dev/full: distributions cannot be written (");
        assertThat(run.exitCode()).isEqualTo(1);
    }

    @Test
    void saysWhatIsWrong() throws IOException {
        Files.writeString(home.resolve("short"), "word");
        InProcess.Run tooShort = new InProcess(home)
                .run("perplexity", "-f", home.resolve("short").toString());
        assertThat(tooShort.exitCode()).isEqualTo(1);
        assertThat(tooShort.err()).contains("expected at least 1024 (two windows of 512)");

        InProcess.Run noBase = run("--base", text);
        assertThat(noBase.exitCode()).isEqualTo(1);
        assertThat(noBase.err()).contains(text + " holds no distributions: write them with --save-base");

        assertThat(run("--base", home.toString()).err()).contains(home + " is a folder, expected distributions");

        InProcess.Run both = run("--base", "a", "--base-model", "b");
        assertThat(both.exitCode()).isEqualTo(2);
        assertThat(both.err()).contains("--base and --base-model: give one of them");

        Files.write(home.resolve("latin"), new byte[] {'a', (byte) 0xe4, 'b'});
        InProcess.Run latin = new InProcess(home)
                .run("perplexity", "-f", home.resolve("latin").toString());
        assertThat(latin.exitCode()).isEqualTo(1);
        assertThat(latin.err()).contains("not UTF-8 text");
    }
}
