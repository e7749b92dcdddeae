package dev.squall.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Products with blocks of 32 elements, as {@link MatrixKernels} describes them. */
final class BlockKernels {
    private BlockKernels() {}

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
            int outputsPerInput,
            int matrices) {
        float[] parts = context.allocateFloatLocalArray(MatrixKernels.GROUP_MAX);
        int local = context.localIdx;
        int size = context.localGroupSizeX;
        int group = context.groupIdx;
        int vector = group / rows;
        int row = group % rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + vector % matrices * rows * (columns / 32 * 18) + row * (columns / 32 * 18);
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
        MatrixKernels.writeSum(context, parts, sum, writer, y, vector * rows + row);
    }

    /** Blocks of 32 elements of 4 bits, with a minimum. */
    static void multiplyQ4_1(
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
        int at = start + vector % matrices * rows * (columns / 32 * 20) + row * (columns / 32 * 20);
        int from = vector / outputsPerInput * columns;
        int units = start < 0 ? 0 : columns / 32;
        int writer = start < 0 ? 1 : local;
        float sum = 0;
        for (int unit = local; unit < units; unit += size) {
            int block = at + unit * 20;
            float d = table.get((weights.get(block) & 255) | (weights.get(block + 1) & 255) << 8);
            float m = table.get((weights.get(block + 2) & 255) | (weights.get(block + 3) & 255) << 8);
            float dot = 0;
            float total = 0;
            for (int i = 0; i < 16; i++) {
                int quants = weights.get(block + 4 + i);
                float first = x.get(from + unit * 32 + i);
                float second = x.get(from + unit * 32 + 16 + i);
                dot += (quants & 15) * first;
                dot += ((quants >> 4) & 15) * second;
                total += first + second;
            }
            sum += d * dot + m * total;
        }
        MatrixKernels.writeSum(context, parts, sum, writer, y, vector * rows + row);
    }

    /** Blocks of 32 elements of 5 bits. */
    static void multiplyQ5_0(
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
        int at = start + vector % matrices * rows * (columns / 32 * 22) + row * (columns / 32 * 22);
        int from = vector / outputsPerInput * columns;
        int units = start < 0 ? 0 : columns / 32;
        int writer = start < 0 ? 1 : local;
        float sum = 0;
        for (int unit = local; unit < units; unit += size) {
            int block = at + unit * 22;
            float d = table.get((weights.get(block) & 255) | (weights.get(block + 1) & 255) << 8);
            float dot = 0;
            for (int i = 0; i < 16; i++) {
                int quants = weights.get(block + 6 + i);
                int low = (weights.get(block + 2 + i / 8) >> (i % 8)) & 1;
                int high = (weights.get(block + 4 + i / 8) >> (i % 8)) & 1;
                dot += ((quants & 15) + low * 16 - 16) * x.get(from + unit * 32 + i);
                dot += (((quants >> 4) & 15) + high * 16 - 16) * x.get(from + unit * 32 + 16 + i);
            }
            sum += d * dot;
        }
        MatrixKernels.writeSum(context, parts, sum, writer, y, vector * rows + row);
    }

    /** Blocks of 32 elements of 5 bits, with a minimum. */
    static void multiplyQ5_1(
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
        int at = start + vector % matrices * rows * (columns / 32 * 24) + row * (columns / 32 * 24);
        int from = vector / outputsPerInput * columns;
        int units = start < 0 ? 0 : columns / 32;
        int writer = start < 0 ? 1 : local;
        float sum = 0;
        for (int unit = local; unit < units; unit += size) {
            int block = at + unit * 24;
            float d = table.get((weights.get(block) & 255) | (weights.get(block + 1) & 255) << 8);
            float m = table.get((weights.get(block + 2) & 255) | (weights.get(block + 3) & 255) << 8);
            float dot = 0;
            float total = 0;
            for (int i = 0; i < 16; i++) {
                int quants = weights.get(block + 8 + i);
                int low = (weights.get(block + 4 + i / 8) >> (i % 8)) & 1;
                int high = (weights.get(block + 6 + i / 8) >> (i % 8)) & 1;
                float first = x.get(from + unit * 32 + i);
                float second = x.get(from + unit * 32 + 16 + i);
                dot += ((quants & 15) + low * 16) * first;
                dot += (((quants >> 4) & 15) + high * 16) * second;
                total += first + second;
            }
            sum += d * dot + m * total;
        }
        MatrixKernels.writeSum(context, parts, sum, writer, y, vector * rows + row);
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
            int outputsPerInput,
            int matrices) {
        float[] parts = context.allocateFloatLocalArray(MatrixKernels.GROUP_MAX);
        int local = context.localIdx;
        int size = context.localGroupSizeX;
        int group = context.groupIdx;
        int vector = group / rows;
        int row = group % rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + vector % matrices * rows * (columns / 32 * 34) + row * (columns / 32 * 34);
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
        MatrixKernels.writeSum(context, parts, sum, writer, y, vector * rows + row);
    }

    /** Blocks of 32 elements that are one of sixteen levels. */
    static void multiplyIQ4_NL(
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
        int at = start + vector % matrices * rows * (columns / 32 * 18) + row * (columns / 32 * 18);
        int from = vector / outputsPerInput * columns;
        int units = start < 0 ? 0 : columns / 32;
        int writer = start < 0 ? 1 : local;
        float sum = 0;
        for (int unit = local; unit < units; unit += size) {
            int block = at + unit * 18;
            float d = table.get((weights.get(block) & 255) | (weights.get(block + 1) & 255) << 8);
            float dot = 0;
            for (int i = 0; i < 16; i++) {
                int pair = weights.get(block + 2 + i);
                dot += table.get(DecodingTable.LEVELS + (pair & 15)) * x.get(from + unit * 32 + i);
                dot += table.get(DecodingTable.LEVELS + ((pair >> 4) & 15)) * x.get(from + unit * 32 + 16 + i);
            }
            sum += d * dot;
        }
        MatrixKernels.writeSum(context, parts, sum, writer, y, vector * rows + row);
    }

    /** Blocks of 32 elements of 4 bits that are floats, with a power of two. */
    static void multiplyMXFP4(
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
        int at = start + vector % matrices * rows * (columns / 32 * 17) + row * (columns / 32 * 17);
        int from = vector / outputsPerInput * columns;
        int units = start < 0 ? 0 : columns / 32;
        int writer = start < 0 ? 1 : local;
        float sum = 0;
        for (int unit = local; unit < units; unit += size) {
            int block = at + unit * 17;
            float d = table.get(DecodingTable.SCALES + (weights.get(block) & 255));
            float dot = 0;
            for (int i = 0; i < 16; i++) {
                int pair = weights.get(block + 1 + i);
                dot += table.get(DecodingTable.SMALL_FLOATS + (pair & 15)) * x.get(from + unit * 32 + i);
                dot += table.get(DecodingTable.SMALL_FLOATS + ((pair >> 4) & 15)) * x.get(from + unit * 32 + 16 + i);
            }
            sum += d * dot;
        }
        MatrixKernels.writeSum(context, parts, sum, writer, y, vector * rows + row);
    }
}
