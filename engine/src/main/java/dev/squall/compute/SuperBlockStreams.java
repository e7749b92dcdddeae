package dev.squall.compute;

import static dev.squall.compute.VectorMath.FLOATS;
import static dev.squall.compute.VectorMath.INTS;
import static dev.squall.compute.VectorMath.LANES;
import static dev.squall.compute.WeightMemory.MEMORY;

import dev.squall.gguf.BlockType;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Products of {@link SuperBlocks} with one row of activations, for one token at a time: a row of weights is read once, as a
 * stream, and multiplied in registers with 16-bit integers. Two bytes of weights are a lane of 16 bits, which a mask and
 * shifts take apart; four bits times eight, or six times eight, added up twice, fit into sixteen. A lane of 32 bits then
 * adds its lower half to its upper one. Needs vectors of 512 bits.
 *
 * <p>Methods are long because the compiler does not inline methods of ours into long ones, and a vector that is passed to
 * a method is an object.
 */
final class SuperBlockStreams {
    private static final VectorSpecies<Short> SHORTS = VectorSpecies.of(short.class, FLOATS.vectorShape());
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, FLOATS.vectorBitSize() / 4)));

    /** Eighths that share 64 bytes, the first in the lower eight lanes: a scale for each. */
    private static final VectorShuffle<Float> EIGHTHS_0_2 = halves(0, 2);

    private static final VectorShuffle<Float> EIGHTHS_1_3 = halves(1, 3);
    private static final VectorShuffle<Float> EIGHTHS_4_6 = halves(4, 6);
    private static final VectorShuffle<Float> EIGHTHS_5_7 = halves(5, 7);

    /** The minima, which follow eight scales, in both halves. */
    private static final VectorShuffle<Float> MINIMA = VectorShuffle.fromOp(FLOATS, lane -> (8 + lane % 8) % LANES);

    /** Four sixteenths' scales, four lanes each. */
    private static final VectorShuffle<Float> SIXTEENTHS_0 = quarters(0);

    private static final VectorShuffle<Float> SIXTEENTHS_4 = quarters(4);
    private static final VectorShuffle<Float> SIXTEENTHS_8 = quarters(8);
    private static final VectorShuffle<Float> SIXTEENTHS_12 = quarters(12);

    private static final VectorShuffle<Float> OTHER_HALF = VectorShuffle.fromOp(FLOATS, lane -> (lane + 8) % LANES);

    /** The first or second 32 of 64 bytes, twice. */
    private static final VectorShuffle<Short> FIRST_HALF_TWICE = VectorShuffle.fromOp(SHORTS, lane -> lane % 16);

    private static final VectorShuffle<Short> LAST_HALF_TWICE =
            VectorShuffle.fromOp(SHORTS, lane -> (16 + lane % 16) % SHORTS.length());

    /** Two in the upper half of the lanes. */
    private static final ShortVector UPPER_TWO = ShortVector.zero(SHORTS)
            .addIndex(1)
            .lanewise(VectorOperators.LSHR, 4)
            .mul((short) 2);

    /** As many rows as {@link Tile#sums} has room for, since each also writes where the next one's sums will be. */
    private static final int ROWS_MAX = Tile.SUMS / SuperBlocks.SUMS - 1;

    private SuperBlockStreams() {}

    private static VectorShuffle<Float> halves(int first, int second) {
        return VectorShuffle.fromOp(FLOATS, lane -> (lane < 8 ? first : second) % LANES);
    }

    private static VectorShuffle<Float> quarters(int first) {
        return VectorShuffle.fromOp(FLOATS, lane -> (first + lane / 4) % LANES);
    }

    /** Whether there is a product for a type here. */
    static boolean has(BlockType type) {
        return LANES == 16 && (type == BlockType.Q4_K || type == BlockType.Q5_K || type == BlockType.Q6_K);
    }

    /** {@code y[yOffset + o]} = row o of the weights at {@code address} times the activations at an offset. */
    static void multiply(
            BlockType type,
            long address,
            int rows,
            int columns,
            FloatRows x,
            int xOffset,
            float[] y,
            int yOffset,
            Tile tile) {
        boolean interleaved = type != BlockType.Q6_K;
        int[] packed = pack(x.values(), xOffset, columns, interleaved, tile.packed(columns / 2));
        int header = SuperBlocks.header(xOffset);
        long rowBytes = type.rowBytes(columns);
        for (int o = 0; o < rows; o += ROWS_MAX) {
            int some = Math.min(ROWS_MAX, rows - o);
            long from = address + o * rowBytes;
            long to = from + some * rowBytes;
            switch (type) {
                case Q4_K -> multiplyQ4_K(from, to, columns / 256, packed, x.blocks(), header, tile);
                case Q5_K -> multiplyQ5_K(from, to, columns / 256, packed, x.blocks(), header, tile);
                case Q6_K -> multiplyQ6_K(from, to, columns / 256, packed, x.blocks(), header, tile);
                default -> throw new AssertionError(type);
            }
            for (int i = 0; i < some; i++) {
                y[yOffset + o + i] = SuperBlocks.sum(tile.sums, i * SuperBlocks.SUMS);
            }
        }
    }

    /**
     * Activations as 16-bit integers, in the order in which 64 bytes of weights are taken apart: of each 128, even and odd
     * elements of the first pair of eighths, then of the second. Pairs are (0, 2) and (1, 3) if they are interleaved, else
     * (0, 1) and (2, 3).
     */
    private static int[] pack(float[] x, int from, int n, boolean interleaved, int[] packed) {
        VectorSpecies<Float> eight = SuperBlockDecoders.GROUP;
        VectorSpecies<Integer> ints = IntVector.SPECIES_256;
        for (int k = 0; k < n; k += 32) {
            int eighth = k >> 5 & 3;
            int pair = interleaved ? eighth & 1 : eighth >> 1;
            int half = interleaved ? eighth >> 1 : eighth & 1;
            int to = (k & ~127) / 2 + 32 * pair + 8 * half;
            for (int odd = 0; odd < 2; odd++) {
                int at = from + k + 16 * odd;
                IntVector low =
                        (IntVector) FloatVector.fromArray(eight, x, at).convertShape(VectorOperators.F2I, ints, 0);
                IntVector high =
                        (IntVector) FloatVector.fromArray(eight, x, at + 8).convertShape(VectorOperators.F2I, ints, 0);
                low.and(0xffff).or(high.lanewise(VectorOperators.LSHL, 16)).intoArray(packed, to + 16 * odd);
            }
        }
        return packed;
    }

    /** The sums of rows of weights to {@link Tile#sums}, eight of each. */
    private static void multiplyQ4_K(long from, long to, int blocks, int[] a, float[] headers, int header, Tile tile) {
        float[] scales = tile.scales;
        FloatVector sum = FloatVector.zero(FLOATS);
        int row = 0;
        int end = 128 * blocks;
        int k = 0;
        int h = header;
        for (long at = from; at < to; at += 144) {
            ((FloatVector) LongVector.broadcast(LongVector.SPECIES_128, SuperBlockDecoders.sixBitScales(at))
                            .withLane(1, SuperBlockDecoders.sixBitMinima(at))
                            .reinterpretAsBytes()
                            .castShape(FLOATS, 0))
                    .intoArray(scales, 0);
            float d = Lanes.half(at) * headers[h + SuperBlocks.SCALE];
            float dMin = -(Lanes.half(at + 2) * headers[h + SuperBlocks.SCALE]);
            ShortVector v = ShortVector.fromMemorySegment(SHORTS, MEMORY, at + 16, Lanes.ORDER);
            IntVector p = v.and((short) 15)
                    .mul(IntVector.fromArray(INTS, a, k).reinterpretAsShorts())
                    .add(v.lanewise(VectorOperators.LSHR, 8)
                            .and((short) 15)
                            .mul(IntVector.fromArray(INTS, a, k + 16).reinterpretAsShorts()))
                    .reinterpretAsInts();
            IntVector q = v.lanewise(VectorOperators.LSHR, 4)
                    .and((short) 15)
                    .mul(IntVector.fromArray(INTS, a, k + 32).reinterpretAsShorts())
                    .add(v.lanewise(VectorOperators.LSHR, 12)
                            .mul(IntVector.fromArray(INTS, a, k + 48).reinterpretAsShorts()))
                    .reinterpretAsInts();
            p = p.add(p.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
            q = q.add(q.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
            FloatVector t = ((FloatVector) p.convertShape(VectorOperators.I2F, FLOATS, 0))
                    .mul(FloatVector.fromArray(FLOATS, scales, 0).rearrange(EIGHTHS_0_2));
            t = ((FloatVector) q.convertShape(VectorOperators.I2F, FLOATS, 0))
                    .fma(FloatVector.fromArray(FLOATS, scales, 0).rearrange(EIGHTHS_1_3), t);
            v = ShortVector.fromMemorySegment(SHORTS, MEMORY, at + 80, Lanes.ORDER);
            p = v.and((short) 15)
                    .mul(IntVector.fromArray(INTS, a, k + 64).reinterpretAsShorts())
                    .add(v.lanewise(VectorOperators.LSHR, 8)
                            .and((short) 15)
                            .mul(IntVector.fromArray(INTS, a, k + 80).reinterpretAsShorts()))
                    .reinterpretAsInts();
            q = v.lanewise(VectorOperators.LSHR, 4)
                    .and((short) 15)
                    .mul(IntVector.fromArray(INTS, a, k + 96).reinterpretAsShorts())
                    .add(v.lanewise(VectorOperators.LSHR, 12)
                            .mul(IntVector.fromArray(INTS, a, k + 112).reinterpretAsShorts()))
                    .reinterpretAsInts();
            p = p.add(p.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
            q = q.add(q.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
            t = ((FloatVector) p.convertShape(VectorOperators.I2F, FLOATS, 0))
                    .fma(FloatVector.fromArray(FLOATS, scales, 0).rearrange(EIGHTHS_4_6), t);
            t = ((FloatVector) q.convertShape(VectorOperators.I2F, FLOATS, 0))
                    .fma(FloatVector.fromArray(FLOATS, scales, 0).rearrange(EIGHTHS_5_7), t);
            sum = t.add(t.rearrange(OTHER_HALF)).fma(FloatVector.broadcast(FLOATS, d), sum);
            sum = FloatVector.fromArray(FLOATS, scales, 0)
                    .rearrange(MINIMA)
                    .mul(FloatVector.fromArray(FLOATS, headers, h + SuperBlocks.EIGHTHS))
                    .fma(FloatVector.broadcast(FLOATS, dMin), sum);
            k += 128;
            h += SuperBlocks.HEADER;
            if (k == end) {
                sum.intoArray(tile.sums, row);
                sum = FloatVector.zero(FLOATS);
                row += SuperBlocks.SUMS;
                k = 0;
                h = header;
            }
        }
    }

    /** The same of Q5_K: the fifth bit of eighth e is bit e of 32 bytes before the others. */
    private static void multiplyQ5_K(long from, long to, int blocks, int[] a, float[] headers, int header, Tile tile) {
        float[] scales = tile.scales;
        FloatVector sum = FloatVector.zero(FLOATS);
        int row = 0;
        int end = 128 * blocks;
        int k = 0;
        int h = header;
        for (long at = from; at < to; at += 176) {
            ((FloatVector) LongVector.broadcast(LongVector.SPECIES_128, SuperBlockDecoders.sixBitScales(at))
                            .withLane(1, SuperBlockDecoders.sixBitMinima(at))
                            .reinterpretAsBytes()
                            .castShape(FLOATS, 0))
                    .intoArray(scales, 0);
            float d = Lanes.half(at) * headers[h + SuperBlocks.SCALE];
            float dMin = -(Lanes.half(at + 2) * headers[h + SuperBlocks.SCALE]);
            // Bits of eighths 0 and 1 in the lower lanes, of 2 and 3, two bits higher, in the upper ones.
            ShortVector fifth = ShortVector.fromMemorySegment(SHORTS, MEMORY, at + 16, Lanes.ORDER)
                    .rearrange(FIRST_HALF_TWICE)
                    .lanewise(VectorOperators.LSHR, UPPER_TWO);
            ShortVector v = ShortVector.fromMemorySegment(SHORTS, MEMORY, at + 48, Lanes.ORDER);
            ShortVector w = v.and((short) 0x0f0f)
                    .or(fifth.lanewise(VectorOperators.LSHL, 4).and((short) 0x1010));
            IntVector p = w.and((short) 31)
                    .mul(IntVector.fromArray(INTS, a, k + 0).reinterpretAsShorts())
                    .add(w.lanewise(VectorOperators.LSHR, 8)
                            .mul(IntVector.fromArray(INTS, a, k + 16).reinterpretAsShorts()))
                    .reinterpretAsInts();
            w = v.lanewise(VectorOperators.LSHR, 4)
                    .and((short) 0x0f0f)
                    .or(fifth.lanewise(VectorOperators.LSHL, 3).and((short) 0x1010));
            IntVector q = w.and((short) 31)
                    .mul(IntVector.fromArray(INTS, a, k + 32).reinterpretAsShorts())
                    .add(w.lanewise(VectorOperators.LSHR, 8)
                            .mul(IntVector.fromArray(INTS, a, k + 48).reinterpretAsShorts()))
                    .reinterpretAsInts();
            p = p.add(p.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
            q = q.add(q.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
            FloatVector t = ((FloatVector) p.convertShape(VectorOperators.I2F, FLOATS, 0))
                    .mul(FloatVector.fromArray(FLOATS, scales, 0).rearrange(EIGHTHS_0_2));
            t = ((FloatVector) q.convertShape(VectorOperators.I2F, FLOATS, 0))
                    .fma(FloatVector.fromArray(FLOATS, scales, 0).rearrange(EIGHTHS_1_3), t);
            v = ShortVector.fromMemorySegment(SHORTS, MEMORY, at + 112, Lanes.ORDER);
            w = v.and((short) 0x0f0f).or(fifth.and((short) 0x1010));
            p = w.and((short) 31)
                    .mul(IntVector.fromArray(INTS, a, k + 64).reinterpretAsShorts())
                    .add(w.lanewise(VectorOperators.LSHR, 8)
                            .mul(IntVector.fromArray(INTS, a, k + 80).reinterpretAsShorts()))
                    .reinterpretAsInts();
            w = v.lanewise(VectorOperators.LSHR, 4)
                    .and((short) 0x0f0f)
                    .or(fifth.lanewise(VectorOperators.LSHR, 1).and((short) 0x1010));
            q = w.and((short) 31)
                    .mul(IntVector.fromArray(INTS, a, k + 96).reinterpretAsShorts())
                    .add(w.lanewise(VectorOperators.LSHR, 8)
                            .mul(IntVector.fromArray(INTS, a, k + 112).reinterpretAsShorts()))
                    .reinterpretAsInts();
            p = p.add(p.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
            q = q.add(q.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
            t = ((FloatVector) p.convertShape(VectorOperators.I2F, FLOATS, 0))
                    .fma(FloatVector.fromArray(FLOATS, scales, 0).rearrange(EIGHTHS_4_6), t);
            t = ((FloatVector) q.convertShape(VectorOperators.I2F, FLOATS, 0))
                    .fma(FloatVector.fromArray(FLOATS, scales, 0).rearrange(EIGHTHS_5_7), t);
            sum = t.add(t.rearrange(OTHER_HALF)).fma(FloatVector.broadcast(FLOATS, d), sum);
            sum = FloatVector.fromArray(FLOATS, scales, 0)
                    .rearrange(MINIMA)
                    .mul(FloatVector.fromArray(FLOATS, headers, h + SuperBlocks.EIGHTHS))
                    .fma(FloatVector.broadcast(FLOATS, dMin), sum);
            k += 128;
            h += SuperBlocks.HEADER;
            if (k == end) {
                sum.intoArray(tile.sums, row);
                sum = FloatVector.zero(FLOATS);
                row += SuperBlocks.SUMS;
                k = 0;
                h = header;
            }
        }
    }

    /** The same of Q6_K: four low bits of eighths 0 and 1, then of 2 and 3, and two high ones of all four in 32 bytes. */
    private static void multiplyQ6_K(long from, long to, int blocks, int[] a, float[] headers, int header, Tile tile) {
        float[] scales = tile.scales;
        FloatVector sum = FloatVector.zero(FLOATS);
        int row = 0;
        int end = 128 * blocks;
        int k = 0;
        int h = header;
        for (long at = from; at < to; at += 210) {
            ((FloatVector) ByteVector.fromMemorySegment(BYTES, MEMORY, at + 192, Lanes.ORDER)
                            .castShape(FLOATS, 0))
                    .intoArray(scales, 0);
            float d = Lanes.half(at + 208) * headers[h + SuperBlocks.SCALE];
            ShortVector tops = ShortVector.fromMemorySegment(SHORTS, MEMORY, at + 128, Lanes.ORDER);
            // Two bits of eighth 0 in the lower lanes, of eighth 1, two bits higher, in the upper ones.
            ShortVector top = tops.rearrange(FIRST_HALF_TWICE).lanewise(VectorOperators.LSHR, UPPER_TWO);
            ShortVector v = ShortVector.fromMemorySegment(SHORTS, MEMORY, at, Lanes.ORDER);
            ShortVector w = v.and((short) 0x0f0f)
                    .or(top.lanewise(VectorOperators.LSHL, 4).and((short) 0x3030));
            IntVector p = w.and((short) 63)
                    .sub((short) 32)
                    .mul(IntVector.fromArray(INTS, a, k).reinterpretAsShorts())
                    .add(w.lanewise(VectorOperators.LSHR, 8)
                            .sub((short) 32)
                            .mul(IntVector.fromArray(INTS, a, k + 16).reinterpretAsShorts()))
                    .reinterpretAsInts();
            w = v.lanewise(VectorOperators.LSHR, 4).and((short) 0x0f0f).or(top.and((short) 0x3030));
            IntVector q = w.and((short) 63)
                    .sub((short) 32)
                    .mul(IntVector.fromArray(INTS, a, k + 32).reinterpretAsShorts())
                    .add(w.lanewise(VectorOperators.LSHR, 8)
                            .sub((short) 32)
                            .mul(IntVector.fromArray(INTS, a, k + 48).reinterpretAsShorts()))
                    .reinterpretAsInts();
            p = p.add(p.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
            q = q.add(q.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
            FloatVector t = ((FloatVector) p.convertShape(VectorOperators.I2F, FLOATS, 0))
                    .mul(FloatVector.fromArray(FLOATS, scales, 0).rearrange(SIXTEENTHS_0));
            t = ((FloatVector) q.convertShape(VectorOperators.I2F, FLOATS, 0))
                    .fma(FloatVector.fromArray(FLOATS, scales, 0).rearrange(SIXTEENTHS_4), t);
            top = tops.rearrange(LAST_HALF_TWICE).lanewise(VectorOperators.LSHR, UPPER_TWO);
            v = ShortVector.fromMemorySegment(SHORTS, MEMORY, at + 64, Lanes.ORDER);
            w = v.and((short) 0x0f0f).or(top.lanewise(VectorOperators.LSHL, 4).and((short) 0x3030));
            p = w.and((short) 63)
                    .sub((short) 32)
                    .mul(IntVector.fromArray(INTS, a, k + 64).reinterpretAsShorts())
                    .add(w.lanewise(VectorOperators.LSHR, 8)
                            .sub((short) 32)
                            .mul(IntVector.fromArray(INTS, a, k + 80).reinterpretAsShorts()))
                    .reinterpretAsInts();
            w = v.lanewise(VectorOperators.LSHR, 4).and((short) 0x0f0f).or(top.and((short) 0x3030));
            q = w.and((short) 63)
                    .sub((short) 32)
                    .mul(IntVector.fromArray(INTS, a, k + 96).reinterpretAsShorts())
                    .add(w.lanewise(VectorOperators.LSHR, 8)
                            .sub((short) 32)
                            .mul(IntVector.fromArray(INTS, a, k + 112).reinterpretAsShorts()))
                    .reinterpretAsInts();
            p = p.add(p.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
            q = q.add(q.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
            t = ((FloatVector) p.convertShape(VectorOperators.I2F, FLOATS, 0))
                    .fma(FloatVector.fromArray(FLOATS, scales, 0).rearrange(SIXTEENTHS_8), t);
            t = ((FloatVector) q.convertShape(VectorOperators.I2F, FLOATS, 0))
                    .fma(FloatVector.fromArray(FLOATS, scales, 0).rearrange(SIXTEENTHS_12), t);
            sum = t.add(t.rearrange(OTHER_HALF)).fma(FloatVector.broadcast(FLOATS, d), sum);
            k += 128;
            h += SuperBlocks.HEADER;
            if (k == end) {
                sum.intoArray(tile.sums, row);
                sum = FloatVector.zero(FLOATS);
                row += SuperBlocks.SUMS;
                k = 0;
                h = header;
            }
        }
    }
}
