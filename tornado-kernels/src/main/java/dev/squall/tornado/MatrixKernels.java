package dev.squall.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Products of matrices of block-quantised weights with vectors, one kernel for each block type.
 *
 * <p>Shapes: W is {@code rows} x {@code columns}, x is vectors x {@code columns}, y is vectors x {@code rows}; vector v of y
 * is W_v times vector {@code v / outputsPerInput} of x. W_v begins at byte {@code call[offsetField + v * offsetStep]} of the
 * weights: a step of 0 gives all vectors one matrix, a step of 1 each its own, an expert in a slot. Where that is below 0,
 * because the expert is in another pool, y_v stays as it is. Blocks lie as
 * {@link dev.squall.gguf.BlockCodec} describes. One group of at most {@link #GROUP_MAX} work-items makes one element of
 * y; groups are numbered row by row, then vector by vector.
 *
 * <p>Error against exact arithmetic: at most {@code columns · 2^-23 · Σ|W[o][k] · x[k]|}, plus for blocks with minima the
 * same of what these subtract. x has been rounded by {@link RoundingKernels} to what goes with the type.
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
            int outputsPerInput) {
        float[] parts = context.allocateFloatLocalArray(GROUP_MAX);
        int local = context.localIdx;
        int size = context.localGroupSizeX;
        int group = context.groupIdx;
        int vector = group / rows;
        int row = group % rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + row * (columns / 1 * 4);
        int from = vector / outputsPerInput * columns;
        int units = start < 0 ? 0 : columns / 1;
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
        parts[local] = sum;
        context.localBarrier();
        if (writer == 0) {
            float all = 0;
            for (int i = 0; i < size; i++) {
                all += parts[i];
            }
            y.set(vector * rows + row, all);
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
            int outputsPerInput) {
        float[] parts = context.allocateFloatLocalArray(GROUP_MAX);
        int local = context.localIdx;
        int size = context.localGroupSizeX;
        int group = context.groupIdx;
        int vector = group / rows;
        int row = group % rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + row * (columns / 1 * 2);
        int from = vector / outputsPerInput * columns;
        int units = start < 0 ? 0 : columns / 1;
        int writer = start < 0 ? 1 : local;
        float sum = 0;
        for (int unit = local; unit < units; unit += size) {
            int bits = (weights.get(at + unit * 2) & 255) | (weights.get(at + unit * 2 + 1) & 255) << 8;
            sum += table.get(bits) * x.get(from + unit);
        }
        parts[local] = sum;
        context.localBarrier();
        if (writer == 0) {
            float all = 0;
            for (int i = 0; i < size; i++) {
                all += parts[i];
            }
            y.set(vector * rows + row, all);
        }
    }

    /** Blocks of 32 elements of 8 bits. */
    static void multiplyQ8_0(
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
            int outputsPerInput) {
        float[] parts = context.allocateFloatLocalArray(GROUP_MAX);
        int local = context.localIdx;
        int size = context.localGroupSizeX;
        int group = context.groupIdx;
        int vector = group / rows;
        int row = group % rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + row * (columns / 32 * 34);
        int from = vector / outputsPerInput * columns;
        int units = start < 0 ? 0 : columns / 32;
        int writer = start < 0 ? 1 : local;
        float sum = 0;
        for (int unit = local; unit < units; unit += size) {
            int block = at + unit * 34;
            float d = table.get((weights.get(block) & 255) | (weights.get(block + 1) & 255) << 8);
            float dot = 0;
            for (int i = 0; i < 32; i++) {
                dot += weights.get(block + 2 + i) * x.get(from + unit * 32 + i);
            }
            sum += d * dot;
        }
        parts[local] = sum;
        context.localBarrier();
        if (writer == 0) {
            float all = 0;
            for (int i = 0; i < size; i++) {
                all += parts[i];
            }
            y.set(vector * rows + row, all);
        }
    }

    /** Blocks of 32 elements of 4 bits. */
    static void multiplyQ4_0(
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
            int outputsPerInput) {
        float[] parts = context.allocateFloatLocalArray(GROUP_MAX);
        int local = context.localIdx;
        int size = context.localGroupSizeX;
        int group = context.groupIdx;
        int vector = group / rows;
        int row = group % rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + row * (columns / 32 * 18);
        int from = vector / outputsPerInput * columns;
        int units = start < 0 ? 0 : columns / 32;
        int writer = start < 0 ? 1 : local;
        float sum = 0;
        for (int unit = local; unit < units; unit += size) {
            int block = at + unit * 18;
            float d = table.get((weights.get(block) & 255) | (weights.get(block + 1) & 255) << 8);
            float dot = 0;
            for (int i = 0; i < 16; i++) {
                int quants = weights.get(block + 2 + i);
                dot += ((quants & 15) - 8) * x.get(from + unit * 32 + i);
                dot += (((quants >> 4) & 15) - 8) * x.get(from + unit * 32 + 16 + i);
            }
            sum += d * dot;
        }
        parts[local] = sum;
        context.localBarrier();
        if (writer == 0) {
            float all = 0;
            for (int i = 0; i < size; i++) {
                all += parts[i];
            }
            y.set(vector * rows + row, all);
        }
    }

    /** Blocks of 256 elements of 4 bits, with a scale and a minimum for each 32. */
    static void multiplyQ4_K(
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
            int outputsPerInput) {
        float[] parts = context.allocateFloatLocalArray(GROUP_MAX);
        int local = context.localIdx;
        int size = context.localGroupSizeX;
        int group = context.groupIdx;
        int vector = group / rows;
        int row = group % rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + row * (columns / 256 * 144);
        int from = vector / outputsPerInput * columns;
        int units = start < 0 ? 0 : columns / 32;
        int writer = start < 0 ? 1 : local;
        float sum = 0;
        for (int unit = local; unit < units; unit += size) {
            int block = at + unit / 8 * 144;
            int part = unit % 8;
            float d = table.get((weights.get(block) & 255) | (weights.get(block + 1) & 255) << 8);
            float m = table.get((weights.get(block + 2) & 255) | (weights.get(block + 3) & 255) << 8);
            int scales = block + 4 + part % 4;
            int first = weights.get(scales) & 255;
            int second = weights.get(scales + 4) & 255;
            int third = weights.get(block + 4 + 8 + part % 4) & 255;
            int scale = part < 4 ? first & 63 : (third & 15) | (first >> 6) << 4;
            int minimum = part < 4 ? second & 63 : third >> 4 | (second >> 6) << 4;
            int quants = block + 16 + part / 2 * 32;
            int shift = part % 2 * 4;
            float dot = 0;
            float total = 0;
            for (int i = 0; i < 32; i++) {
                float value = x.get(from + unit * 32 + i);
                dot += ((weights.get(quants + i) >> shift) & 15) * value;
                total += value;
            }
            sum += d * scale * dot - m * minimum * total;
        }
        parts[local] = sum;
        context.localBarrier();
        if (writer == 0) {
            float all = 0;
            for (int i = 0; i < size; i++) {
                all += parts[i];
            }
            y.set(vector * rows + row, all);
        }
    }

    /** Blocks of 256 elements of 6 bits, with a scale for each 16. */
    static void multiplyQ6_K(
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
            int outputsPerInput) {
        float[] parts = context.allocateFloatLocalArray(GROUP_MAX);
        int local = context.localIdx;
        int size = context.localGroupSizeX;
        int group = context.groupIdx;
        int vector = group / rows;
        int row = group % rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + row * (columns / 256 * 210);
        int from = vector / outputsPerInput * columns;
        int units = start < 0 ? 0 : columns / 16;
        int writer = start < 0 ? 1 : local;
        float sum = 0;
        for (int unit = local; unit < units; unit += size) {
            int block = at + unit / 16 * 210;
            int part = unit % 16;
            int half = part / 8;
            int quarter = part % 8 / 2;
            int first = part % 2 * 16;
            int low = block + half * 64 + quarter % 2 * 32 + first;
            int lowShift = quarter / 2 * 4;
            int high = block + 128 + half * 32 + first;
            int highShift = quarter * 2;
            float d = table.get((weights.get(block + 208) & 255) | (weights.get(block + 209) & 255) << 8);
            int scale = weights.get(block + 192 + part);
            float dot = 0;
            for (int i = 0; i < 16; i++) {
                int quant = ((weights.get(low + i) >> lowShift) & 15) | ((weights.get(high + i) >> highShift) & 3) << 4;
                dot += (quant - 32) * x.get(from + unit * 16 + i);
            }
            sum += d * scale * dot;
        }
        parts[local] = sum;
        context.localBarrier();
        if (writer == 0) {
            float all = 0;
            for (int i = 0; i < size; i++) {
                all += parts[i];
            }
            y.set(vector * rows + row, all);
        }
    }
}
