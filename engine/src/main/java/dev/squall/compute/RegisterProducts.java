package dev.squall.compute;

import static dev.squall.compute.VectorMath.FLOATS;
import static dev.squall.compute.VectorMath.LANES;

import dev.squall.gguf.BlockType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Two rows of weights with one row of activations, decoded in registers: for one token at a time, when nothing shares the
 * work of decoding. Two rows hide the latency of the sums; with more, or with blocks of quantised scales, the compiler
 * stops inlining and vectors become objects.
 */
final class RegisterProducts {
    private RegisterProducts() {}

    /** Whether there is a product for a type; where quants of 16 elements apart share a byte, it takes sixteen lanes. */
    static boolean has(BlockType type) {
        return switch (type) {
            case Q8_0 -> true;
            case Q4_0, IQ4_NL, MXFP4 -> LANES == 16;
            case F32, F16, BF16, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_XS -> false;
        };
    }

    /** Two vectors of sums of products, of the rows at {@code from} and {@code from + distance}, to {@code at}. */
    static void multiplyTwo(
            BlockType type, long from, long distance, int columns, float[] x, int xOffset, Tile tile, int at) {
        switch (type) {
            case Q8_0 -> multiplyQ8_0(from, from + distance, columns, x, xOffset, tile.sums, at);
            case Q4_0 ->
                multiplyLevels(Codebooks.LINEAR, from, from + distance, 18, columns, x, xOffset, tile.sums, at);
            case IQ4_NL ->
                multiplyLevels(Codebooks.NON_LINEAR, from, from + distance, 18, columns, x, xOffset, tile.sums, at);
            case MXFP4 -> multiplyMXFP4(from, from + distance, columns, x, xOffset, tile.sums, at);
            case F32, F16, BF16, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_XS ->
                throw new AssertionError(type);
        }
    }

    private static void multiplyQ8_0(
            long from0, long from1, int columns, float[] x, int xOffset, float[] sums, int at) {
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = s0;
        long b0 = from0;
        long b1 = from1;
        for (int k = 0; k < columns; k += 32, b0 += 34, b1 += 34) {
            FloatVector d0 = Lanes.broadcastHalf(b0);
            FloatVector d1 = Lanes.broadcastHalf(b1);
            for (int i = 0; i < 32; i += LANES) {
                FloatVector v = FloatVector.fromArray(FLOATS, x, xOffset + k + i);
                s0 = Lanes.signed(b0 + 2, i).mul(d0).fma(v, s0);
                s1 = Lanes.signed(b1 + 2, i).mul(d1).fma(v, s1);
            }
        }
        s0.intoArray(sums, at);
        s1.intoArray(sums, at + LANES);
    }

    /** Blocks of a half and sixteen bytes of quants that count levels. */
    private static void multiplyLevels(
            float[] levels,
            long from0,
            long from1,
            int blockBytes,
            int columns,
            float[] x,
            int xOffset,
            float[] sums,
            int at) {
        IntVector table = FloatVector.fromArray(FLOATS, levels, 0).reinterpretAsInts();
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = s0;
        long b0 = from0;
        long b1 = from1;
        for (int k = xOffset; k < xOffset + columns; k += 32, b0 += blockBytes, b1 += blockBytes) {
            FloatVector d0 = Lanes.broadcastHalf(b0);
            FloatVector d1 = Lanes.broadcastHalf(b1);
            IntVector q0 = Lanes.unsigned(b0 + 2, 0);
            IntVector q1 = Lanes.unsigned(b1 + 2, 0);
            for (int i = 0; i < 32; i += 16) {
                FloatVector v = FloatVector.fromArray(FLOATS, x, k + i);
                s0 = q0.selectFrom(table).reinterpretAsFloats().mul(d0).fma(v, s0);
                s1 = q1.selectFrom(table).reinterpretAsFloats().mul(d1).fma(v, s1);
                q0 = q0.lanewise(VectorOperators.LSHR, 4);
                q1 = q1.lanewise(VectorOperators.LSHR, 4);
            }
        }
        s0.intoArray(sums, at);
        s1.intoArray(sums, at + LANES);
    }

    private static void multiplyMXFP4(
            long from0, long from1, int columns, float[] x, int xOffset, float[] sums, int at) {
        IntVector table =
                FloatVector.fromArray(FLOATS, Codebooks.E2M1_DOUBLED, 0).reinterpretAsInts();
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = s0;
        long b0 = from0;
        long b1 = from1;
        for (int k = xOffset; k < xOffset + columns; k += 32, b0 += 17, b1 += 17) {
            FloatVector d0 = Codebooks.scaleMXFP4(b0);
            FloatVector d1 = Codebooks.scaleMXFP4(b1);
            IntVector q0 = Lanes.unsigned(b0 + 1, 0);
            IntVector q1 = Lanes.unsigned(b1 + 1, 0);
            for (int i = 0; i < 32; i += 16) {
                FloatVector v = FloatVector.fromArray(FLOATS, x, k + i);
                s0 = q0.selectFrom(table).reinterpretAsFloats().mul(d0).fma(v, s0);
                s1 = q1.selectFrom(table).reinterpretAsFloats().mul(d1).fma(v, s1);
                q0 = q0.lanewise(VectorOperators.LSHR, 4);
                q1 = q1.lanewise(VectorOperators.LSHR, 4);
            }
        }
        s0.intoArray(sums, at);
        s1.intoArray(sums, at + LANES);
    }
}
