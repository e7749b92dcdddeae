package dev.squall.model;

import dev.squall.gguf.BlockType;
import dev.squall.gguf.GgufFile;
import dev.squall.gguf.GgufTensor;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A model's weights, bound by name to a file's tensors, every shape checked against the hyper-parameters. After this
 * the hot path trusts them. The matrices are views of the mapped file and live as long as it is open; norms are copied.
 *
 * @param hyperparameters the numbers the shapes were checked against
 * @param tokenEmbedding V x E
 * @param layers L of them
 * @param outputNorm E
 * @param output V x E; the token embedding itself where the file ties them
 */
public record ModelWeights(
        Hyperparameters hyperparameters,
        WeightMatrix tokenEmbedding,
        List<LayerWeights> layers,
        float[] outputNorm,
        WeightMatrix output) {

    private static final ValueLayout.OfFloat LITTLE_ENDIAN_FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** The block types that its matrices are stored in. */
    public Set<BlockType> blockTypes() {
        Set<BlockType> types = EnumSet.of(tokenEmbedding.type(), output.type());
        for (LayerWeights layer : layers) {
            ExpertWeights expert = layer.experts().getFirst();
            for (WeightMatrix matrix : List.of(
                    layer.query(),
                    layer.key(),
                    layer.value(),
                    layer.attentionOutput(),
                    layer.router(),
                    expert.gate(),
                    expert.up(),
                    expert.down())) {
                types.add(matrix.type());
            }
        }
        return types;
    }

    /**
     * Binds every weight the architecture needs.
     *
     * @throws ModelException if a tensor is missing or has another shape than the keys say
     */
    public static ModelWeights bind(GgufFile file, Hyperparameters h, int vocabularySize) {
        Binder binder = new Binder(file, h.architecture().name());
        WeightMatrix tokenEmbedding = binder.matrix("token_embd.weight", vocabularySize, h.embeddingLength());
        List<LayerWeights> layers = new ArrayList<>();
        for (int layer = 0; layer < h.blockCount(); layer++) {
            layers.add(bindLayer(binder, h, "blk." + layer + "."));
        }
        WeightMatrix output = file.find("output.weight").isPresent()
                ? binder.matrix("output.weight", vocabularySize, h.embeddingLength())
                : tokenEmbedding;
        return new ModelWeights(
                h,
                tokenEmbedding,
                List.copyOf(layers),
                binder.vector("output_norm.weight", h.embeddingLength()),
                output);
    }

    private static LayerWeights bindLayer(Binder binder, Hyperparameters h, String prefix) {
        int width = h.embeddingLength();
        int queryWidth = h.headCount() * h.keyLength();
        int keyWidth = h.headCountKv() * h.keyLength();
        int valueWidth = h.headCountKv() * h.valueLength();
        return new LayerWeights(
                binder.vector(prefix + "attn_norm.weight", width),
                binder.matrix(prefix + "attn_q.weight", queryWidth, width),
                binder.matrix(prefix + "attn_k.weight", keyWidth, width),
                binder.matrix(prefix + "attn_v.weight", valueWidth, width),
                bindQkNorm(binder, h, prefix + "attn_q_norm.weight", queryWidth),
                bindQkNorm(binder, h, prefix + "attn_k_norm.weight", keyWidth),
                binder.matrix(prefix + "attn_output.weight", width, h.headCount() * h.valueLength()),
                binder.vector(prefix + "ffn_norm.weight", width),
                binder.matrix(prefix + "ffn_gate_inp.weight", h.expertCount(), width),
                bindExperts(binder, h, prefix));
    }

    private static float @Nullable [] bindQkNorm(Binder binder, Hyperparameters h, String name, int wholeWidth) {
        return switch (h.architecture().qkNorm()) {
            case NONE -> null;
            case PER_HEAD -> binder.vector(name, h.keyLength());
            case WHOLE -> binder.vector(name, wholeWidth);
        };
    }

    private static List<ExpertWeights> bindExperts(Binder binder, Hyperparameters h, String prefix) {
        int width = h.embeddingLength();
        int inner = h.expertFeedForwardLength();
        GgufTensor gate = binder.tensor(prefix + "ffn_gate_exps.weight", width, inner, h.expertCount());
        GgufTensor up = binder.tensor(prefix + "ffn_up_exps.weight", width, inner, h.expertCount());
        GgufTensor down = binder.tensor(prefix + "ffn_down_exps.weight", inner, width, h.expertCount());
        List<ExpertWeights> experts = new ArrayList<>();
        for (int expert = 0; expert < h.expertCount(); expert++) {
            experts.add(new ExpertWeights(
                    WeightMatrix.of(gate.slice(expert)),
                    WeightMatrix.of(up.slice(expert)),
                    WeightMatrix.of(down.slice(expert))));
        }
        return List.copyOf(experts);
    }

    /** Finds tensors and holds them to the shapes they must have. */
    private record Binder(GgufFile file, String architecture) {

        WeightMatrix matrix(String name, int rows, int columns) {
            return WeightMatrix.of(tensor(name, columns, rows));
        }

        float[] vector(String name, int length) {
            GgufTensor tensor = tensor(name, length);
            if (tensor.type() != BlockType.F32) {
                throw new ModelException(
                        "tensor '" + name + "': type " + tensor.type() + ", expected F32 in " + source());
            }
            return tensor.data().toArray(LITTLE_ENDIAN_FLOAT);
        }

        GgufTensor tensor(String name, long... dimensions) {
            GgufTensor tensor = file.find(name)
                    .orElseThrow(() -> new ModelException("tensor '" + name + "' is missing, expected in a "
                            + architecture + " model in " + source() + "; the file may be incomplete"));
            for (int i = 0; i < 4; i++) {
                long expected = i < dimensions.length ? dimensions[i] : 1;
                if (tensor.dimension(i) != expected) {
                    throw new ModelException("tensor '" + name + "': dim[" + i + "]=" + tensor.dimension(i)
                            + ", expected " + expected + " from the " + architecture + ".* keys in " + source());
                }
            }
            return tensor;
        }

        private String source() {
            return file.paths().getFirst().getFileName().toString();
        }
    }
}
