package dev.squall.tornado;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.squall.generate.LanguageModel;
import dev.squall.gguf.BlockType;
import dev.squall.gguf.GgufFile;
import dev.squall.model.Architecture;
import dev.squall.model.Hyperparameters;
import dev.squall.model.ModelException;
import dev.squall.model.ModelWeights;
import dev.squall.model.Projection;
import dev.squall.model.WeightMatrix;
import dev.squall.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What there are no kernels for is refused by name. */
class DeviceSupportTest {
    @TempDir
    Path folder;

    private void withDemoModel(BiConsumer<ModelWeights, Hyperparameters> test) throws IOException {
        Path path = folder.resolve("demo.gguf");
        try (InputStream in = Objects.requireNonNull(
                LanguageModel.class.getResourceAsStream("/dev/squall/demo/demo-moe-q8_0.gguf"))) {
            Files.copy(in, path);
        }
        try (GgufFile file = GgufFile.open(path)) {
            Hyperparameters h = Hyperparameters.of(file);
            int vocabulary = Tokenizer.fromMetadata(file.metadata()).vocabularySize();
            test.accept(ModelWeights.bind(file, h, vocabulary), h);
        }
    }

    @Test
    void takesTheDemoModel() throws IOException {
        withDemoModel(
                (model, h) -> assertThatCode(() -> DeviceSupport.require(model)).doesNotThrowAnyException());
    }

    @Test
    void namesTheBlockTypesThatHaveNoKernel() throws IOException {
        withDemoModel((model, h) -> {
            MemorySegment data = MemorySegment.ofArray(new byte[(int) BlockType.Q5_0.rowBytes(h.embeddingLength())]);
            Projection output = new Projection(new WeightMatrix(BlockType.Q5_0, data, 1, h.embeddingLength()), null);
            assertThatThrownBy(() -> DeviceSupport.require(with(model, h, output)))
                    .isInstanceOf(ModelException.class)
                    .hasMessage(
                            "block types [Q5_0]: no device kernels, expected only [F32, F16, Q4_0, Q8_0, Q4_K, Q6_K]:"
                                    + " use --device cpu");
        });
    }

    @Test
    void namesTheArchitectureAndWhatOfItHasNoKernel() throws IOException {
        withDemoModel((model, h) -> {
            Hyperparameters other = new Hyperparameters(
                    Architecture.named("gpt-oss", "a test"),
                    h.blockCount(),
                    h.denseBlockCount(),
                    h.embeddingLength(),
                    h.contextLength(),
                    h.headCount(),
                    h.headCountKv(),
                    h.keyLength(),
                    h.valueLength(),
                    h.latent(),
                    h.slidingWindow(),
                    h.rope(),
                    h.scales(),
                    h.normEpsilon(),
                    h.gate(),
                    h.expertFeedForwardLength(),
                    h.sharedFeedForwardLength(),
                    h.denseFeedForwardLength());
            assertThatThrownBy(() -> DeviceSupport.require(with(model, other, model.output())))
                    .isInstanceOf(ModelException.class)
                    .hasMessage("architecture 'gpt-oss': no device kernels for attention sinks: use --device cpu");
        });
    }

    private static ModelWeights with(ModelWeights model, Hyperparameters h, Projection output) {
        return new ModelWeights(
                h, model.tokenEmbedding(), model.ropeFactors(), model.layers(), model.outputNorm(), output);
    }
}
