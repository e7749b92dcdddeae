package dev.squall.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Products with blocks of 256 elements of two and three bits, as {@link MatrixKernels} describes them. */
final class TwoBitKernels {
    private TwoBitKernels() {}

    /** Blocks of 256 elements of 2 bits, with a scale and a minimum for each 16. */
    static void multiplyQ2_K(
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
        int at = start + vector % matrices * rows * (columns / 256 * 84) + row * (columns / 256 * 84);
        int from = vector / outputsPerInput * columns;
        int units = start < 0 ? 0 : columns / 16;
        int writer = start < 0 ? 1 : local;
        float sum = 0;
        for (int unit = local; unit < units; unit += size) {
            int block = at + unit / 16 * 84;
            int part = unit % 16;
            int quants = block + 16 + part / 8 * 32 + part % 2 * 16;
            int shift = part % 8 / 2 * 2;
            int scales = weights.get(block + part) & 255;
            float d = table.get((weights.get(block + 80) & 255) | (weights.get(block + 81) & 255) << 8);
            float m = table.get((weights.get(block + 82) & 255) | (weights.get(block + 83) & 255) << 8);
            float dot = 0;
            float total = 0;
            for (int i = 0; i < 16; i++) {
                float value = x.get(from + unit * 16 + i);
                dot += ((weights.get(quants + i) >> shift) & 3) * value;
                total += value;
            }
            sum += d * (scales & 15) * dot - m * (scales >> 4) * total;
        }
        MatrixKernels.writeSum(context, parts, sum, writer, y, vector * rows + row);
    }

    /** Blocks of 256 elements of 3 bits, with a scale for each 16. */
    static void multiplyQ3_K(
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
        int at = start + vector % matrices * rows * (columns / 256 * 110) + row * (columns / 256 * 110);
        int from = vector / outputsPerInput * columns;
        int units = start < 0 ? 0 : columns / 16;
        int writer = start < 0 ? 1 : local;
        float sum = 0;
        for (int unit = local; unit < units; unit += size) {
            int block = at + unit / 16 * 110;
            int part = unit % 16;
            int first = part % 2 * 16;
            int quants = block + 32 + part / 8 * 32 + first;
            int shift = part % 8 / 2 * 2;
            int high = block + first;
            int highShift = part / 2;
            int lowScale = (weights.get(block + 96 + part % 8) >> (part / 8 * 4)) & 15;
            int highScale = (weights.get(block + 104 + part % 4) >> (part / 4 * 2)) & 3;
            int scale = lowScale + highScale * 16 - 32;
            float d = table.get((weights.get(block + 108) & 255) | (weights.get(block + 109) & 255) << 8);
            float dot = 0;
            for (int i = 0; i < 16; i++) {
                int quant =
                        ((weights.get(quants + i) >> shift) & 3) + ((weights.get(high + i) >> highShift) & 1) * 4 - 4;
                dot += quant * x.get(from + unit * 16 + i);
            }
            sum += d * scale * dot;
        }
        MatrixKernels.writeSum(context, parts, sum, writer, y, vector * rows + row);
    }
}
