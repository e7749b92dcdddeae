package dev.squall.compute;

import dev.squall.gguf.BlockType;
import dev.squall.model.WeightMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** The kernels of the JVM's backend one at a time, for tests that hold others to their bits. */
public final class JvmOracle {
    private static final Kernels KERNELS = new LaneKernels();

    private JvmOracle() {}

    /**
     * Products of a matrix with vectors.
     *
     * @param rounds whether the vectors are rounded first to what goes with the type
     */
    public static float[] multiply(
            BlockType type, MemorySegment weights, int rows, int columns, float[] x, boolean rounds) {
        int vectors = x.length / columns;
        FloatRows input = FloatRows.roundable(vectors, columns);
        ActivationPrecision precision = rounds ? ActivationPrecision.with(type) : ActivationPrecision.FLOAT32;
        KERNELS.round(precision, x, 0, x.length, input, 0);
        float[] y = new float[vectors * rows];
        try (Arena arena = Arena.ofConfined()) {
            KERNELS.multiply(
                    new WeightMatrix(type, weights, rows, columns),
                    0,
                    rows,
                    input,
                    input.offsets(),
                    y,
                    FloatRows.multiples(rows, vectors),
                    0,
                    vectors,
                    new Tile(arena));
        }
        return y;
    }

    /** Vectors rounded to a precision; those in blocks of 256 are whole numbers in an order of their own. */
    public static float[] round(ActivationPrecision precision, float[] x) {
        FloatRows y = FloatRows.roundable(1, x.length);
        KERNELS.round(precision, x, 0, x.length, y, 0);
        return y.values();
    }

    /** x · weight / sqrt(mean(x²) + epsilon). */
    public static float[] rmsNorm(float[] x, float[] weight, float epsilon) {
        float[] y = new float[x.length];
        KERNELS.rmsNorm(x, 0, weight, x.length, epsilon, y, 0);
        return y;
    }

    /** silu(gate) · up, or with gpt-oss's clamps. */
    public static float[] swiglu(float[] gate, float[] up, boolean clamped) {
        float[] y = gate.clone();
        if (clamped) {
            KERNELS.clampedSwiglu(y, 0, up, 0, y.length);
        } else {
            KERNELS.swiglu(y, 0, up, 0, y.length);
        }
        return y;
    }

    /** e^x, as activations and attention take it. */
    public static float exp(float x) {
        return VectorMath.exp(x);
    }

    /** sum + x · scale, element by element. */
    public static float[] addScaled(float[] sum, float[] x, float scale) {
        float[] y = sum.clone();
        KERNELS.addScaled(scale, x, 0, y, 0, y.length);
        return y;
    }

    /** Σ a · b in as many lanes as a vector has. */
    public static float dot(float[] a, float[] b) {
        return LaneKernels.dot(a, 0, b, 0, a.length, new float[VectorMath.LANES], 0);
    }

    /**
     * Attention of one head over positions.
     *
     * @param keys positions x keyLength
     * @param values positions x valueLength
     * @param sink a logit without a value; null for none
     */
    public static float[] attend(
            float[] query, float[] keys, float[] values, int valueLength, float scale, @Nullable Float sink) {
        int positions = keys.length / query.length;
        try (Arena arena = Arena.ofConfined();
                KvCache cache = new KvCache(1, 1, positions, 1, query.length, valueLength)) {
            for (int p = 0; p < positions; p++) {
                cache.putKey(0, 0, 0, p, keys, p * query.length, query.length);
                cache.putValue(0, 0, 0, p, values, p * valueLength, valueLength);
            }
            float[] padded = new float[cache.keyStride()];
            System.arraycopy(query, 0, padded, 0, query.length);
            float[] out = new float[valueLength];
            KERNELS.attend(
                    new KvCache.Span(cache, 0, 0, 0, 0, positions),
                    new HeadGroup(1, valueLength, scale),
                    padded,
                    0,
                    sink == null ? null : new float[] {sink},
                    0,
                    out,
                    0,
                    new float[positions + cache.valueStride()],
                    new Tile(arena));
            return out;
        }
    }
}
