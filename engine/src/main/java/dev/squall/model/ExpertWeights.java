package dev.squall.model;

/**
 * One expert: {@code down · (silu(gate · x) * (up · x))}. Three matrices that lie far apart in the file.
 *
 * @param gate F x E
 * @param up F x E
 * @param down E x F
 */
public record ExpertWeights(WeightMatrix gate, WeightMatrix up, WeightMatrix down) {

    /** What it takes to hold the expert, in bytes. */
    public long bytes() {
        return gate.data().byteSize() + up.data().byteSize() + down.data().byteSize();
    }
}
