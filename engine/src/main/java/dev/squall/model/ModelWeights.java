package dev.squall.model;

import dev.squall.gguf.BlockType;
import dev.squall.gguf.GgufFile;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A model's weights, bound by name to a file's tensors, every shape checked against the hyper-parameters. After this
 * the hot path trusts them. The matrices are views of the mapped file and live as long as it is open; norms and biases
 * are copied.
 *
 * @param hyperparameters the numbers the shapes were checked against
 * @param tokenEmbedding V x E
 * @param ropeFactors what the rotated pairs' angles are divided by
 * @param layers L of them
 * @param outputNorm E
 * @param output V x E; the token embedding itself where the file ties them
 */
public record ModelWeights(
        Hyperparameters hyperparameters,
        WeightMatrix tokenEmbedding,
        RopeFactors ropeFactors,
        List<LayerWeights> layers,
        NormWeights outputNorm,
        Projection output) {

    /**
     * Binds every weight the architecture needs.
     *
     * @throws ModelException if a tensor is missing or has another shape than the keys say
     */
    public static ModelWeights bind(GgufFile file, Hyperparameters hyperparameters, int vocabularySize) {
        return new WeightBinding(file, hyperparameters).bind(vocabularySize);
    }

    /** Every matrix. */
    public Stream<WeightMatrix> matrices() {
        return Stream.concat(
                Stream.of(tokenEmbedding, output.matrix()), layers.stream().flatMap(LayerWeights::matrices));
    }

    /** The block types that its matrices are stored in. */
    public Set<BlockType> blockTypes() {
        return matrices()
                .map(WeightMatrix::type)
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(BlockType.class)));
    }
}
