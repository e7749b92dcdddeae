package dev.squall.model;

import org.jspecify.annotations.Nullable;

/**
 * Rotary position embedding with what stretches it to longer contexts. Pair i of n dimensions at position p turns by
 * {@code p · frequencyBase^(-2i/n) / factor_i}, times {@code frequencyScale} as far as {@link Yarn} lets it, and the
 * rotated elements are multiplied by {@code magnitude}.
 *
 * @param dimensionCount elements of a head that are turned, even; 0 where positions are not embedded at all
 * @param frequencyBase the base
 * @param frequencyScale 1 / the stretching factor
 * @param magnitude the attention factor
 * @param originalContextLength positions before the context was stretched; beyond it the long factors apply
 * @param yarn where YaRN is used; null if every pair is scaled alike
 */
public record Rope(
        int dimensionCount,
        float frequencyBase,
        float frequencyScale,
        float magnitude,
        int originalContextLength,
        @Nullable Yarn yarn) {

    /**
     * YaRN (Peng et al., 2023): fast pairs keep their frequency, slow ones are scaled, those between are mixed.
     *
     * @param fastRotations a pair that turns as often over the original context is fast
     * @param slowRotations a pair that turns as seldom is slow
     * @param extrapolation weight of the unscaled frequency in fast pairs
     */
    public record Yarn(float fastRotations, float slowRotations, float extrapolation) {}
}
