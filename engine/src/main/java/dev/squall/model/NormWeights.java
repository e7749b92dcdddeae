package dev.squall.model;

import org.jspecify.annotations.Nullable;

/**
 * A root-mean-square norm: {@code x / rms(x) * weight + bias}.
 *
 * @param weight as long as x
 * @param bias as long as x; null for none
 */
public record NormWeights(float[] weight, float @Nullable [] bias) {}
