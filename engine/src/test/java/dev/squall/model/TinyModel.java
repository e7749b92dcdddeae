package dev.squall.model;

import static dev.squall.model.TinyNumbers.matrix;
import static dev.squall.model.TinyNumbers.norm;
import static dev.squall.model.TinyNumbers.unevenRows;
import static dev.squall.model.TinyNumbers.uniform;

import dev.squall.gguf.BlockCodec;
import dev.squall.gguf.BlockType;
import dev.squall.gguf.GgufValue;
import dev.squall.gguf.GgufWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Writes a small model of random weights that llama.cpp and Squall both load. The same seed gives the same file on every
 * machine. Weights are scaled so that every part of a layer matters and few experts or tokens are at a tie. Keys and
 * tensors may be changed or left out before writing, to make files that are wrong.
 */
public final class TinyModel {
    private static final int LAYERS = 3;

    private final String architecture;
    private final Mix mix;
    private final long seed;
    private final Map<String, GgufValue> metadata = new LinkedHashMap<>();
    private final List<Tensor> tensors = new ArrayList<>();

    /** Which block types a file is stored in. */
    public enum Mix {
        F16(BlockType.F16, BlockType.F16, BlockType.F16),
        Q8_0(BlockType.Q8_0, BlockType.Q8_0, BlockType.Q8_0),
        Q4_0(BlockType.Q4_0, BlockType.Q4_0, BlockType.Q8_0),
        /** Q4_K, but Q6_K for values, down projections and the output, as llama.cpp's mix of that name has it. */
        Q4_K_M(BlockType.Q4_K, BlockType.Q6_K, BlockType.Q6_K),
        /** As gpt-oss is published: experts of MXFP4, the rest of Q8_0. */
        MXFP4(BlockType.Q8_0, BlockType.Q8_0, BlockType.Q8_0);

        private final BlockType most;
        private final BlockType sensitive;
        private final BlockType output;

        Mix(BlockType most, BlockType sensitive, BlockType output) {
            this.most = most;
            this.sensitive = sensitive;
            this.output = output;
        }

        private BlockType type(String name, int columns) {
            if (this == MXFP4 && name.contains("_exps.")) {
                return BlockType.MXFP4;
            }
            BlockType type = most;
            if (name.equals("output.weight") || name.equals("token_embd.weight")) {
                type = output;
            } else if (name.contains("attn_v.") || name.contains("ffn_down")) {
                type = sensitive;
            }
            if (columns % type.blockElements() == 0) {
                return type;
            }
            // As llama.cpp's quantiser falls back.
            BlockType fallback = type == BlockType.Q4_K ? BlockType.Q5_0 : BlockType.Q8_0;
            return columns % fallback.blockElements() == 0 ? fallback : BlockType.F16;
        }
    }

    private record Tensor(String name, List<Long> dimensions, TinyNumbers numbers) {}

    /**
     * Sizes. Architectures differ in which of them they leave free.
     *
     * @param width hidden width (E)
     * @param headLength elements of a head (D)
     * @param heads query heads (H)
     * @param headsKv key/value heads (G)
     * @param inner expert width (F)
     * @param experts experts (J)
     * @param used experts used (K)
     */
    private record Shape(int width, int headLength, int heads, int headsKv, int inner, int experts, int used) {}

    private TinyModel(String architecture, Mix mix, long seed) {
        this.architecture = architecture;
        this.mix = mix;
        this.seed = seed;
    }

    /**
     * A model of a family, by the name of its architecture or of a variant of it: {@code llama}, {@code llama-tied},
     * {@code qwen2moe}, {@code qwen3moe}, {@code olmoe}, {@code phimoe}, {@code phimoe-long}, {@code granitemoe}, {@code
     * granitemoe-shared}, {@code gpt-oss}, {@code deepseek2} and {@code deepseek2-lite}.
     */
    public static TinyModel of(String family, Mix mix, long seed) {
        boolean wide = mix == Mix.Q4_K_M;
        return switch (family) {
            case "llama" -> new TinyModel("llama", mix, seed).llama(wide, false);
            case "llama-tied" -> new TinyModel("llama", mix, seed).llama(wide, true);
            case "qwen2moe" -> new TinyModel("qwen2moe", mix, seed).qwen2moe(false);
            case "qwen3moe" -> new TinyModel("qwen3moe", mix, seed).qwen3moe(wide);
            case "olmoe" -> new TinyModel("olmoe", mix, seed).olmoe(wide);
            case "phimoe" -> new TinyModel("phimoe", mix, seed).phimoe(wide, false);
            case "phimoe-long" -> new TinyModel("phimoe", mix, seed).phimoe(wide, true);
            case "granitemoe" -> new TinyModel("granitemoe", mix, seed).granitemoe(wide, false);
            case "granitemoe-shared" -> new TinyModel("granitemoe", mix, seed).granitemoe(wide, true);
            case "gpt-oss" -> new TinyModel("gpt-oss", mix, seed).gptOss(wide);
            case "deepseek2" -> new TinyModel("deepseek2", mix, seed).deepseek2(wide);
            case "deepseek2-lite" -> new TinyModel("deepseek2", mix, seed).deepseek2Lite(wide);
            default -> throw new IllegalArgumentException("no family of this name: " + family);
        };
    }

