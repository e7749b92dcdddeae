package dev.squall.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Products with blocks of 256 elements of two and three bits, summed as in {@link SuperBlockKernels}. */
final class TwoBitKernels {
    private TwoBitKernels() {}

    /** Blocks of 256 elements of 2 bits, with a scale and a minimum for each 16. */
    static void multiplyQ2_K(
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
        int items = TornadoMath.min(context.localGroupSizeX, SuperBlockKernels.LANES);
        int of = context.localIdx / items;
        int element = context.groupIdx * (context.localGroupSizeX / items) + of;
        int first = context.localIdx % items;
        int vector = element / rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + (vector % matrices * rows + element % rows) * (columns / 256 * 84);
        int from = vector / outputsPerInput * columns;
        int blocks = start < 0 ? 0 : columns / 256;
        for (int lane = first; lane < SuperBlockKernels.LANES; lane += items) {
            float sum = 0;
            for (int block = 0; block < blocks; block++) {
                int b = at + block * 84;
                int input = from + block * 256 + lane * 4;
                int header = (from / 256 + block) * RoundingKernels.HEADER;
                float d = table.get((weights.get(b + 80) & 255) | (weights.get(b + 81) & 255) << 8);
                float scale = headers.get(header + RoundingKernels.SCALE);
                float whole = 0;
                for (int eighth = 0; eighth < 8; eighth++) {
                    int s = weights.get(b + eighth * 2 + lane / 4) & 15;
                    int quants = b + 16 + eighth / 4 * 32 + lane * 4;
                    float dot = 0;
                    for (int i = 0; i < 4; i++) {
                        int q = (weights.get(quants + i) >> (eighth % 4 * 2)) & 3;
                        dot += q * x.get(input + eighth * 32 + i);
                    }
                    whole += s * dot;
                }
                sum = DeviceMath.fma(whole, d * scale, sum);
                float m = table.get((weights.get(b + 82) & 255) | (weights.get(b + 83) & 255) << 8);
                int even = (weights.get(b + 2 * lane) >> 4) & 15;
                int odd = (weights.get(b + 2 * lane + 1) >> 4) & 15;
                float minima = -even * headers.get(header + 2 * lane) - odd * headers.get(header + 2 * lane + 1);
                sum = DeviceMath.fma(minima, m * scale, sum);
            }
            parts[of * SuperBlockKernels.LANES + lane] = sum;
        }
        context.localBarrier();
        if (first == 0) {
            int half = SuperBlockKernels.LANES / 2;
            for (int i = SuperBlockKernels.LANES - 1; i > 0; i--) {
                parts[of * SuperBlockKernels.LANES + i - half] += parts[of * SuperBlockKernels.LANES + i];
                half = i == half ? half / 2 : half;
            }
            if (start >= 0) {
                y.set(element, parts[of * SuperBlockKernels.LANES]);
            }
        }
    }

    /** Blocks of 256 elements of 3 bits, with a scale for each 16. */
    static void multiplyQ3_K(
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
        int items = TornadoMath.min(context.localGroupSizeX, SuperBlockKernels.LANES);
        int of = context.localIdx / items;
        int element = context.groupIdx * (context.localGroupSizeX / items) + of;
        int first = context.localIdx % items;
        int vector = element / rows;
        int start = call.get(offsetField + vector * offsetStep);
        int at = start + (vector % matrices * rows + element % rows) * (columns / 256 * 110);
        int from = vector / outputsPerInput * columns;
        int blocks = start < 0 ? 0 : columns / 256;
        for (int lane = first; lane < SuperBlockKernels.LANES; lane += items) {
            float sum = 0;
            for (int block = 0; block < blocks; block++) {
                int b = at + block * 110;
                int input = from + block * 256 + lane * 4;
                int header = (from / 256 + block) * RoundingKernels.HEADER;
                float d = table.get((weights.get(b + 108) & 255) | (weights.get(b + 109) & 255) << 8);
                float scale = headers.get(header + RoundingKernels.SCALE);
                float whole = 0;
                for (int eighth = 0; eighth < 8; eighth++) {
                    int sixteenth = eighth * 2 + lane / 4;
                    int lowScale = (weights.get(b + 96 + sixteenth % 8) >> (sixteenth / 8 * 4)) & 15;
                    int highScale = (weights.get(b + 104 + sixteenth % 4) >> (sixteenth / 4 * 2)) & 3;
                    int s = lowScale + highScale * 16 - 32;
                    int quants = b + 32 + eighth / 4 * 32 + lane * 4;
                    int highs = b + lane * 4;
                    float dot = 0;
                    for (int i = 0; i < 4; i++) {
                        int high = (weights.get(highs + i) >> eighth) & 1;
                        int q = ((weights.get(quants + i) >> (eighth % 4 * 2)) & 3) + high * 4 - 4;
                        dot += q * x.get(input + eighth * 32 + i);
                    }
                    whole += s * dot;
                }
                sum = DeviceMath.fma(whole, d * scale, sum);
            }
            parts[of * SuperBlockKernels.LANES + lane] = sum;
        }
        context.localBarrier();
        if (first == 0) {
            int half = SuperBlockKernels.LANES / 2;
            for (int i = SuperBlockKernels.LANES - 1; i > 0; i--) {
                parts[of * SuperBlockKernels.LANES + i - half] += parts[of * SuperBlockKernels.LANES + i];
                half = i == half ? half / 2 : half;
            }
            if (start >= 0) {
                y.set(element, parts[of * SuperBlockKernels.LANES]);
            }
        }
    }
}
