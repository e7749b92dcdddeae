package dev.squall.model;

import org.jspecify.annotations.Nullable;

/**
 * What each rotated pair's angle is divided by, as a file lists it; null for what it does not list.
 *
 * @param always whatever the context ({@code rope_freqs}, Llama 3)
 * @param shortContext for contexts up to the original length (LongRoPE)
 * @param longContext for longer ones
 */
public record RopeFactors(float @Nullable [] always, float @Nullable [] shortContext, float @Nullable [] longContext) {

    /** The factors for contexts of {@code positionsMax}; null for none. */
    public float @Nullable [] forContext(int positionsMax, Rope rope) {
        if (always != null) {
            return always;
        }
        return positionsMax > rope.originalContextLength() ? longContext : shortContext;
    }
}