    private TinyModel llama(boolean wide, boolean tied) {
        Shape shape = wide ? new Shape(256, 64, 4, 2, 256, 5, 2) : new Shape(96, 24, 6, 3, 160, 7, 2);
        common(shape, true);
        attention(shape, false);
        experts(shape);
        if (tied) {
            tensors.removeIf(tensor -> tensor.name.equals("output.weight"));
            replace("token_embd.weight", uniform(0.35));
            key("rope.scaling.type", "linear").key("rope.scaling.factor", 4f);
            add("rope_freqs.weight", random -> 1 + 7 * random.nextFloat(), shape.headLength / 2);
        }
        return this;
    }

    private TinyModel qwen2moe(boolean wide) {
        Shape shape = wide ? new Shape(256, 64, 4, 2, 256, 5, 2) : new Shape(288, 24, 12, 3, 96, 7, 3);
        common(shape, false);
        key("expert_feed_forward_length", shape.inner).key("expert_shared_feed_forward_length", 160);
        attention(shape, true);
        experts(shape);
        layers(prefix -> {
            network(prefix, "_shexp", shape.width, 160);
            add(prefix + "ffn_gate_inp_shexp.weight", uniform(3 / Math.sqrt(shape.width)), shape.width);
        });
        return this;
    }

    private TinyModel qwen3moe(boolean wide) {
        Shape shape = wide ? new Shape(256, 64, 6, 2, 256, 7, 3) : new Shape(96, 40, 6, 3, 96, 7, 3);
        common(shape, false);
        key("expert_feed_forward_length", shape.inner)
                .key("rope.scaling.type", "yarn")
                .key("rope.scaling.factor", 4f)
                .key("rope.scaling.original_context_length", 128);
        attention(shape, false);
        experts(shape);
        layers(prefix -> {
            add(prefix + "attn_q_norm.weight", norm(), shape.headLength);
            add(prefix + "attn_k_norm.weight", norm(), shape.headLength);
        });
        return this;
    }

    private TinyModel olmoe(boolean wide) {
        Shape shape = wide ? new Shape(256, 64, 4, 4, 256, 5, 2) : new Shape(160, 40, 4, 4, 96, 7, 3);
        common(shape, false);
        attention(shape, false);
        experts(shape);
        layers(prefix -> {
            add(prefix + "attn_q_norm.weight", norm(), shape.width);
            add(prefix + "attn_k_norm.weight", norm(), shape.width);
        });
        return this;
    }

    private TinyModel phimoe(boolean wide, boolean longContext) {
        Shape shape = wide ? new Shape(256, 64, 4, 2, 256, 5, 2) : new Shape(288, 24, 12, 3, 96, 7, 2);
        common(shape, true);
        key("rope.scaling.attn_factor", 1.19f).key("rope.scaling.original_context_length", longContext ? 256 : 1024);
        attention(shape, true);
        experts(shape);
        int pairs = shape.headLength / 2;
        add("rope_factors_long.weight", random -> 1 + 15 * random.nextFloat(), pairs);
        add("rope_factors_short.weight", random -> 1 + random.nextFloat(), pairs);
        add("output_norm.bias", uniform(0.3), shape.width);
        add("output.bias", uniform(1), vocabularySize());
        layers(prefix -> {
            add(prefix + "attn_norm.bias", uniform(0.3), shape.width);
            add(prefix + "attn_output.bias", uniform(0.3), shape.width);
            add(prefix + "ffn_norm.bias", uniform(0.3), shape.width);
        });
        return this;
    }

