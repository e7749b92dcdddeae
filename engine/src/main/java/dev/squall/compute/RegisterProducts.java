package dev.squall.compute;

import static dev.squall.compute.VectorMath.FLOATS;
import static dev.squall.compute.VectorMath.INTS;
import static dev.squall.compute.VectorMath.LANES;
import static dev.squall.compute.WeightMemory.ADDRESSES;
import static dev.squall.compute.WeightMemory.MEMORY;

import dev.squall.gguf.BlockType;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Two rows of weights with one row of activations, decoded in registers: for one token at a time, when nothing shares the
 * work of decoding. Two rows hide the latency of the sums, and are two streams from memory.
 */
final class RegisterProducts {
    /**
     * What a half-precision float's bits, moved to where a float has exponent and fraction, are too small by.
     * Activations are multiplied by it instead, which is exact: rounded to half precision they are below 2^16.
     */
    private static final float HALF_SCALE = 0x1p112f;

    /** The bits of such a float but its sign, of the smallest that is infinite. */
    private static final int HALF_INFINITY = 0x0f80_0000;

    private RegisterProducts() {}

    /** Whether there is a product for a type; where quants of 16 elements apart share a byte, it takes sixteen lanes. */
    static boolean has(BlockType type) {
        return switch (type) {
            case F32, F16, BF16, Q8_0 -> true;
            case Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL, MXFP4 -> LANES == 16;
            case Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_XS -> false;
        };
    }

    /** Prepares activations for products with a type. */
    static void prepare(BlockType type, int columns, float[] x, int xOffset, Tile tile) {
        if (type == BlockType.F16) {
            long scaled = tile.packed(4L * columns) & ADDRESSES;
            int whole = FLOATS.loopBound(columns);
            for (int k = 0; k < whole; k += LANES) {
                FloatVector.fromArray(FLOATS, x, xOffset + k)
                        .mul(HALF_SCALE)
                        .intoMemorySegment(MEMORY, scaled + 4L * k, Lanes.ORDER);
            }
        }
    }

    /**
     * Two vectors of sums of products, of the rows at {@code from} and {@code from + distance}, to the first lanes of
     * {@link Tile#sums}. What is left of the columns behind the last whole vector is left to the caller.
     */
    static void multiplyTwo(BlockType type, long from, long distance, int columns, float[] x, int xOffset, Tile tile) {
        int blocks = columns / type.blockElements();
        switch (type) {
            case F32 -> multiplyF32(from, from + distance, columns, x, xOffset, tile.sums);
            case F16 -> multiplyF16(from, from + distance, columns, x, xOffset, tile);
            case BF16 -> multiplyBF16(from, from + distance, columns, x, xOffset, tile.sums);
            case Q8_0 -> multiplyQ8_0(from, from + distance, blocks, x, xOffset, tile.sums);
            case Q4_0 -> multiplyLevels(Codebooks.LINEAR, from, from + distance, blocks, x, xOffset, tile.sums);
            case IQ4_NL -> multiplyLevels(Codebooks.NON_LINEAR, from, from + distance, blocks, x, xOffset, tile.sums);
            case MXFP4 -> multiplyMXFP4(from, from + distance, blocks, x, xOffset, tile.sums);
            case Q4_1 -> multiplyQ4_1(from, from + distance, blocks, x, xOffset, tile.sums);
            case Q5_0 -> multiplyQ5_0(from, from + distance, blocks, x, xOffset, tile.sums);
            case Q5_1 -> multiplyQ5_1(from, from + distance, blocks, x, xOffset, tile.sums);
            case Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_XS -> throw new AssertionError(type);
        }
    }

