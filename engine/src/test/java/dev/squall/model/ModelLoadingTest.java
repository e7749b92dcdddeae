package dev.squall.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.squall.gguf.GgufFile;
import dev.squall.gguf.GgufFormatException;
import dev.squall.gguf.GgufValue;
import dev.squall.model.TinyModel.Mix;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelLoadingTest {
    @TempDir
    private Path folder;

    @Test
    void refusesAnUnknownArchitectureWithThoseItKnows() {
        assertRefused(tiny("llama").with("general.architecture", GgufValue.string("mamba")))
                .isInstanceOf(ModelException.class)
                .hasMessage("general.architecture: 'mamba' is not supported, expected llama, qwen2moe, qwen3moe, olmoe,"
                        + " phimoe, granitemoe, gpt-oss, deepseek2 in tiny.gguf");
    }

    @Test
    void refusesADenseModelOfAKnownFamily() {
        String expected =
                "llama.expert_count: is missing or 0, expected a mixture of experts; this llama model is dense,"
                        + " which Squall does not run in tiny.gguf";
        assertRefused(tiny("llama").without("llama.expert_count"))
                .isInstanceOf(ModelException.class)
                .hasMessage(expected);
        assertRefused(tiny("llama").with("llama.expert_count", GgufValue.uint32(0)))
                .hasMessage(expected);
    }

    @Test
    void refusesOneTensorForEachExpertWithTheRemedy() {
        assertRefused(tiny("llama")
                        .withoutTensor("blk.1.ffn_gate_exps.weight")
                        .withTensor("blk.1.ffn_gate.0.weight", 96, 160))
                .isInstanceOf(ModelException.class)
                .hasMessage("tensor 'blk.1.ffn_gate.0.weight': one tensor for each expert, expected"
                        + " 'blk.1.ffn_gate_exps.weight' with all of them in tiny.gguf; convert the model again with a"
                        + " llama.cpp later than April 2024, or get a newer file");
    }

    @Test
    void refusesFusedTensorsWithTheRemedy() {
        assertRefused(tiny("deepseek2")
                        .withoutTensor("blk.1.ffn_gate_exps.weight")
                        .withTensor("blk.1.ffn_gate_up_exps.weight", 96, 192, 9))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "tensor 'blk.1.ffn_gate_up_exps.weight': gate and up projections in one tensor, expected one"
                                + " for each in tiny.gguf; convert the model again without fusing them");
        assertRefused(tiny("llama").withoutTensor("blk.0.attn_q.weight").withTensor("blk.0.attn_qkv.weight", 96, 288))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "tensor 'blk.0.attn_qkv.weight': queries, keys and values in one tensor, expected one for each"
                                + " in tiny.gguf; convert the model again without fusing them");
    }

    @Test
    void namesTheTensorThatIsMissing() {
        assertRefused(tiny("gpt-oss").withoutTensor("blk.2.attn_sinks.weight"))
                .isInstanceOf(ModelException.class)
                .hasMessage("tensor 'blk.2.attn_sinks.weight' is missing, expected in a gpt-oss model in tiny.gguf;"
                        + " the file may be incomplete");
        assertRefused(tiny("qwen2moe").withoutTensor("blk.0.attn_k.bias"))
                .hasMessageContaining("tensor 'blk.0.attn_k.bias' is missing, expected in a qwen2moe model");
        assertRefused(tiny("phimoe").withoutTensor("output.bias"))
                .hasMessageContaining("tensor 'output.bias' is missing, expected in a phimoe model");
        assertRefused(tiny("deepseek2").withoutTensor("blk.0.ffn_up.weight"))
                .hasMessageContaining("tensor 'blk.0.ffn_up.weight' is missing, expected in a deepseek2 model");
    }

    @Test
    void namesTheDimensionThatDisagreesWithTheKeys() {
        assertRefused(tiny("qwen3moe").withTensor("blk.1.ffn_up_exps.weight", 96, 96, 6))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "tensor 'blk.1.ffn_up_exps.weight': dim[2]=6, expected 7 from the qwen3moe.* keys in tiny.gguf");
        assertRefused(tiny("olmoe").with("olmoe.feed_forward_length", GgufValue.uint32(64)))
                .hasMessageContaining(
                        "tensor 'blk.0.ffn_gate_exps.weight': dim[1]=96, expected 64 from the olmoe.* keys");
    }

    @Test
    void refusesKeysThatMakeNoSense() {
        assertRefused(tiny("llama").with("llama.attention.head_count_kv", GgufValue.uint32(4)))
                .hasMessage("llama.attention.head_count_kv=4, expected a divisor of 6 (head_count) in tiny.gguf");
        assertRefused(tiny("llama").with("llama.expert_used_count", GgufValue.uint32(8)))
                .hasMessage("llama.expert_used_count=8, expected at most 7 (expert_count) in tiny.gguf");
        assertRefused(tiny("llama").with("llama.embedding_length", GgufValue.uint32(0)))
                .hasMessage("llama.embedding_length=0, expected from 1 to 1048576 in tiny.gguf");
        assertRefused(tiny("llama").with("llama.rope.dimension_count", GgufValue.uint32(26)))
                .hasMessage("llama.rope.dimension_count=26, expected even and at most 24 in tiny.gguf");
        assertRefused(tiny("deepseek2").with("deepseek2.leading_dense_block_count", GgufValue.uint32(3)))
                .hasMessage("deepseek2.leading_dense_block_count=3, expected less than 3 (block_count) in tiny.gguf");
        assertRefused(tiny("deepseek2").with("deepseek2.expert_gating_func", GgufValue.uint32(4)))
                .hasMessage("deepseek2.expert_gating_func=4, expected 1 (softmax), 2 (sigmoid) or 3 (softmax over the"
                        + " selected) in tiny.gguf");
        assertRefused(tiny("deepseek2").with("deepseek2.expert_group_count", GgufValue.uint32(4)))
                .hasMessage("deepseek2.expert_group_count=4, expected groups of equal size, at least 2 of 9 experts in"
                        + " tiny.gguf");
        assertRefused(tiny("deepseek2").with("deepseek2.expert_group_used_count", GgufValue.uint32(3)))
                .hasMessage("deepseek2.expert_group_used_count=3, expected less than 3 and enough for 3 experts in"
                        + " tiny.gguf");
        assertRefused(tiny("llama").without("llama.attention.layer_norm_rms_epsilon"))
                .isInstanceOf(GgufFormatException.class)
                .hasMessageContaining("llama.attention.layer_norm_rms_epsilon");
    }

    @Test
    void refusesHeadsThatTogetherAreTooLongForAnArray() {
        // 2^16 x 2^16 would wrap around to 0.
        for (String key : new String[] {"key_length", "value_length"}) {
            assertRefused(tiny("llama")
                            .with("llama.attention.head_count", GgufValue.uint32(1 << 16))
                            .with("llama.attention.head_count_kv", GgufValue.uint32(1 << 16))
                            .with("llama.attention.key_length", GgufValue.uint32(16))
                            .with("llama.rope.dimension_count", GgufValue.uint32(16))
                            .with("llama.attention.value_length", GgufValue.uint32(16))
                            .with("llama.attention." + key, GgufValue.uint32(1 << 16)))
                    .hasMessage("llama.attention." + key + "=65536, expected at most 16, as there are 65536"
                            + " (head_count) in tiny.gguf");
        }
    }

    @Test
    void refusesRopeScalingThatIsNotKnown() {
        assertRefused(tiny("llama").with("llama.rope.scaling.type", GgufValue.string("dynamic")))
                .isInstanceOf(ModelException.class)
                .hasMessage(
                        "llama.rope.scaling.type: 'dynamic' is not supported, expected none, linear, yarn or longrope"
                                + " in tiny.gguf");
    }

    @Test
    void takesWhatAFileDoesNotStateFromTheArchitecture() throws IOException {
        Hyperparameters mixtral = read(tiny("llama").without("llama.rope.freq_base"));
        assertThat(mixtral.rope().frequencyBase()).isEqualTo(10_000);
        assertThat(mixtral.expertFeedForwardLength()).isEqualTo(160);
        assertThat(mixtral.gate().renormalises()).isTrue();
        assertThat(mixtral.scales().attention()).isCloseTo((float) (1 / Math.sqrt(24)), within(1e-7f));
        assertThat(read(tiny("olmoe")).gate().renormalises()).isFalse();

        TinyModel qwen = tiny("qwen2moe")
                .without("qwen2moe.expert_feed_forward_length")
                .without("qwen2moe.expert_shared_feed_forward_length")
                .with("qwen2moe.feed_forward_length", GgufValue.uint32(288));
        assertThat(read(qwen).expertFeedForwardLength()).isEqualTo(96);
        assertThat(read(qwen).sharedFeedForwardLength()).isEqualTo(288);
    }

    @Test
    void readsTheShapeOfLatentAttentionFromNewAndOldFiles() throws IOException {
        Hyperparameters absorbed = read(tiny("deepseek2"));
        assertThat(absorbed.latent()).isEqualTo(new LatentShape(64, 64, 48, 24, true));
        assertThat(List.of(absorbed.headCountKv(), absorbed.keyLength(), absorbed.valueLength()))
                .as("one latent vector with its rotated key is kept for all heads")
                .containsExactly(1, 80, 64);
        Hyperparameters expanded = read(tiny("deepseek2-lite"));
        assertThat(expanded.latent()).isEqualTo(new LatentShape(0, 64, 40, 32, false));
        assertThat(List.of(expanded.headCountKv(), expanded.keyLength(), expanded.valueLength()))
                .containsExactly(5, 40, 32);
    }

    @Test
    void sharpensAttentionWhereYarnStretchesLatentAttention() throws IOException {
        Hyperparameters lite = read(tiny("deepseek2-lite"));
        double sharpness = 1 + 0.0707 * Math.log(40);
        assertThat((double) lite.scales().attention()).isCloseTo(sharpness * sharpness / Math.sqrt(40), within(1e-6));
        assertThat(lite.rope().magnitude()).isEqualTo(1);
        assertThat((double) read(tiny("gpt-oss")).rope().magnitude()).isCloseTo(1 + 0.1 * Math.log(32), within(1e-6));
    }

    @Test
    void windowsAlternateFromTheFirstLayerOn() throws IOException {
        Hyperparameters h = read(tiny("gpt-oss"));
        assertThat(h.firstVisible(0, 10)).isZero();
        assertThat(h.firstVisible(0, 11)).isEqualTo(1);
        assertThat(h.firstVisible(2, 40)).isEqualTo(30);
        assertThat(h.firstVisible(1, 40)).isZero();
    }

    private static TinyModel tiny(String family) {
        return TinyModel.of(family, Mix.F16, 1);
    }

    private Hyperparameters read(TinyModel tiny) throws IOException {
        try (GgufFile file = write(tiny)) {
            return Hyperparameters.of(file);
        }
    }

    private AbstractThrowableAssert<?, ? extends Throwable> assertRefused(TinyModel tiny) {
        return assertThatThrownBy(() -> {
            try (GgufFile file = write(tiny)) {
                int vocabularySize =
                        file.metadata().strings("tokenizer.ggml.tokens").size();
                ModelWeights.bind(file, Hyperparameters.of(file), vocabularySize);
            }
        });
    }

    private GgufFile write(TinyModel tiny) throws IOException {
        Path path = folder.resolve("tiny.gguf");
        tiny.write(path);
        return GgufFile.open(path);
    }
}