    private TinyModel granitemoe(boolean wide, boolean shared) {
        Shape shape = wide ? new Shape(256, 64, 4, 2, 256, 5, 2) : new Shape(96, 24, 6, 3, 160, 7, 3);
        common(shape, false);
        key("embedding_scale", 1.7f)
                .key("residual_scale", 0.6f)
                .key("attention.scale", 0.15f)
                .key("logit_scale", 0.8f);
        attention(shape, false);
        experts(shape);
        if (shared) {
            key("expert_shared_feed_forward_length", 64);
            key("rope.scaling.type", "linear").key("rope.scaling.factor", 2f);
            layers(prefix -> network(prefix, "_shexp", shape.width, 64));
        }
        return this;
    }

    private TinyModel gptOss(boolean wide) {
        Shape shape = wide ? new Shape(256, 64, 6, 2, 256, 7, 3) : new Shape(96, 40, 6, 3, 96, 7, 3);
        common(shape, false);
        key("expert_feed_forward_length", shape.inner)
                .key("attention.sliding_window", 11)
                .key("rope.scaling.type", "yarn")
                .key("rope.scaling.factor", 32f)
                .key("rope.scaling.original_context_length", 64);
        attention(shape, true);
        tensors.replaceAll(tensor ->
                new Tensor(tensor.name.replace("ffn_norm", "post_attention_norm"), tensor.dimensions, tensor.numbers));
        experts(shape);
        layers(prefix -> {
            add(prefix + "attn_output.bias", uniform(0.3), shape.width);
            add(prefix + "attn_sinks.weight", uniform(4), shape.heads);
            add(prefix + "ffn_gate_inp.bias", uniform(1), shape.experts);
            // Large enough to be clamped now and then.
            add(prefix + "ffn_gate_exps.bias", uniform(5), shape.inner, shape.experts);
            add(prefix + "ffn_up_exps.bias", uniform(5), shape.inner, shape.experts);
            add(prefix + "ffn_down_exps.bias", uniform(0.5), shape.width, shape.experts);
        });
        return this;
    }

    /** As V3: latent queries, absorbed attention, one dense layer, sigmoid gate with bias and groups, YaRN. */
    private TinyModel deepseek2(boolean wide) {
        Shape shape = wide ? new Shape(256, 64, 4, 1, 256, 6, 2) : new Shape(96, 48, 5, 1, 96, 9, 3);
        int plain = wide ? 256 : 32;
        int rank = wide ? 256 : 64;
        int queryRank = wide ? 256 : 64;
        int valueLength = wide ? 64 : 24;
        latentCommon(shape, 16, rank, queryRank);
        key("attention.key_length", rank + 16)
                .key("attention.value_length", rank)
                .key("attention.key_length_mla", plain + 16)
                .key("attention.value_length_mla", valueLength)
                .key("expert_gating_func", 2)
                .key("expert_weights_norm", true)
                .key("expert_weights_scale", 2.5f)
                .key("expert_group_count", 3)
                .key("expert_group_used_count", 2)
                .key("rope.scaling.yarn_log_multiplier", 0.1f);
        latentExperts(shape, 2);
        layers(prefix -> {
            add(prefix + "attn_q_a.weight", matrix(shape.width, 1), shape.width, queryRank);
            add(prefix + "attn_q_a_norm.weight", norm(), queryRank);
            add(prefix + "attn_q_b.weight", matrix(queryRank, 1.3), queryRank, shape.heads * (plain + 16));
            add(prefix + "attn_k_b.weight", matrix(plain, 1), plain, rank, shape.heads);
            add(prefix + "attn_v_b.weight", matrix(rank, 1), rank, valueLength, shape.heads);
            int attended = shape.heads * valueLength;
            add(prefix + "attn_output.weight", matrix(attended, 1), attended, shape.width);
            if (!prefix.equals("blk.0.")) {
                add(prefix + "exp_probs_b.bias", uniform(0.3), shape.experts);
            }
        });
        return this;
    }

