package dev.squall.model;

import java.util.List;
import java.util.stream.Stream;

/**
 * The weights of one layer.
 *
 * @param attentionNorm of the hidden state before attention
 * @param attention the attention
 * @param feedForwardNorm of the hidden state before router and experts, or before the dense network
 * @param feedForward the experts or the dense network
 */
public record LayerWeights(
        NormWeights attentionNorm,
        AttentionWeights attention,
        NormWeights feedForwardNorm,
        FeedForwardWeights feedForward) {

    /** The routed experts; none in a dense layer. */
    public List<ExpertWeights> experts() {
        return switch (feedForward) {
            case MixtureWeights mixture -> mixture.experts();
            case ExpertWeights dense -> List.of();
        };
    }

    /** Every matrix. */
    public Stream<WeightMatrix> matrices() {
        return Stream.concat(attention.matrices(), feedForward.matrices());
    }
}
