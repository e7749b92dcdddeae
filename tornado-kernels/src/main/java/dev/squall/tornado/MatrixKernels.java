package dev.squall.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Products of matrices of weights with vectors, one kernel for each block type; here those of numbers that are stored one by
 * one, in {@link BlockKernels} those of blocks of 32, in {@link SuperBlockKernels} and {@link TwoBitKernels} those of 256.
 *
 * <p>Shapes: W is {@code rows} x {@code columns}, x is vectors x {@code columns}, y is vectors x {@code rows}; vector v of y
 * is W_v times vector {@code v / outputsPerInput} of x. W_v begins at byte {@code call[offsetField + v * offsetStep]} of the
 * weights, plus the bytes of {@code v % matrices} such matrices. An offsetStep of 0 gives all vectors one matrix, or, with
 * more than one of the {@code matrices} that lie one after the other, each head its own; a step of 1 gives each vector
 * its own, an expert in a slot. Where the byte is below 0, because the expert is in another pool, y_v stays as it is.
 * Blocks lie as {@link dev.squall.gguf.BlockCodec} describes.
 *
 * <p>Order: an element of y is summed in as many {@code lanes} as a vector of the processor has (4, 8 or 16), lane l those k with
 * k mod lanes = l, then over the lanes as a tree, then over what is left of k: the bits are those of the JVM's backend. Each
 * element has as many work-items as lanes, or all of a group that has fewer, which then take several lanes each; a larger
 * group makes several elements of one vector. Groups are numbered row by row, then vector by vector, and have at most {@link
 * #GROUP_MAX} work-items.
 *
 * <p>Error against exact arithmetic: at most {@code columns · 2^-23 · Σ|W[o][k] · x[k]|}, plus for blocks with minima the
 * same of what these add. x has been rounded by {@link RoundingKernels} to what goes with the type.
 */
final class MatrixKernels {
    /** Most work-items of a group. */
    static final int GROUP_MAX = 256;

    private MatrixKernels() {}

    private static float decodeF32(ByteArray weights, FloatArray table, int b) {
        int high = weights.get(b + 3);
        int third = weights.get(b + 2);
        int exponent = (high & 127) * 2 + ((third >> 7) & 1);
        int mantissa = (third & 127) << 16 | (weights.get(b + 1) & 255) << 8 | (weights.get(b) & 255);
        mantissa += exponent == 0 ? 0 : 1 << 23;
        float magnitude = mantissa * table.get(DecodingTable.POWERS + exponent);
        return high < 0 ? -magnitude : magnitude;
    }

    private static float decodeF16(ByteArray weights, FloatArray table, int b) {
        return table.get((weights.get(b) & 255) | (weights.get(b + 1) & 255) << 8);
    }

    private static float decodeBF16(ByteArray weights, FloatArray table, int b) {
        int high = weights.get(b + 1);
        int low = weights.get(b);
        int exponent = (high & 127) * 2 + ((low >> 7) & 1);
        int mantissa = (low & 127) << 16;
        mantissa += exponent == 0 ? 0 : 1 << 23;
        float magnitude = mantissa * table.get(DecodingTable.POWERS + exponent);
        return high < 0 ? -magnitude : magnitude;
    }

    /** Weights of 32 bits, which are finite. */
    static void multiplyF32(
            KernelContext context,
            IntArray call,
            ByteArray weights,
            FloatArray table,
            FloatArray x,
            FloatArray y,
            int rows,
            int columns,
            int offsetField,
            int offsetStep,
            int outputsPerInput,
            int matrices,
            int lanes) {
        float[] parts = context.allocateFloatLocalArray(GROUP_MAX);
        int items = TornadoMath.min(context.localGroupSizeX, lanes);
        int of = context.localIdx / items;
        int element = context.groupIdx * (context.localGroupSizeX / items) + of;
        int first = context.localIdx % items;
        int vector = element / rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + (vector % matrices * rows + element % rows) * (columns * 4);
        int from = vector / outputsPerInput * columns;
        int whole = start < 0 ? 0 : columns - columns % lanes;
        for (int lane = first; lane < lanes; lane += items) {
            float sum = 0;
            for (int k = lane; k < whole; k += lanes) {
                sum = DeviceMath.fma(decodeF32(weights, table, at + k * 4), x.get(from + k), sum);
            }
            parts[of * lanes + lane] = sum;
        }
        context.localBarrier();
        if (first == 0) {
            int half = lanes / 2;
            for (int i = lanes - 1; i > 0; i--) {
                parts[of * lanes + i - half] += parts[of * lanes + i];
                half = i == half ? half / 2 : half;
            }
            float sum = parts[of * lanes];
            int end = start < 0 ? 0 : columns;
            for (int k = whole; k < end; k++) {
                sum = DeviceMath.fma(decodeF32(weights, table, at + k * 4), x.get(from + k), sum);
            }
            if (start >= 0) {
                y.set(element, sum);
            }
        }
    }

    /** Weights of 16 bits. */
    static void multiplyF16(
            KernelContext context,
            IntArray call,
            ByteArray weights,
            FloatArray table,
            FloatArray x,
            FloatArray y,
            int rows,
            int columns,
            int offsetField,
            int offsetStep,
            int outputsPerInput,
            int matrices,
            int lanes) {
        float[] parts = context.allocateFloatLocalArray(GROUP_MAX);
        int items = TornadoMath.min(context.localGroupSizeX, lanes);
        int of = context.localIdx / items;
        int element = context.groupIdx * (context.localGroupSizeX / items) + of;
        int first = context.localIdx % items;
        int vector = element / rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + (vector % matrices * rows + element % rows) * (columns * 2);
        int from = vector / outputsPerInput * columns;
        int whole = start < 0 ? 0 : columns - columns % lanes;
        for (int lane = first; lane < lanes; lane += items) {
            float sum = 0;
            for (int k = lane; k < whole; k += lanes) {
                sum = DeviceMath.fma(decodeF16(weights, table, at + k * 2), x.get(from + k), sum);
            }
            parts[of * lanes + lane] = sum;
        }
        context.localBarrier();
        if (first == 0) {
            int half = lanes / 2;
            for (int i = lanes - 1; i > 0; i--) {
                parts[of * lanes + i - half] += parts[of * lanes + i];
                half = i == half ? half / 2 : half;
            }
            float sum = parts[of * lanes];
            int end = start < 0 ? 0 : columns;
            for (int k = whole; k < end; k++) {
                sum = DeviceMath.fma(decodeF16(weights, table, at + k * 2), x.get(from + k), sum);
            }
            if (start >= 0) {
                y.set(element, sum);
            }
        }
    }

    /** Weights of the upper 16 of 32 bits, which are finite. */
    static void multiplyBF16(
            KernelContext context,
            IntArray call,
            ByteArray weights,
            FloatArray table,
            FloatArray x,
            FloatArray y,
            int rows,
            int columns,
            int offsetField,
            int offsetStep,
            int outputsPerInput,
            int matrices,
            int lanes) {
        float[] parts = context.allocateFloatLocalArray(GROUP_MAX);
        int items = TornadoMath.min(context.localGroupSizeX, lanes);
        int of = context.localIdx / items;
        int element = context.groupIdx * (context.localGroupSizeX / items) + of;
        int first = context.localIdx % items;
        int vector = element / rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + (vector % matrices * rows + element % rows) * (columns * 2);
        int from = vector / outputsPerInput * columns;
        int whole = start < 0 ? 0 : columns - columns % lanes;
        for (int lane = first; lane < lanes; lane += items) {
            float sum = 0;
            for (int k = lane; k < whole; k += lanes) {
                sum = DeviceMath.fma(decodeBF16(weights, table, at + k * 2), x.get(from + k), sum);
            }
            parts[of * lanes + lane] = sum;
        }
        context.localBarrier();
        if (first == 0) {
            int half = lanes / 2;
            for (int i = lanes - 1; i > 0; i--) {
                parts[of * lanes + i - half] += parts[of * lanes + i];
                half = i == half ? half / 2 : half;
            }
            float sum = parts[of * lanes];
            int end = start < 0 ? 0 : columns;
            for (int k = whole; k < end; k++) {
                sum = DeviceMath.fma(decodeBF16(weights, table, at + k * 2), x.get(from + k), sum);
            }
            if (start >= 0) {
                y.set(element, sum);
            }
        }
    }
}
