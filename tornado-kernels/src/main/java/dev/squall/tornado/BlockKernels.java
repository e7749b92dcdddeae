package dev.squall.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Products with blocks of 32 elements, as {@link MatrixKernels} describes them. Scales times quants are exact, with a
 * minimum rounded once.
 */
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
            int matrices,
            int lanes) {
        float[] parts = context.allocateFloatLocalArray(MatrixKernels.GROUP_MAX);
        int items = TornadoMath.min(context.localGroupSizeX, lanes);
        int of = context.localIdx / items;
        int element = context.groupIdx * (context.localGroupSizeX / items) + of;
        int first = context.localIdx % items;
        int vector = element / rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + (vector % matrices * rows + element % rows) * (columns / 32 * 18);
        int from = vector / outputsPerInput * columns;
        int blocks = start < 0 ? 0 : columns / 32;
        for (int lane = first; lane < lanes; lane += items) {
            float sum = 0;
            for (int block = 0; block < blocks; block++) {
                int b = at + block * 18;
                float d = table.get((weights.get(b) & 255) | (weights.get(b + 1) & 255) << 8);
                for (int i = lane; i < 32; i += lanes) {
                    float weight = d * (((weights.get(b + 2 + i % 16) >> (i / 16 * 4)) & 15) - 8);
                    sum = DeviceMath.fma(weight, x.get(from + block * 32 + i), sum);
                }
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
            if (start >= 0) {
                y.set(element, parts[of * lanes]);
            }
        }
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
            int matrices,
            int lanes) {
        float[] parts = context.allocateFloatLocalArray(MatrixKernels.GROUP_MAX);
        int items = TornadoMath.min(context.localGroupSizeX, lanes);
        int of = context.localIdx / items;
        int element = context.groupIdx * (context.localGroupSizeX / items) + of;
        int first = context.localIdx % items;
        int vector = element / rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + (vector % matrices * rows + element % rows) * (columns / 32 * 20);
        int from = vector / outputsPerInput * columns;
        int blocks = start < 0 ? 0 : columns / 32;
        for (int lane = first; lane < lanes; lane += items) {
            float sum = 0;
            for (int block = 0; block < blocks; block++) {
                int b = at + block * 20;
                float d = table.get((weights.get(b) & 255) | (weights.get(b + 1) & 255) << 8);
                float m = table.get((weights.get(b + 2) & 255) | (weights.get(b + 3) & 255) << 8);
                for (int i = lane; i < 32; i += lanes) {
                    float weight = d * ((weights.get(b + 4 + i % 16) >> (i / 16 * 4)) & 15) + m;
                    sum = DeviceMath.fma(weight, x.get(from + block * 32 + i), sum);
                }
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
            if (start >= 0) {
                y.set(element, parts[of * lanes]);
            }
        }
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
            int matrices,
            int lanes) {
        float[] parts = context.allocateFloatLocalArray(MatrixKernels.GROUP_MAX);
        int items = TornadoMath.min(context.localGroupSizeX, lanes);
        int of = context.localIdx / items;
        int element = context.groupIdx * (context.localGroupSizeX / items) + of;
        int first = context.localIdx % items;
        int vector = element / rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + (vector % matrices * rows + element % rows) * (columns / 32 * 22);
        int from = vector / outputsPerInput * columns;
        int blocks = start < 0 ? 0 : columns / 32;
        for (int lane = first; lane < lanes; lane += items) {
            float sum = 0;
            for (int block = 0; block < blocks; block++) {
                int b = at + block * 22;
                float d = table.get((weights.get(b) & 255) | (weights.get(b + 1) & 255) << 8);
                for (int i = lane; i < 32; i += lanes) {
                    int high = (weights.get(b + 2 + i / 8) >> (i % 8)) & 1;
                    float weight = d * (((weights.get(b + 6 + i % 16) >> (i / 16 * 4)) & 15) + high * 16 - 16);
                    sum = DeviceMath.fma(weight, x.get(from + block * 32 + i), sum);
                }
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
            if (start >= 0) {
                y.set(element, parts[of * lanes]);
            }
        }
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
            int matrices,
            int lanes) {
        float[] parts = context.allocateFloatLocalArray(MatrixKernels.GROUP_MAX);
        int items = TornadoMath.min(context.localGroupSizeX, lanes);
        int of = context.localIdx / items;
        int element = context.groupIdx * (context.localGroupSizeX / items) + of;
        int first = context.localIdx % items;
        int vector = element / rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + (vector % matrices * rows + element % rows) * (columns / 32 * 24);
        int from = vector / outputsPerInput * columns;
        int blocks = start < 0 ? 0 : columns / 32;
        for (int lane = first; lane < lanes; lane += items) {
            float sum = 0;
            for (int block = 0; block < blocks; block++) {
                int b = at + block * 24;
                float d = table.get((weights.get(b) & 255) | (weights.get(b + 1) & 255) << 8);
                float m = table.get((weights.get(b + 2) & 255) | (weights.get(b + 3) & 255) << 8);
                for (int i = lane; i < 32; i += lanes) {
                    int high = (weights.get(b + 4 + i / 8) >> (i % 8)) & 1;
                    float weight = d * (((weights.get(b + 8 + i % 16) >> (i / 16 * 4)) & 15) + high * 16) + m;
                    sum = DeviceMath.fma(weight, x.get(from + block * 32 + i), sum);
                }
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
            if (start >= 0) {
                y.set(element, parts[of * lanes]);
            }
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
            int outputsPerInput,
            int matrices,
            int lanes) {
        float[] parts = context.allocateFloatLocalArray(MatrixKernels.GROUP_MAX);
        int items = TornadoMath.min(context.localGroupSizeX, lanes);
        int of = context.localIdx / items;
        int element = context.groupIdx * (context.localGroupSizeX / items) + of;
        int first = context.localIdx % items;
        int vector = element / rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + (vector % matrices * rows + element % rows) * (columns / 32 * 34);
        int from = vector / outputsPerInput * columns;
        int blocks = start < 0 ? 0 : columns / 32;
        for (int lane = first; lane < lanes; lane += items) {
            float sum = 0;
            for (int block = 0; block < blocks; block++) {
                int b = at + block * 34;
                float d = table.get((weights.get(b) & 255) | (weights.get(b + 1) & 255) << 8);
                for (int i = lane; i < 32; i += lanes) {
                    float weight = d * weights.get(b + 2 + i);
                    sum = DeviceMath.fma(weight, x.get(from + block * 32 + i), sum);
                }
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
            if (start >= 0) {
                y.set(element, parts[of * lanes]);
            }
        }
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
            int matrices,
            int lanes) {
        float[] parts = context.allocateFloatLocalArray(MatrixKernels.GROUP_MAX);
        int items = TornadoMath.min(context.localGroupSizeX, lanes);
        int of = context.localIdx / items;
        int element = context.groupIdx * (context.localGroupSizeX / items) + of;
        int first = context.localIdx % items;
        int vector = element / rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + (vector % matrices * rows + element % rows) * (columns / 32 * 18);
        int from = vector / outputsPerInput * columns;
        int blocks = start < 0 ? 0 : columns / 32;
        for (int lane = first; lane < lanes; lane += items) {
            float sum = 0;
            for (int block = 0; block < blocks; block++) {
                int b = at + block * 18;
                float d = table.get((weights.get(b) & 255) | (weights.get(b + 1) & 255) << 8);
                for (int i = lane; i < 32; i += lanes) {
                    float weight =
                            d * table.get(DecodingTable.LEVELS + ((weights.get(b + 2 + i % 16) >> (i / 16 * 4)) & 15));
                    sum = DeviceMath.fma(weight, x.get(from + block * 32 + i), sum);
                }
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
            if (start >= 0) {
                y.set(element, parts[of * lanes]);
            }
        }
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
            int matrices,
            int lanes) {
        float[] parts = context.allocateFloatLocalArray(MatrixKernels.GROUP_MAX);
        int items = TornadoMath.min(context.localGroupSizeX, lanes);
        int of = context.localIdx / items;
        int element = context.groupIdx * (context.localGroupSizeX / items) + of;
        int first = context.localIdx % items;
        int vector = element / rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + (vector % matrices * rows + element % rows) * (columns / 32 * 17);
        int from = vector / outputsPerInput * columns;
        int blocks = start < 0 ? 0 : columns / 32;
        for (int lane = first; lane < lanes; lane += items) {
            float sum = 0;
            for (int block = 0; block < blocks; block++) {
                int b = at + block * 17;
                float d = table.get(DecodingTable.SCALES + (weights.get(b) & 255));
                for (int i = lane; i < 32; i += lanes) {
                    float weight = d
                            * table.get(
                                    DecodingTable.SMALL_FLOATS + ((weights.get(b + 1 + i % 16) >> (i / 16 * 4)) & 15));
                    sum = DeviceMath.fma(weight, x.get(from + block * 32 + i), sum);
                }
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
            if (start >= 0) {
                y.set(element, parts[of * lanes]);
            }
        }
    }
}