    /** As older files of V2-Lite: keys and values of every head, softmax gate, no groups. */
    private TinyModel deepseek2Lite(boolean wide) {
        Shape shape = wide ? new Shape(256, 64, 4, 4, 256, 6, 2) : new Shape(96, 40, 5, 5, 96, 7, 3);
        int valueLength = 32;
        int rank = wide ? 256 : 64;
        int plain = shape.headLength - 16;
        latentCommon(shape, 16, rank, 0);
        key("attention.key_length", shape.headLength)
                .key("attention.value_length", valueLength)
                .key("expert_weights_scale", 1f)
                .key("rope.scaling.yarn_log_multiplier", 0.0707f);
        latentExperts(shape, 2);
        layers(prefix -> {
            int queryWidth = shape.heads * shape.headLength;
            add(prefix + "attn_q.weight", matrix(shape.width, 1.3), shape.width, queryWidth);
            add(prefix + "attn_kv_b.weight", matrix(rank, 1), rank, shape.heads * (plain + valueLength));
            int attended = shape.heads * valueLength;
            add(prefix + "attn_output.weight", matrix(attended, 1), attended, shape.width);
        });
        return this;
    }

    private void latentCommon(Shape shape, int rotated, int rank, int queryRank) {
        common(shape, false);
        metadata.put(architecture + ".rope.dimension_count", GgufValue.uint32(rotated));
        metadata.remove(architecture + ".attention.key_length");
        metadata.remove(architecture + ".attention.value_length");
        key("attention.kv_lora_rank", rank)
                .key("attention.q_lora_rank", queryRank)
                .key("leading_dense_block_count", 1)
                .key("expert_feed_forward_length", shape.inner)
                .key("rope.scaling.type", "yarn")
                .key("rope.scaling.factor", 40f)
                .key("rope.scaling.original_context_length", 64);
        layers(prefix -> {
            add(prefix + "attn_norm.weight", norm(), shape.width);
            add(prefix + "ffn_norm.weight", norm(), shape.width);
            add(prefix + "attn_kv_a_mqa.weight", matrix(shape.width, 1), shape.width, rank + rotated);
            add(prefix + "attn_kv_a_norm.weight", norm(), rank);
        });
    }

    private void latentExperts(Shape shape, int sharedCount) {
        key("expert_shared_count", sharedCount);
        metadata.put(architecture + ".feed_forward_length", GgufValue.uint32(2L * shape.inner));
        network("blk.0.", "", shape.width, shape.inner * 2);
        for (int layer = 1; layer < LAYERS; layer++) {
            String prefix = "blk." + layer + ".";
            routedExperts(prefix, shape);
            network(prefix, "_shexp", shape.width, shape.inner * sharedCount);
        }
    }

    private void common(Shape shape, boolean sentencePiece) {
        metadata.put("general.architecture", GgufValue.string(architecture));
        metadata.put("general.name", GgufValue.string("tiny " + architecture));
        key("block_count", LAYERS)
                .key("context_length", 2048)
                .key("embedding_length", shape.width)
                .key("feed_forward_length", shape.inner)
                .key("attention.head_count", shape.heads)
                .key("attention.head_count_kv", shape.headsKv)
                .key("attention.key_length", shape.headLength)
                .key("attention.value_length", shape.headLength)
                .key("attention.layer_norm_rms_epsilon", 1e-5f)
                .key("rope.dimension_count", shape.headLength)
                .key("rope.freq_base", 1000f)
                .key("expert_count", shape.experts)
                .key("expert_used_count", shape.used);
        if (sentencePiece) {
            TinyVocabulary.sentencePiece(metadata);
        } else {
            TinyVocabulary.byteLevel(metadata, "qwen2");
        }
        add("token_embd.weight", uniform(1.7), shape.width, vocabularySize());
        add("output_norm.weight", norm(), shape.width);
        add("output.weight", unevenRows(shape.width), shape.width, vocabularySize());
    }

    private void attention(Shape shape, boolean biased) {
        int queryWidth = shape.heads * shape.headLength;
        int keyWidth = shape.headsKv * shape.headLength;
        layers(prefix -> {
            add(prefix + "attn_norm.weight", norm(), shape.width);
            add(prefix + "attn_q.weight", matrix(shape.width, 1.5), shape.width, queryWidth);
            add(prefix + "attn_k.weight", matrix(shape.width, 1.5), shape.width, keyWidth);
            add(prefix + "attn_v.weight", matrix(shape.width, 1), shape.width, keyWidth);
            add(prefix + "attn_output.weight", matrix(queryWidth, 1), queryWidth, shape.width);
            add(prefix + "ffn_norm.weight", norm(), shape.width);
            if (biased) {
                add(prefix + "attn_q.bias", uniform(1), queryWidth);
                add(prefix + "attn_k.bias", uniform(1), keyWidth);
                add(prefix + "attn_v.bias", uniform(0.5), keyWidth);
            }
        });
    }

    private void experts(Shape shape) {
        layers(prefix -> routedExperts(prefix, shape));
    }

