package dev.squall.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Products with blocks of 256 elements of four bits and more, as {@link MatrixKernels} describes them. */
final class SuperBlockKernels {
    private SuperBlockKernels() {}

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
            int outputsPerInput,
            int matrices) {
        float[] parts = context.allocateFloatLocalArray(MatrixKernels.GROUP_MAX);
        int local = context.localIdx;
        int size = context.localGroupSizeX;
        int group = context.groupIdx;
        int vector = group / rows;
        int row = group % rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + vector % matrices * rows * (columns / 256 * 144) + row * (columns / 256 * 144);
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
        MatrixKernels.writeSum(context, parts, sum, writer, y, vector * rows + row);
    }

    /** Blocks of 256 elements of 5 bits, with a scale and a minimum for each 32. */
    static void multiplyQ5_K(
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
        float[] parts = context.allocateFloatLocalArray(MatrixKernels.GROUP_MAX);
        int local = context.localIdx;
        int size = context.localGroupSizeX;
        int group = context.groupIdx;
        int vector = group / rows;
        int row = group % rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + vector % matrices * rows * (columns / 256 * 176) + row * (columns / 256 * 176);
        int from = vector / outputsPerInput * columns;
        int units = start < 0 ? 0 : columns / 32;
        int writer = start < 0 ? 1 : local;
        float sum = 0;
        for (int unit = local; unit < units; unit += size) {
            int block = at + unit / 8 * 176;
            int part = unit % 8;
            float d = table.get((weights.get(block) & 255) | (weights.get(block + 1) & 255) << 8);
            float m = table.get((weights.get(block + 2) & 255) | (weights.get(block + 3) & 255) << 8);
            int scales = block + 4 + part % 4;
            int first = weights.get(scales) & 255;
            int second = weights.get(scales + 4) & 255;
            int third = weights.get(block + 4 + 8 + part % 4) & 255;
            int scale = part < 4 ? first & 63 : (third & 15) | (first >> 6) << 4;
            int minimum = part < 4 ? second & 63 : third >> 4 | (second >> 6) << 4;
            int quants = block + 48 + part / 2 * 32;
            int shift = part % 2 * 4;
            float dot = 0;
            float total = 0;
            for (int i = 0; i < 32; i++) {
                float value = x.get(from + unit * 32 + i);
                int high = (weights.get(block + 16 + i) >> part) & 1;
                dot += (((weights.get(quants + i) >> shift) & 15) + high * 16) * value;
                total += value;
            }
            sum += d * scale * dot - m * minimum * total;
        }
        MatrixKernels.writeSum(context, parts, sum, writer, y, vector * rows + row);
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
            int outputsPerInput,
            int matrices) {
        float[] parts = context.allocateFloatLocalArray(MatrixKernels.GROUP_MAX);
        int local = context.localIdx;
        int size = context.localGroupSizeX;
        int group = context.groupIdx;
        int vector = group / rows;
        int row = group % rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + vector % matrices * rows * (columns / 256 * 210) + row * (columns / 256 * 210);
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
        MatrixKernels.writeSum(context, parts, sum, writer, y, vector * rows + row);
    }

    /** Blocks of 256 elements that are one of sixteen levels, with a scale for each 32. */
    static void multiplyIQ4_XS(
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
        float[] parts = context.allocateFloatLocalArray(MatrixKernels.GROUP_MAX);
        int local = context.localIdx;
        int size = context.localGroupSizeX;
        int group = context.groupIdx;
        int vector = group / rows;
        int row = group % rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + vector % matrices * rows * (columns / 256 * 136) + row * (columns / 256 * 136);
        int from = vector / outputsPerInput * columns;
        int units = start < 0 ? 0 : columns / 32;
        int writer = start < 0 ? 1 : local;
        float sum = 0;
        for (int unit = local; unit < units; unit += size) {
            int block = at + unit / 8 * 136;
            int part = unit % 8;
            int lowScale = (weights.get(block + 4 + part / 2) >> (part % 2 * 4)) & 15;
            int highScale = (weights.get(block + 2 + part / 4) >> (part % 4 * 2)) & 3;
            int scale = lowScale + highScale * 16 - 32;
            int quants = block + 8 + part * 16;
            float d = table.get((weights.get(block) & 255) | (weights.get(block + 1) & 255) << 8);
            float dot = 0;
            for (int i = 0; i < 16; i++) {
                int pair = weights.get(quants + i);
                dot += table.get(DecodingTable.LEVELS + (pair & 15)) * x.get(from + unit * 32 + i);
                dot += table.get(DecodingTable.LEVELS + ((pair >> 4) & 15)) * x.get(from + unit * 32 + 16 + i);
            }
            sum += d * scale * dot;
        }
        MatrixKernels.writeSum(context, parts, sum, writer, y, vector * rows + row);
    }
}
