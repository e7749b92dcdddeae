package dev.squall.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.squall.compute.BackendFactory;
import dev.squall.compute.BackendOptions;
import dev.squall.compute.ComputeBackend;
import dev.squall.compute.JvmBackend;
import dev.squall.generate.Cancellation;
import dev.squall.generate.GenerationRequest;
import dev.squall.generate.GenerationResult;
import dev.squall.generate.LanguageModel;
import dev.squall.generate.ScoredToken;
import dev.squall.generate.Session;
import dev.squall.generate.TokenListener;
import dev.squall.gguf.GgufFile;
import dev.squall.model.Hyperparameters;
import dev.squall.model.ModelException;
import dev.squall.model.ModelWeights;
import dev.squall.model.RowBatch;
import dev.squall.sampling.SamplingOptions;
import dev.squall.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole engine on the device gives what it gives on the JVM. */
class TornadoBackendTest {
    /** Three matrices of 96 x 192 in blocks of 32 elements and 34 bytes. */
    private static final long EXPERT_BYTES = 3L * 96 * 192 / 32 * 34;

    private static final List<String> PROMPTS = List.of(
            "What is the capital of Japan?",
            "What is 7 plus 8?",
            "Tell me a story about a fox named Mia.",
            "What is the opposite of cold?");

    @TempDir
    static Path folder;

    @BeforeAll
    static void copyTheDemoModel() {
        try (InputStream in = Objects.requireNonNull(
                LanguageModel.class.getResourceAsStream("/dev/squall/demo/demo-moe-q8_0.gguf"))) {
            Files.copy(in, folder.resolve("demo.gguf"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<GenerationResult> answers(BackendFactory backend) throws IOException {
        List<GenerationResult> answers = new ArrayList<>();
        try (LanguageModel model = LanguageModel.builder(folder.resolve("demo.gguf"))
                .contextTokens(160)
                .sequences(2)
                .backend(backend)
                .load()) {
            for (String prompt : PROMPTS) {
                try (Session session = model.newSession()) {
                    int[] tokens = model.tokenizer()
                            .encodeTrusted("<|im_start|>user\n" + prompt + "<|im_end|>\n<|im_start|>assistant\n");
                    answers.add(session.generate(
                            new GenerationRequest(tokens, 40, SamplingOptions.greedy(), 0, new Cancellation()),
                            TokenListener.NONE));
                }
            }
        }
        return answers;
    }

    @Test
    void greedyTextIsThatOfTheJvm() throws IOException {
        List<GenerationResult> expected = answers(JvmBackend.vector());
        for (long buffer : new long[] {Long.MAX_VALUE, 40 * EXPERT_BYTES}) {
            List<GenerationResult> actual = answers(TornadoBackend.factory(new DeviceLimits(-1, 0, buffer)));
            for (int i = 0; i < PROMPTS.size(); i++) {
                assertThat(actual.get(i).text())
                        .isEqualTo(expected.get(i).text())
                        .isNotBlank();
                assertThat(actual.get(i).answer()).isEqualTo(expected.get(i).answer());
            }
        }
    }

    @Test
    void givesTheHiddenStateOfAnyRowInAnyOrder() throws IOException {
        try (GgufFile file = GgufFile.open(folder.resolve("demo.gguf"))) {
            Hyperparameters h = Hyperparameters.of(file);
            int vocabulary = Tokenizer.fromMetadata(file.metadata()).vocabularySize();
            ModelWeights model = ModelWeights.bind(file, h, vocabulary);
            BackendOptions options = new BackendOptions(1, 4, 1, 8, null);
            int[] tokens = {40, 50, 60};
            try (ComputeBackend jvm = JvmBackend.vector().create(model, options);
                    ComputeBackend device =
                            TornadoBackend.factory(DeviceLimits.none()).create(model, options)) {
                float[] logits = new float[4 * h.expertCount()];
                float[] expected = new float[h.embeddingLength()];
                float[] actual = new float[h.embeddingLength()];
                for (ComputeBackend backend : List.of(jvm, device)) {
                    backend.begin(RowBatch.ofSequence(tokens, 0, 3, 0, 0));
                    backend.attentionBlock(0, logits);
                }
                for (int row : new int[] {2, 0, 1, 1, 0, 2, 0}) {
                    jvm.hidden(row, expected, 0);
                    device.hidden(row, actual, 0);
                    assertThat(actual).as("row %d", row).containsExactly(expected);
                }
            }
        }
    }

    @Test
    void theLikeliestTokenIsThatOfTheLogitsBitForBit() throws IOException {
        try (LanguageModel model = LanguageModel.builder(folder.resolve("demo.gguf"))
                        .contextTokens(160)
                        .backend(TornadoBackend.factory(DeviceLimits.none()))
                        .load();
                Session session = model.newSession()) {
            for (String prompt : PROMPTS) {
                int[] tokens = model.tokenizer()
                        .encodeTrusted("<|im_start|>user\n" + prompt + "<|im_end|>\n<|im_start|>assistant\n");
                GenerationRequest choices = GenerationRequest.of(tokens, 20, SamplingOptions.greedy());
                GenerationRequest scores =
                        new GenerationRequest(tokens, 20, SamplingOptions.greedy(), 0, new Cancellation());
                assertThat(ids(session.generate(choices, TokenListener.NONE)))
                        .isEqualTo(ids(session.generate(scores, TokenListener.NONE)))
                        .isNotEmpty();
            }
        }
    }

    private static List<Integer> ids(GenerationResult result) {
        return result.answer().stream().map(ScoredToken::token).toList();
    }

    @Test
    void refusesADeviceThatDoesNotHoldOneLayersExperts() {
        assertThatThrownBy(() -> answers(TornadoBackend.factory(new DeviceLimits(-1, 1 << 20, Long.MAX_VALUE))))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("device memory of 1048576 bytes, expected at least")
                .hasMessageContaining("16 experts " + 16 * EXPERT_BYTES);
    }
}
