package dev.squall.model;

import java.util.stream.Stream;

/**
 * One gated feed-forward network: {@code down · (silu(gate · x) * (up · x))}. A routed expert, whose three matrices lie
 * far apart in the file, a shared expert, or the whole network of a dense layer. E hidden width, F inner width.
 *
 * @param gate F x E
 * @param up F x E
 * @param down E x F
 */
public record ExpertWeights(WeightMatrix gate, WeightMatrix up, WeightMatrix down) implements FeedForwardWeights {

    /** What it takes to hold the expert, in bytes. */
    public long bytes() {
        return gate.data().byteSize() + up.data().byteSize() + down.data().byteSize();
    }

    @Override
    public Stream<WeightMatrix> matrices() {
        return Stream.of(gate, up, down);
    }
}
