package dev.squall.model;

import org.jspecify.annotations.Nullable;

/**
 * {@code matrix · x + bias}.
 *
 * @param matrix outputs x inputs
 * @param bias as long as the output; null for none
 */
public record Projection(WeightMatrix matrix, float @Nullable [] bias) {}
