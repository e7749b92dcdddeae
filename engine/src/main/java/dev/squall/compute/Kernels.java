package dev.squall.compute;

import dev.squall.model.WeightMatrix;
import org.jspecify.annotations.Nullable;

/**
 * The arithmetic of the JVM backend. Offsets count floats. Every method is a pure function of its arguments, may run on
 * several threads at once, each with a {@link Tile} of its own, and computes an element the same way whatever else is
 * computed in the same call.
 */
interface Kernels extends AutoCloseable {
    /** Steepness of {@link #clampedSwiglu}'s sigmoid. */
    float SWIGLU_ALPHA = 1.702f;

    /** What {@link #clampedSwiglu} clamps at. */
    float SWIGLU_LIMIT = 7;

    /** For people: which kernels these are. */
    String description();

    /** Row {@code row} of the matrix, decoded: {@code columns} floats. Exact for every block type. */
    void decodeRow(WeightMatrix w, int row, float[] out, int outOffset, Tile tile);

    /**
     * {@code y[yOffsets[i] + o] = Σ_k W[o][k] · x[xOffsets[i] + k]} for o in [{@code from}, {@code to}) and i in
     * [{@code first}, {@code first + count}). Against exact arithmetic the error of a sum of n terms is at most
     * {@code n · 2^-24 · Σ|W[o][k] · x[k]|}.
     *
     * @param x rows that these kernels have rounded to the precision that goes with the weights
     */
    void multiply(
            WeightMatrix w,
            int from,
            int to,
            FloatRows x,
            int[] xOffsets,
            float[] y,
            int[] yOffsets,
            int first,
            int count,
            Tile tile);

    /** y = x · weight / sqrt(mean(x²) + epsilon), n elements. y may be x. Relative error at most n · 2^-24. */
    void rmsNorm(float[] x, int xOffset, float[] weight, int n, float epsilon, float[] y, int yOffset);

    /**
     * y = x rounded to a precision, n elements, a whole number of blocks. Exact but for the sign of zeros. y may be x. What
     * {@link ActivationPrecision#BLOCKS_OF_256} leaves in y is for the products of the same kernels only.
     */
    void round(ActivationPrecision precision, float[] x, int xOffset, int n, FloatRows y, int yOffset);

    /** gate = silu(gate) · up, n elements, silu(g) = g / (1 + e^-g). Error at most 2^-20 of the result or 1e-36 · |up|. */
    void swiglu(float[] gate, int gateOffset, float[] up, int upOffset, int n);

    /**
     * gate = g / (1 + e^(-1.702 g)) · (u + 1), n elements, g = min(gate, 7), u = up clamped to [-7, 7] (gpt-oss). Error at
     * most 2^-15 of the result or 1e-35: that of 1.702 g in an exponent.
     */
    void clampedSwiglu(float[] gate, int gateOffset, float[] up, int upOffset, int n);

    /** y += scale · x, n elements. */
    void addScaled(float scale, float[] x, int xOffset, float[] y, int yOffset, int n);

    /**
     * Attention of G query heads that share one key/value head, over the positions of a span of a cache:
     * {@code out_g = Σ_p softmax_p(scale · q_g · k_p) v_p}. Queries and probabilities are rounded to half precision, as
     * the cache's keys and values are.
     *
     * @param group G, how long a row of out is, and the scale
     * @param query G rows of {@code cache.keyStride()} floats from {@code queryOffset}, padded with zeros
     * @param sinks a logit for each query head, from {@code sinksOffset} on, that takes part in its softmax without a
     *     value; null for none
     * @param out G rows of {@code group.valueLength()} floats from {@code outOffset}
     * @param scratch {@code G · (positions + cache.valueStride())} floats
     */
    void attend(
            KvCache.Span span,
            HeadGroup group,
            float[] query,
            int queryOffset,
            float @Nullable [] sinks,
            int sinksOffset,
            float[] out,
            int outOffset,
            float[] scratch,
            Tile tile);

    /** Frees what the kernels own; most own nothing. */
    @Override
    default void close() {}
}
