package dev.squall.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.squall.gguf.BlockCodec;
import dev.squall.gguf.BlockType;
import dev.squall.gguf.GgufFile;
import dev.squall.gguf.GgufTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RandomModelTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"qwen3moe-tiny", "mixtral-tiny", "olmoe-tiny"})
    void sameShapeAndSeedGiveSameBytes(String name) throws IOException {
        ModelShape shape = shape(name);

        assertThat(write(shape, 7, "a")).hasSameBinaryContentAs(write(shape, 7, "b"));
        assertThat(Files.mismatch(write(shape, 7, "a"), write(shape, 8, "c"))).isNotEqualTo(-1);
    }

    @Test
    void tensorsHaveTheDimensionsOfTheShape() throws IOException {
        ModelShape shape = new ModelShape(
                ModelShape.Family.QWEN3MOE, 3, 5, 2, 256, 64, 4, 2, 32, 300, 128, BlockType.Q8_0, BlockType.Q8_0);

        try (GgufFile file = GgufFile.open(write(shape, 1, "model"))) {
            assertThat(file.metadata().string("general.architecture")).isEqualTo("qwen3moe");
            assertThat(file.metadata().int32("qwen3moe.expert_count")).isEqualTo(5);
            assertThat(file.require("blk.2.ffn_down_exps.weight").dimensions()).containsExactly(64L, 256L, 5L);
            assertThat(file.require("blk.2.attn_k.weight").dimensions()).containsExactly(256L, 64L);
            assertThat(file.require("blk.2.attn_q_norm.weight").dimensions()).containsExactly(32L);
            assertThat(file.require("blk.2.ffn_gate_inp.weight").type()).isEqualTo(BlockType.F32);
            assertThat(file.find("blk.3.attn_norm.weight")).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(BlockType.class)
    void weightsKeepTheSizeOfWhatTheyAreMultipliedWith(BlockType type) throws IOException {
        ModelShape shape =
                new ModelShape(ModelShape.Family.QWEN3MOE, 1, 4, 2, 256, 512, 4, 2, 64, 300, 128, type, type);

        try (GgufFile file = GgufFile.open(write(shape, 1, "model"))) {
            GgufTensor down = file.require("blk.0.ffn_down_exps.weight");
            float[] weights = new float[Math.toIntExact(down.elements())];
            BlockCodec.decode(type, down.data(), 0, weights, 0, weights.length);

            double mean = 0;
            double square = 0;
            for (float weight : weights) {
                mean += (double) weight / weights.length;
                square += (double) weight * weight / weights.length;
            }
            assertThat(mean).isCloseTo(0, within(0.001));
            assertThat(Math.sqrt(square * 512)).isCloseTo(1, within(0.1));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {259, 260, 2000, 70_000})
    void eachTokenIsUniqueAndEachMergeMakesOne(int size) throws IOException {
        ModelShape shape = new ModelShape(
                ModelShape.Family.QWEN3MOE, 1, 1, 1, 32, 32, 1, 1, 32, size, 8, BlockType.Q8_0, BlockType.Q8_0);

        try (GgufFile file = GgufFile.open(write(shape, 1, "model"))) {
            List<String> tokens = file.metadata().strings("tokenizer.ggml.tokens");
            Set<String> unique = new HashSet<>(tokens);
            assertThat(unique).hasSize(size);
            assertThat(file.metadata().strings("tokenizer.ggml.merges"))
                    .hasSize(size - RandomVocabulary.TOKENS_MIN)
                    .allMatch(merge -> unique.contains(merge.replace(" ", "")));
            assertThat(tokens.get(file.metadata().int32("tokenizer.ggml.eos_token_id")))
                    .isEqualTo("<|im_end|>");
        }
    }

    @Test
    void refusesShapesThatNoModelHas() {
        assertThatThrownBy(() -> new ModelShape(
                        ModelShape.Family.QWEN3MOE,
                        1,
                        4,
                        5,
                        256,
                        256,
                        4,
                        2,
                        64,
                        300,
                        128,
                        BlockType.Q8_0,
                        BlockType.Q8_0))
                .isInstanceOf(BenchException.class)
                .hasMessage("experts used=5, expected at most experts=4");
        assertThatThrownBy(() -> new ModelShape(
                        ModelShape.Family.QWEN3MOE,
                        1,
                        4,
                        2,
                        256,
                        96,
                        4,
                        2,
                        64,
                        300,
                        128,
                        BlockType.Q4_K,
                        BlockType.Q4_K))
                .isInstanceOf(BenchException.class)
                .hasMessage("expert width=96, expected a multiple of 256, the block of Q4_K");
        assertThatThrownBy(() -> new ModelShape(
                        ModelShape.Family.OLMOE, 1, 4, 2, 256, 256, 4, 2, 32, 300, 128, BlockType.Q8_0, BlockType.Q8_0))
                .isInstanceOf(BenchException.class)
                .hasMessage("heads x head dim=128, expected width=256 in olmoe");
    }

    @Test
    void decodeTrafficCountsUsedExpertsOnceAndOneEmbeddingRow() throws IOException {
        ModelShape shape = new ModelShape(
                ModelShape.Family.MIXTRAL, 2, 8, 2, 256, 512, 4, 2, 64, 300, 128, BlockType.Q8_0, BlockType.Q8_0);

        try (GgufFile file = GgufFile.open(write(shape, 1, "model"))) {
            long attention = (256L * 256 * 2 + 256 * 128 * 2) * 34 / 32;
            long experts = 2 * 3 * 256 * 512L * 34 / 32;
            long router = 256 * 8 * 4;
            long norms = 2 * 256 * 4;
            long head = (300 + 1) * 256L * 34 / 32 + 256 * 4;
            assertThat(DecodeTraffic.bytesPerToken(file)).isEqualTo(2 * (attention + experts + router + norms) + head);
        }
    }

    private static ModelShape shape(String name) {
        ModelShape shape = ModelShape.byName().get(name);
        assertThat(shape).as(name).isNotNull();
        return shape;
    }

    private Path write(ModelShape shape, long seed, String name) throws IOException {
        Path file = folder.resolve(name + ".gguf");
        RandomModel.write(shape, seed, file);
        return file;
    }
}