    private void routedExperts(String prefix, Shape shape) {
        add(prefix + "ffn_gate_inp.weight", matrix(shape.width, 3), shape.width, shape.experts);
        add(prefix + "ffn_gate_exps.weight", matrix(shape.width, 2), shape.width, shape.inner, shape.experts);
        add(prefix + "ffn_up_exps.weight", matrix(shape.width, 1), shape.width, shape.inner, shape.experts);
        add(prefix + "ffn_down_exps.weight", matrix(shape.inner, 1), shape.inner, shape.width, shape.experts);
    }

    private void network(String prefix, String suffix, int width, int inner) {
        add(prefix + "ffn_gate" + suffix + ".weight", matrix(width, 2), width, inner);
        add(prefix + "ffn_up" + suffix + ".weight", matrix(width, 1), width, inner);
        add(prefix + "ffn_down" + suffix + ".weight", matrix(inner, 0.7), inner, width);
    }

    private void layers(Consumer<String> eachPrefix) {
        for (int layer = 0; layer < LAYERS; layer++) {
            eachPrefix.accept("blk." + layer + ".");
        }
    }

    private int vocabularySize() {
        if (metadata.get("tokenizer.ggml.tokens") instanceof GgufValue.Array tokens) {
            return tokens.length();
        }
        throw new IllegalStateException("no vocabulary yet");
    }

    private void add(String name, TinyNumbers numbers, int... dimensions) {
        tensors.add(
                new Tensor(name, IntStream.of(dimensions).asLongStream().boxed().toList(), numbers));
    }

    private void replace(String name, TinyNumbers numbers) {
        tensors.replaceAll(tensor -> tensor.name.equals(name) ? new Tensor(name, tensor.dimensions, numbers) : tensor);
    }

    private TinyModel key(String key, int value) {
        return with(architecture + "." + key, GgufValue.uint32(value));
    }

    private TinyModel key(String key, float value) {
        return with(architecture + "." + key, GgufValue.float32(value));
    }

    private TinyModel key(String key, boolean value) {
        return with(architecture + "." + key, GgufValue.bool(value));
    }

    private TinyModel key(String key, String value) {
        return with(architecture + "." + key, GgufValue.string(value));
    }

    /** Sets a key, also one that is there. */
    public TinyModel with(String key, GgufValue value) {
        metadata.put(key, value);
        return this;
    }

    /** Leaves a key out. */
    public TinyModel without(String key) {
        metadata.remove(key);
        return this;
    }

    /** Leaves a tensor out. */
    public TinyModel withoutTensor(String name) {
        if (!tensors.removeIf(tensor -> tensor.name.equals(name))) {
            throw new IllegalArgumentException("no tensor of this name: " + name);
        }
        return this;
    }

    /** Adds a tensor of zeros, in place of one that is there. */
    public TinyModel withTensor(String name, int... dimensions) {
        tensors.removeIf(tensor -> tensor.name.equals(name));
        add(name, random -> 0, dimensions);
        return this;
    }

    /** Writes the file. */
    public void write(Path file) throws IOException {
        GgufWriter writer = new GgufWriter();
        metadata.forEach(writer::metadata);
        try (Arena arena = Arena.ofConfined()) {
            for (Tensor tensor : tensors) {
                boolean plain = tensor.dimensions.size() == 1
                        || tensor.name.endsWith(".bias")
                        || tensor.name.contains("ffn_gate_inp");
                int columns = Math.toIntExact(tensor.dimensions.getFirst());
                BlockType type = plain ? BlockType.F32 : mix.type(tensor.name, columns);
                writer.tensor(tensor.name, type, tensor.dimensions, encode(arena, tensor, type, columns));
            }
            writer.write(file);
        }
    }

    private MemorySegment encode(Arena arena, Tensor tensor, BlockType type, int columns) {
        long rows = 1;
        for (long dimension : tensor.dimensions.subList(1, tensor.dimensions.size())) {
            rows *= dimension;
        }
        Random random = new Random(seed * 31 + tensor.name.hashCode());
        MemorySegment data = arena.allocate(rows * type.rowBytes(columns), 8);
        float[] row = new float[columns];
        for (long r = 0; r < rows; r++) {
            for (int i = 0; i < columns; i++) {
                row[i] = tensor.numbers.next(random);
            }
            BlockCodec.encode(type, row, 0, columns, data, r * type.rowBytes(columns));
        }
        return data;
    }
}
