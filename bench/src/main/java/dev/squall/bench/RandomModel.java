package dev.squall.bench;

import dev.squall.gguf.BlockType;
import dev.squall.gguf.GgufWriter;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Writes mixture-of-experts models with random weights: of no use to a reader, but with the sizes, tensors and routing
 * of real ones, the same bytes for the same shape and seed. Weights are scaled by their fan-in, so that the residual
 * stream grows slowly, routers prefer some experts and logits are not flat.
 */
final class RandomModel {
    private static final double EMBEDDING_DEVIATION = 1;
    private static final double ROUTER_LOGIT_DEVIATION = 1.5;
    private static final double LOGIT_DEVIATION = 3;
    private static final float NORM_EPSILON = 1e-6f;
    private static final float ROPE_BASE = 10_000f;

    private final ModelShape shape;
    private final long seed;
    private final SplittableRandom random;
    private final Map<Stock, RandomBlocks> stocks = new HashMap<>();
    private final GgufWriter writer = new GgufWriter();

    /** What tensors have in common that draw from the same blocks. */
    private record Stock(BlockType type, double deviation) {}

    private RandomModel(ModelShape shape, long seed) {
        this.shape = shape;
        this.seed = seed;
        random = new SplittableRandom(seed);
    }

    /** Streams a model of that shape to {@code file}. */
    static void write(ModelShape shape, long seed, Path file) throws IOException {
        RandomModel model = new RandomModel(shape, seed);
        model.metadata();
        model.tensors();
        model.writer.write(file);
    }

    private void metadata() {
        String architecture = shape.family().architecture();
        writer.metadata("general.architecture", architecture)
                .metadata("general.name", "squall-random-" + architecture)
                .metadata("general.description", "random weights, seed " + seed)
                .metadata(architecture + ".block_count", shape.layers())
                .metadata(architecture + ".context_length", shape.contextTokens())
                .metadata(architecture + ".embedding_length", shape.width())
                .metadata(architecture + ".feed_forward_length", shape.expertWidth())
                .metadata(architecture + ".attention.head_count", shape.heads())
                .metadata(architecture + ".attention.head_count_kv", shape.kvHeads())
                .metadata(architecture + ".attention.layer_norm_rms_epsilon", NORM_EPSILON)
                .metadata(architecture + ".rope.freq_base", ROPE_BASE)
                .metadata(architecture + ".expert_count", shape.experts())
                .metadata(architecture + ".expert_used_count", shape.used())
                .metadata(architecture + ".vocab_size", shape.vocabulary());
        switch (shape.family()) {
            case QWEN3MOE ->
                writer.metadata(architecture + ".expert_feed_forward_length", shape.expertWidth())
                        .metadata(architecture + ".attention.key_length", shape.headDim())
                        .metadata(architecture + ".attention.value_length", shape.headDim());
            case MIXTRAL -> writer.metadata(architecture + ".rope.dimension_count", shape.headDim());
            case OLMOE -> {}
        }
        RandomVocabulary.describe(writer, shape.vocabulary());
    }

    private void tensors() {
        long width = shape.width();
        long vocabulary = shape.vocabulary();
        matrix("token_embd.weight", EMBEDDING_DEVIATION, width, vocabulary);
        ones("output_norm.weight", width);
        random("output.weight", shape.finerType(), LOGIT_DEVIATION * keepingSize(width), width, vocabulary);
        for (int layer = 0; layer < shape.layers(); layer++) {
            BlockType finer = shape.isFiner(layer) ? shape.finerType() : shape.blockType();
            attention("blk." + layer + ".", finer);
            experts("blk." + layer + ".", finer);
        }
    }

    private void attention(String block, BlockType finer) {
        long width = shape.width();
        long queryWidth = (long) shape.heads() * shape.headDim();
        long kvWidth = (long) shape.kvHeads() * shape.headDim();
        ones(block + "attn_norm.weight", width);
        matrix(block + "attn_q.weight", width, queryWidth);
        matrix(block + "attn_k.weight", width, kvWidth);
        random(block + "attn_v.weight", finer, keepingSize(width), width, kvWidth);
        matrix(block + "attn_output.weight", queryWidth, width);
        switch (shape.family()) {
            case QWEN3MOE -> {
                ones(block + "attn_q_norm.weight", shape.headDim());
                ones(block + "attn_k_norm.weight", shape.headDim());
            }
            case OLMOE -> {
                ones(block + "attn_q_norm.weight", queryWidth);
                ones(block + "attn_k_norm.weight", kvWidth);
            }
            case MIXTRAL -> {}
        }
    }

    private void experts(String block, BlockType finer) {
        long width = shape.width();
        long expertWidth = shape.expertWidth();
        long experts = shape.experts();
        ones(block + "ffn_norm.weight", width);
        random(
                block + "ffn_gate_inp.weight",
                BlockType.F32,
                ROUTER_LOGIT_DEVIATION * keepingSize(width),
                width,
                experts);
        matrix(block + "ffn_gate_exps.weight", width, expertWidth, experts);
        matrix(block + "ffn_up_exps.weight", width, expertWidth, experts);
        random(block + "ffn_down_exps.weight", finer, keepingSize(expertWidth), expertWidth, width, experts);
    }

    private void matrix(String name, long... dimensions) {
        matrix(name, keepingSize(dimensions[0]), dimensions);
    }

    /** The deviation of weights whose products are as large as what they are multiplied with: 1 / sqrt(fan-in). */
    private static double keepingSize(long fanIn) {
        return 1 / Math.sqrt((double) fanIn);
    }

    private void matrix(String name, double deviation, long... dimensions) {
        random(name, shape.blockType(), deviation, dimensions);
    }

    private void random(String name, BlockType type, double deviation, long... dimensions) {
        long elements = Arrays.stream(dimensions).reduce(1, Math::multiplyExact);
        RandomBlocks blocks =
                stocks.computeIfAbsent(new Stock(type, deviation), key -> new RandomBlocks(type, deviation, random));
        List<Long> boxed = Arrays.stream(dimensions).boxed().toList();
        writer.tensor(name, type, boxed, sink -> blocks.writeTo(sink, elements, random));
    }

    private void ones(String name, long length) {
        ByteBuffer ones =
                ByteBuffer.allocate(Math.toIntExact(length * Float.BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        while (ones.hasRemaining()) {
            ones.putFloat(1);
        }
        writer.tensor(name, BlockType.F32, List.of(length), MemorySegment.ofArray(ones.array()));
    }
}