    private static void multiplyF32(long from0, long from1, int columns, float[] x, int xOffset, float[] sums) {
        long w0 = from0 & ADDRESSES;
        long w1 = from1 & ADDRESSES;
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = s0;
        int whole = FLOATS.loopBound(columns);
        for (int k = 0; k < whole; k += LANES) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, xOffset + k);
            s0 = FloatVector.fromMemorySegment(FLOATS, MEMORY, w0 + 4L * k, Lanes.ORDER)
                    .fma(v, s0);
            s1 = FloatVector.fromMemorySegment(FLOATS, MEMORY, w1 + 4L * k, Lanes.ORDER)
                    .fma(v, s1);
        }
        s0.intoArray(sums, 0);
        s1.intoArray(sums, LANES);
    }

    private static void multiplyF16(long from0, long from1, int columns, float[] x, int xOffset, Tile tile) {
        long w0 = from0 & ADDRESSES;
        long w1 = from1 & ADDRESSES;
        long scaled = tile.packed(4L * columns) & ADDRESSES;
        IntVector notThreeBelowSign = IntVector.broadcast(INTS, 0x8fff_ffff);
        IntVector magnitude = IntVector.broadcast(INTS, 0x7fff_ffff);
        IntVector greatest = IntVector.zero(INTS);
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = s0;
        int whole = FLOATS.loopBound(columns);
        for (int k = 0; k < whole; k += LANES) {
            FloatVector v = FloatVector.fromMemorySegment(FLOATS, MEMORY, scaled + 4L * k, Lanes.ORDER);
            IntVector h0 = Lanes.signedShorts(w0 + 2L * k)
                    .lanewise(VectorOperators.LSHL, 13)
                    .and(notThreeBelowSign);
            IntVector h1 = Lanes.signedShorts(w1 + 2L * k)
                    .lanewise(VectorOperators.LSHL, 13)
                    .and(notThreeBelowSign);
            greatest = greatest.max(h0.and(magnitude)).max(h1.and(magnitude));
            s0 = h0.reinterpretAsFloats().fma(v, s0);
            s1 = h1.reinterpretAsFloats().fma(v, s1);
        }
        if (greatest.compare(VectorOperators.GE, HALF_INFINITY).anyTrue()) {
            multiplyF16OneByOne(from0, whole, x, xOffset, tile.sums, 0);
            multiplyF16OneByOne(from1, whole, x, xOffset, tile.sums, LANES);
        } else {
            s0.intoArray(tile.sums, 0);
            s1.intoArray(tile.sums, LANES);
        }
    }

    /** One row, some of whose weights are infinite or not a number. */
    private static void multiplyF16OneByOne(long row, int columns, float[] x, int xOffset, float[] sums, int at) {
        Arrays.fill(sums, at, at + LANES, 0f);
        for (int k = 0; k < columns; k++) {
            int lane = at + k % LANES;
            sums[lane] = Math.fma(Lanes.half(row + 2L * k), x[xOffset + k], sums[lane]);
        }
    }

    private static void multiplyBF16(long from0, long from1, int columns, float[] x, int xOffset, float[] sums) {
        long w0 = from0 & ADDRESSES;
        long w1 = from1 & ADDRESSES;
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = s0;
        int whole = FLOATS.loopBound(columns);
        for (int k = 0; k < whole; k += LANES) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, xOffset + k);
            s0 = Lanes.upperHalves(w0 + 2L * k).fma(v, s0);
            s1 = Lanes.upperHalves(w1 + 2L * k).fma(v, s1);
        }
        s0.intoArray(sums, 0);
        s1.intoArray(sums, LANES);
    }

    private static void multiplyQ8_0(long from0, long from1, int blocks, float[] x, int xOffset, float[] sums) {
        long w0 = from0 & ADDRESSES;
        long w1 = from1 & ADDRESSES;
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = s0;
        for (int block = 0; block < blocks; block++) {
            long b0 = w0 + 34L * block;
            long b1 = w1 + 34L * block;
            FloatVector d0 = Lanes.broadcastHalf(b0);
            FloatVector d1 = Lanes.broadcastHalf(b1);
            for (int i = 0; i < 32; i += LANES) {
                FloatVector v = FloatVector.fromArray(FLOATS, x, xOffset + 32 * block + i);
                s0 = Lanes.signed(b0 + 2, i).mul(d0).fma(v, s0);
                s1 = Lanes.signed(b1 + 2, i).mul(d1).fma(v, s1);
            }
        }
        s0.intoArray(sums, 0);
        s1.intoArray(sums, LANES);
    }

    /** Blocks of a half and sixteen bytes of quants that count levels. */
    private static void multiplyLevels(
            float[] levels, long from0, long from1, int blocks, float[] x, int xOffset, float[] sums) {
        long w0 = from0 & ADDRESSES;
        long w1 = from1 & ADDRESSES;
        FloatVector table = FloatVector.fromArray(FLOATS, levels, 0);
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = s0;
        for (int block = 0; block < blocks; block++) {
            long b0 = w0 + 18L * block;
            long b1 = w1 + 18L * block;
            IntVector t0 = table.mul(Lanes.broadcastHalf(b0)).reinterpretAsInts();
            IntVector t1 = table.mul(Lanes.broadcastHalf(b1)).reinterpretAsInts();
            IntVector q0 = Lanes.unsigned(b0 + 2, 0);
            IntVector q1 = Lanes.unsigned(b1 + 2, 0);
            FloatVector v = FloatVector.fromArray(FLOATS, x, xOffset + 32 * block);
            s0 = q0.selectFrom(t0).reinterpretAsFloats().fma(v, s0);
            s1 = q1.selectFrom(t1).reinterpretAsFloats().fma(v, s1);
            q0 = q0.lanewise(VectorOperators.LSHR, 4);
            q1 = q1.lanewise(VectorOperators.LSHR, 4);
            v = FloatVector.fromArray(FLOATS, x, xOffset + 32 * block + 16);
            s0 = q0.selectFrom(t0).reinterpretAsFloats().fma(v, s0);
            s1 = q1.selectFrom(t1).reinterpretAsFloats().fma(v, s1);
        }
        s0.intoArray(sums, 0);
        s1.intoArray(sums, LANES);
    }

    private static void multiplyMXFP4(long from0, long from1, int blocks, float[] x, int xOffset, float[] sums) {
        long w0 = from0 & ADDRESSES;
        long w1 = from1 & ADDRESSES;
        FloatVector table = FloatVector.fromArray(FLOATS, Codebooks.E2M1_DOUBLED, 0);
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = s0;
        for (int block = 0; block < blocks; block++) {
            long b0 = w0 + 17L * block;
            long b1 = w1 + 17L * block;
            IntVector t0 = table.mul(Codebooks.scaleMXFP4(b0)).reinterpretAsInts();
            IntVector t1 = table.mul(Codebooks.scaleMXFP4(b1)).reinterpretAsInts();
            IntVector q0 = Lanes.unsigned(b0 + 1, 0);
            IntVector q1 = Lanes.unsigned(b1 + 1, 0);
            FloatVector v = FloatVector.fromArray(FLOATS, x, xOffset + 32 * block);
            s0 = q0.selectFrom(t0).reinterpretAsFloats().fma(v, s0);
            s1 = q1.selectFrom(t1).reinterpretAsFloats().fma(v, s1);
            q0 = q0.lanewise(VectorOperators.LSHR, 4);
            q1 = q1.lanewise(VectorOperators.LSHR, 4);
            v = FloatVector.fromArray(FLOATS, x, xOffset + 32 * block + 16);
            s0 = q0.selectFrom(t0).reinterpretAsFloats().fma(v, s0);
            s1 = q1.selectFrom(t1).reinterpretAsFloats().fma(v, s1);
        }
        s0.intoArray(sums, 0);
        s1.intoArray(sums, LANES);
    }

    /** {@code d · q + m}: d · q is exact, so a fused multiply-add rounds as an addition does. */
    private static void multiplyQ4_1(long from0, long from1, int blocks, float[] x, int xOffset, float[] sums) {
        long w0 = from0 & ADDRESSES;
        long w1 = from1 & ADDRESSES;
        FloatVector table = FloatVector.fromArray(FLOATS, Codebooks.COUNTING, 0);
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = s0;
        for (int block = 0; block < blocks; block++) {
            long b0 = w0 + 20L * block;
            long b1 = w1 + 20L * block;
            IntVector t0 = table.fma(Lanes.broadcastHalf(b0), Lanes.broadcastHalf(b0 + 2))
                    .reinterpretAsInts();
            IntVector t1 = table.fma(Lanes.broadcastHalf(b1), Lanes.broadcastHalf(b1 + 2))
                    .reinterpretAsInts();
            IntVector q0 = Lanes.unsigned(b0 + 4, 0);
            IntVector q1 = Lanes.unsigned(b1 + 4, 0);
            FloatVector v = FloatVector.fromArray(FLOATS, x, xOffset + 32 * block);
            s0 = q0.selectFrom(t0).reinterpretAsFloats().fma(v, s0);
            s1 = q1.selectFrom(t1).reinterpretAsFloats().fma(v, s1);
            v = FloatVector.fromArray(FLOATS, x, xOffset + 32 * block + 16);
            s0 = q0.lanewise(VectorOperators.LSHR, 4)
                    .selectFrom(t0)
                    .reinterpretAsFloats()
                    .fma(v, s0);
            s1 = q1.lanewise(VectorOperators.LSHR, 4)
                    .selectFrom(t1)
                    .reinterpretAsFloats()
                    .fma(v, s1);
        }
        s0.intoArray(sums, 0);
        s1.intoArray(sums, LANES);
    }

    /**
     * {@code d · (q - 16)} as {@code d · q - d · 16}, of which all is exact. Bit i of four bytes is the fifth of
     * element i.
     */
    private static void multiplyQ5_0(long from0, long from1, int blocks, float[] x, int xOffset, float[] sums) {
        long w0 = from0 & ADDRESSES;
        long w1 = from1 & ADDRESSES;
        IntVector four = IntVector.broadcast(INTS, 15);
        IntVector fifth = IntVector.broadcast(INTS, 16);
        FloatVector excess = FloatVector.broadcast(FLOATS, -16);
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = s0;
        for (int block = 0; block < blocks; block++) {
            long b0 = w0 + 22L * block;
            long b1 = w1 + 22L * block;
            int high0 = Lanes.bits(b0 + 2);
            int high1 = Lanes.bits(b1 + 2);
            FloatVector d0 = Lanes.broadcastHalf(b0);
            FloatVector d1 = Lanes.broadcastHalf(b1);
            FloatVector m0 = d0.mul(excess);
            FloatVector m1 = d1.mul(excess);
            IntVector q0 = Lanes.unsigned(b0 + 6, 0);
            IntVector q1 = Lanes.unsigned(b1 + 6, 0);
            FloatVector v = FloatVector.fromArray(FLOATS, x, xOffset + 32 * block);
            IntVector u = q0.and(four).lanewise(VectorOperators.OR, fifth, VectorMask.fromLong(INTS, high0 & 0xffff));
            s0 = Lanes.floats(u).fma(d0, m0).fma(v, s0);
            u = q1.and(four).lanewise(VectorOperators.OR, fifth, VectorMask.fromLong(INTS, high1 & 0xffff));
            s1 = Lanes.floats(u).fma(d1, m1).fma(v, s1);
            v = FloatVector.fromArray(FLOATS, x, xOffset + 32 * block + 16);
            u = q0.lanewise(VectorOperators.LSHR, 4)
                    .lanewise(VectorOperators.OR, fifth, VectorMask.fromLong(INTS, high0 >>> 16));
            s0 = Lanes.floats(u).fma(d0, m0).fma(v, s0);
            u = q1.lanewise(VectorOperators.LSHR, 4)
                    .lanewise(VectorOperators.OR, fifth, VectorMask.fromLong(INTS, high1 >>> 16));
            s1 = Lanes.floats(u).fma(d1, m1).fma(v, s1);
        }
        s0.intoArray(sums, 0);
        s1.intoArray(sums, LANES);
    }

    /** {@code d · q + m}, bits as those of Q5_0. */
    private static void multiplyQ5_1(long from0, long from1, int blocks, float[] x, int xOffset, float[] sums) {
        long w0 = from0 & ADDRESSES;
        long w1 = from1 & ADDRESSES;
        IntVector four = IntVector.broadcast(INTS, 15);
        IntVector fifth = IntVector.broadcast(INTS, 16);
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = s0;
        for (int block = 0; block < blocks; block++) {
            long b0 = w0 + 24L * block;
            long b1 = w1 + 24L * block;
            int high0 = Lanes.bits(b0 + 4);
            int high1 = Lanes.bits(b1 + 4);
            FloatVector d0 = Lanes.broadcastHalf(b0);
            FloatVector d1 = Lanes.broadcastHalf(b1);
            FloatVector m0 = Lanes.broadcastHalf(b0 + 2);
            FloatVector m1 = Lanes.broadcastHalf(b1 + 2);
            IntVector q0 = Lanes.unsigned(b0 + 8, 0);
            IntVector q1 = Lanes.unsigned(b1 + 8, 0);
            FloatVector v = FloatVector.fromArray(FLOATS, x, xOffset + 32 * block);
            IntVector u = q0.and(four).lanewise(VectorOperators.OR, fifth, VectorMask.fromLong(INTS, high0 & 0xffff));
            s0 = Lanes.floats(u).fma(d0, m0).fma(v, s0);
            u = q1.and(four).lanewise(VectorOperators.OR, fifth, VectorMask.fromLong(INTS, high1 & 0xffff));
            s1 = Lanes.floats(u).fma(d1, m1).fma(v, s1);
            v = FloatVector.fromArray(FLOATS, x, xOffset + 32 * block + 16);
            u = q0.lanewise(VectorOperators.LSHR, 4)
                    .lanewise(VectorOperators.OR, fifth, VectorMask.fromLong(INTS, high0 >>> 16));
            s0 = Lanes.floats(u).fma(d0, m0).fma(v, s0);
            u = q1.lanewise(VectorOperators.LSHR, 4)
                    .lanewise(VectorOperators.OR, fifth, VectorMask.fromLong(INTS, high1 >>> 16));
            s1 = Lanes.floats(u).fma(d1, m1).fma(v, s1);
        }
        s0.intoArray(sums, 0);
        s1.intoArray(sums, LANES);
    }
}
