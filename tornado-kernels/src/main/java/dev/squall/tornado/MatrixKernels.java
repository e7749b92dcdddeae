package dev.squall.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
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
 * more than one of the {@code matrices} that lie one after the other, each head its own; a step of 1 gives each vector its own,
 * an expert in a slot. Where the byte is below 0, because the expert is in another pool, y_v stays as it is. Blocks lie as
 * {@link dev.squall.gguf.BlockCodec} describes. One group of at most {@link #GROUP_MAX} work-items makes one element of
 * y; groups are numbered row by row, then vector by vector.
 *
 * <p>Error against exact arithmetic: at most {@code columns · 2^-23 · Σ|W[o][k] · x[k]|}, plus for blocks with minima the
 * same of what these add. x has been rounded by {@link RoundingKernels} to what goes with the type.
 */
final class MatrixKernels {
    /** Most work-items of a group. */
    static final int GROUP_MAX = 256;

    private MatrixKernels() {}

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
            int matrices) {
        float[] parts = context.allocateFloatLocalArray(GROUP_MAX);
        int local = context.localIdx;
        int size = context.localGroupSizeX;
        int group = context.groupIdx;
        int vector = group / rows;
        int row = group % rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + vector % matrices * rows * (columns * 4) + row * (columns * 4);
        int from = vector / outputsPerInput * columns;
        int units = start < 0 ? 0 : columns;
        int writer = start < 0 ? 1 : local;
        float sum = 0;
        for (int unit = local; unit < units; unit += size) {
            int b = at + unit * 4;
            int high = weights.get(b + 3);
            int third = weights.get(b + 2);
            int exponent = (high & 127) * 2 + ((third >> 7) & 1);
            int mantissa = (third & 127) << 16 | (weights.get(b + 1) & 255) << 8 | (weights.get(b) & 255);
            mantissa += exponent == 0 ? 0 : 1 << 23;
            float magnitude = mantissa * table.get(DecodingTable.POWERS + exponent);
            sum += (high < 0 ? -magnitude : magnitude) * x.get(from + unit);
        }
        writeSum(context, parts, sum, writer, y, vector * rows + row);
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
            int matrices) {
        float[] parts = context.allocateFloatLocalArray(GROUP_MAX);
        int local = context.localIdx;
        int size = context.localGroupSizeX;
        int group = context.groupIdx;
        int vector = group / rows;
        int row = group % rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + vector % matrices * rows * (columns * 2) + row * (columns * 2);
        int from = vector / outputsPerInput * columns;
        int units = start < 0 ? 0 : columns;
        int writer = start < 0 ? 1 : local;
        float sum = 0;
        for (int unit = local; unit < units; unit += size) {
            int bits = (weights.get(at + unit * 2) & 255) | (weights.get(at + unit * 2 + 1) & 255) << 8;
            sum += table.get(bits) * x.get(from + unit);
        }
        writeSum(context, parts, sum, writer, y, vector * rows + row);
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
            int matrices) {
        float[] parts = context.allocateFloatLocalArray(GROUP_MAX);
        int local = context.localIdx;
        int size = context.localGroupSizeX;
        int group = context.groupIdx;
        int vector = group / rows;
        int row = group % rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + vector % matrices * rows * (columns * 2) + row * (columns * 2);
        int from = vector / outputsPerInput * columns;
        int units = start < 0 ? 0 : columns;
        int writer = start < 0 ? 1 : local;
        float sum = 0;
        for (int unit = local; unit < units; unit += size) {
            int high = weights.get(at + unit * 2 + 1);
            int low = weights.get(at + unit * 2);
            int exponent = (high & 127) * 2 + ((low >> 7) & 1);
            int mantissa = (low & 127) << 16;
            mantissa += exponent == 0 ? 0 : 1 << 23;
            float magnitude = mantissa * table.get(DecodingTable.POWERS + exponent);
            sum += (high < 0 ? -magnitude : magnitude) * x.get(from + unit);
        }
        writeSum(context, parts, sum, writer, y, vector * rows + row);
    }

    /**
     * Writes the sum of what the work-items of a group have summed, in their order.
     *
     * @param parts local memory with room for one of each
     * @param sum this work-item's
     * @param writer 0 for the one that writes
     */
    static void writeSum(KernelContext context, float[] parts, float sum, int writer, FloatArray y, int at) {
        parts[context.localIdx] = sum;
        context.localBarrier();
        if (writer == 0) {
            float all = 0;
            for (int i = 0; i < context.localGroupSizeX; i++) {
                all += parts[i];
            }
            y.set(at, all);
        }
    }
}
