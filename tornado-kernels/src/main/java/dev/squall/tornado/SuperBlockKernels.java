package dev.squall.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Products with blocks of 256 elements of four bits and more, as {@link MatrixKernels} describes them. Activations are whole
 * numbers with headers ({@link RoundingKernels}), so what a block adds to a lane is the sum of integers, exact in any order,
 * times the scales of both; only the order of blocks counts. Lane l has the elements i of a block with i mod 32 / 4 = l.
 */
final class SuperBlockKernels {
    /** Sums of a product. */
    static final int LANES = 8;

    private SuperBlockKernels() {}

    /** The scale of an eighth of a block at b: six bits, of later eighths the upper two elsewhere. */
    private static int scale(ByteArray weights, int b, int eighth) {
        int first = weights.get(b + 4 + eighth % 4) & 255;
        int third = weights.get(b + 12 + eighth % 4) & 255;
        return eighth < 4 ? first & 63 : (third & 15) | (first >> 6) << 4;
    }

    /** The minimum of an eighth of a block at b, stored likewise. */
    private static int minimum(ByteArray weights, int b, int eighth) {
        int second = weights.get(b + 8 + eighth % 4) & 255;
        int third = weights.get(b + 12 + eighth % 4) & 255;
        return eighth < 4 ? second & 63 : third >> 4 | (second >> 6) << 4;
    }

    /** Blocks of 256 elements of 4 bits, with a scale and a minimum for each 32. */
    static void multiplyQ4_K(
            KernelContext context,
            IntArray call,
            ByteArray weights,
            FloatArray table,
            FloatArray x,
            FloatArray headers,
            FloatArray y,
            int rows,
            int columns,
            int offsetField,
            int offsetStep,
            int outputsPerInput,
            int matrices) {
        float[] parts = context.allocateFloatLocalArray(MatrixKernels.GROUP_MAX);
        int items = TornadoMath.min(context.localGroupSizeX, LANES);
        int of = context.localIdx / items;
        int element = context.groupIdx * (context.localGroupSizeX / items) + of;
        int first = context.localIdx % items;
        int vector = element / rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + (vector % matrices * rows + element % rows) * (columns / 256 * 144);
        int from = vector / outputsPerInput * columns;
        int blocks = start < 0 ? 0 : columns / 256;
        for (int lane = first; lane < LANES; lane += items) {
            float sum = 0;
            for (int block = 0; block < blocks; block++) {
                int b = at + block * 144;
                int input = from + block * 256 + lane * 4;
                int header = (from / 256 + block) * RoundingKernels.HEADER;
                float d = table.get((weights.get(b) & 255) | (weights.get(b + 1) & 255) << 8);
                float scale = headers.get(header + RoundingKernels.SCALE);
                float whole = 0;
                for (int eighth = 0; eighth < 8; eighth++) {
                    int s = scale(weights, b, eighth);
                    int quants = b + 16 + eighth / 2 * 32 + lane * 4;
                    float dot = 0;
                    for (int i = 0; i < 4; i++) {
                        int q = (weights.get(quants + i) >> (eighth % 2 * 4)) & 15;
                        dot += q * x.get(input + eighth * 32 + i);
                    }
                    whole += s * dot;
                }
                sum = DeviceMath.fma(whole, d * scale, sum);
                float m = table.get((weights.get(b + 2) & 255) | (weights.get(b + 3) & 255) << 8);
                int minimum = minimum(weights, b, lane);
                float minima = -minimum * headers.get(header + 2 * lane) - minimum * headers.get(header + 2 * lane + 1);
                sum = DeviceMath.fma(minima, m * scale, sum);
            }
            parts[of * LANES + lane] = sum;
        }
        context.localBarrier();
        if (first == 0) {
            int half = LANES / 2;
            for (int i = LANES - 1; i > 0; i--) {
                parts[of * LANES + i - half] += parts[of * LANES + i];
                half = i == half ? half / 2 : half;
            }
            if (start >= 0) {
                y.set(element, parts[of * LANES]);
            }
        }
    }

