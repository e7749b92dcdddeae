package dev.squall.model;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A router and its experts. E hidden width, J experts, F expert width.
 *
 * @param router J x E
 * @param selectionBias J, added to scores where experts are selected and not where they are weighed; null for none
 * @param experts the J routed experts
 * @param expertBiases the experts' biases, which are small and stay in memory; null for none
 * @param shared the expert that every token uses; null for none
 * @param sharedGate E, the sigmoid of its product with the input is the shared expert's weight; null for weight 1
 */
public record MixtureWeights(
        Projection router,
        float @Nullable [] selectionBias,
        List<ExpertWeights> experts,
        @Nullable ExpertBiases expertBiases,
        @Nullable ExpertWeights shared,
        float @Nullable [] sharedGate)
        implements FeedForwardWeights {

    /**
     * Biases of all experts of a layer, one expert after the other.
     *
     * @param gate J x F
     * @param up J x F
     * @param down J x E
     */
    public record ExpertBiases(float[] gate, float[] up, float[] down) {}

    @Override
    public Stream<WeightMatrix> matrices() {
        Stream<ExpertWeights> networks = Stream.concat(experts.stream(), Stream.ofNullable(shared));
        return Stream.concat(Stream.of(router.matrix()), networks.flatMap(ExpertWeights::matrices));
    }
}