    /** Blocks of 256 elements of 5 bits, with a scale and a minimum for each 32. */
    static void multiplyQ5_K(
            KernelContext context,
            IntArray call,
            ByteArray weights,
            FloatArray table,
            FloatArray x,
            FloatArray headers,
            FloatArray y,
            int rows,
            int columns,
            int offsetField,
            int offsetStep,
            int outputsPerInput,
            int matrices) {
        float[] parts = context.allocateFloatLocalArray(MatrixKernels.GROUP_MAX);
        int items = TornadoMath.min(context.localGroupSizeX, LANES);
        int of = context.localIdx / items;
        int element = context.groupIdx * (context.localGroupSizeX / items) + of;
        int first = context.localIdx % items;
        int vector = element / rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + (vector % matrices * rows + element % rows) * (columns / 256 * 176);
        int from = vector / outputsPerInput * columns;
        int blocks = start < 0 ? 0 : columns / 256;
        for (int lane = first; lane < LANES; lane += items) {
            float sum = 0;
            for (int block = 0; block < blocks; block++) {
                int b = at + block * 176;
                int input = from + block * 256 + lane * 4;
                int header = (from / 256 + block) * RoundingKernels.HEADER;
                float d = table.get((weights.get(b) & 255) | (weights.get(b + 1) & 255) << 8);
                float scale = headers.get(header + RoundingKernels.SCALE);
                float whole = 0;
                for (int eighth = 0; eighth < 8; eighth++) {
                    int s = scale(weights, b, eighth);
                    int quants = b + 48 + eighth / 2 * 32 + lane * 4;
                    int highs = b + 16 + lane * 4;
                    float dot = 0;
                    for (int i = 0; i < 4; i++) {
                        int high = (weights.get(highs + i) >> eighth) & 1;
                        int q = ((weights.get(quants + i) >> (eighth % 2 * 4)) & 15) + high * 16;
                        dot += q * x.get(input + eighth * 32 + i);
                    }
                    whole += s * dot;
                }
                sum = DeviceMath.fma(whole, d * scale, sum);
                float m = table.get((weights.get(b + 2) & 255) | (weights.get(b + 3) & 255) << 8);
                int minimum = minimum(weights, b, lane);
                float minima = -minimum * headers.get(header + 2 * lane) - minimum * headers.get(header + 2 * lane + 1);
                sum = DeviceMath.fma(minima, m * scale, sum);
            }
            parts[of * LANES + lane] = sum;
        }
        context.localBarrier();
        if (first == 0) {
            int half = LANES / 2;
            for (int i = LANES - 1; i > 0; i--) {
                parts[of * LANES + i - half] += parts[of * LANES + i];
                half = i == half ? half / 2 : half;
            }
            if (start >= 0) {
                y.set(element, parts[of * LANES]);
            }
        }
    }

    /** Blocks of 256 elements of 6 bits, with a scale for each 16. */
    static void multiplyQ6_K(
            KernelContext context,
            IntArray call,
            ByteArray weights,
            FloatArray table,
            FloatArray x,
            FloatArray headers,
            FloatArray y,
            int rows,
            int columns,
            int offsetField,
            int offsetStep,
            int outputsPerInput,
            int matrices) {
        float[] parts = context.allocateFloatLocalArray(MatrixKernels.GROUP_MAX);
        int items = TornadoMath.min(context.localGroupSizeX, LANES);
        int of = context.localIdx / items;
        int element = context.groupIdx * (context.localGroupSizeX / items) + of;
        int first = context.localIdx % items;
        int vector = element / rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + (vector % matrices * rows + element % rows) * (columns / 256 * 210);
        int from = vector / outputsPerInput * columns;
        int blocks = start < 0 ? 0 : columns / 256;
        for (int lane = first; lane < LANES; lane += items) {
            float sum = 0;
            for (int block = 0; block < blocks; block++) {
                int b = at + block * 210;
                int input = from + block * 256 + lane * 4;
                int header = (from / 256 + block) * RoundingKernels.HEADER;
                float d = table.get((weights.get(b + 208) & 255) | (weights.get(b + 209) & 255) << 8);
                float scale = headers.get(header + RoundingKernels.SCALE);
                float whole = 0;
                for (int eighth = 0; eighth < 8; eighth++) {
                    int s = weights.get(b + 192 + eighth * 2 + lane / 4);
                    int lows = b + eighth / 4 * 64 + eighth % 2 * 32 + lane * 4;
                    int highs = b + 128 + eighth / 4 * 32 + lane * 4;
                    float dot = 0;
                    for (int i = 0; i < 4; i++) {
                        int low = (weights.get(lows + i) >> (eighth / 2 % 2 * 4)) & 15;
                        int high = (weights.get(highs + i) >> (eighth % 4 * 2)) & 3;
                        dot += (low + high * 16 - 32) * x.get(input + eighth * 32 + i);
                    }
                    whole += s * dot;
                }
                sum = DeviceMath.fma(whole, d * scale, sum);
            }
            parts[of * LANES + lane] = sum;
        }
        context.localBarrier();
        if (first == 0) {
            int half = LANES / 2;
            for (int i = LANES - 1; i > 0; i--) {
                parts[of * LANES + i - half] += parts[of * LANES + i];
                half = i == half ? half / 2 : half;
            }
            if (start >= 0) {
                y.set(element, parts[of * LANES]);
            }
        }
    }

    /** Blocks of 256 elements that are one of sixteen levels, with a scale for each 32. */
    static void multiplyIQ4_XS(
            KernelContext context,
            IntArray call,
            ByteArray weights,
            FloatArray table,
            FloatArray x,
            FloatArray headers,
            FloatArray y,
            int rows,
            int columns,
            int offsetField,
            int offsetStep,
            int outputsPerInput,
            int matrices) {
        float[] parts = context.allocateFloatLocalArray(MatrixKernels.GROUP_MAX);
        int items = TornadoMath.min(context.localGroupSizeX, LANES);
        int of = context.localIdx / items;
        int element = context.groupIdx * (context.localGroupSizeX / items) + of;
        int first = context.localIdx % items;
        int vector = element / rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + (vector % matrices * rows + element % rows) * (columns / 256 * 136);
        int from = vector / outputsPerInput * columns;
        int blocks = start < 0 ? 0 : columns / 256;
        for (int lane = first; lane < LANES; lane += items) {
            float sum = 0;
            for (int block = 0; block < blocks; block++) {
                int b = at + block * 136;
                int input = from + block * 256 + lane * 4;
                int header = (from / 256 + block) * RoundingKernels.HEADER;
                float d = table.get((weights.get(b) & 255) | (weights.get(b + 1) & 255) << 8);
                float scale = headers.get(header + RoundingKernels.SCALE);
                float whole = 0;
                for (int eighth = 0; eighth < 8; eighth++) {
                    int low = (weights.get(b + 4 + eighth / 2) >> (eighth % 2 * 4)) & 15;
                    int high = (weights.get(b + 2 + eighth / 4) >> (eighth % 4 * 2)) & 3;
                    int s = low + high * 16 - 32;
                    int quants = b + 8 + eighth * 16 + lane % 4 * 4;
                    float dot = 0;
                    for (int i = 0; i < 4; i++) {
                        int q = (weights.get(quants + i) >> (lane / 4 * 4)) & 15;
                        dot += table.get(DecodingTable.LEVELS + q) * x.get(input + eighth * 32 + i);
                    }
                    whole += s * dot;
                }
                sum = DeviceMath.fma(whole, d * scale, sum);
            }
            parts[of * LANES + lane] = sum;
        }
        context.localBarrier();
        if (first == 0) {
            int half = LANES / 2;
            for (int i = LANES - 1; i > 0; i--) {
                parts[of * LANES + i - half] += parts[of * LANES + i];
                half = i == half ? half / 2 : half;
            }
            if (start >= 0) {
                y.set(element, parts[of * LANES]);
            }
        }
    }
}
