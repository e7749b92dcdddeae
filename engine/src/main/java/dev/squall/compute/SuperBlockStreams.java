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
import jdk.incubator.vector.VectorSpecies;

/**
 * Products of {@link SuperBlocks} with one row of activations, for one token at a time: a row of weights is read once, as a
 * stream, and multiplied in registers with 16-bit integers. Two bytes of weights are a lane of 16 bits, which masks and
 * shifts take apart; six bits times eight, added up twice, fit into sixteen. A lane of 32 bits then adds its lower half to
 * its upper one. Needs vectors of 512 bits. {@link TwoBitStreams} has the types of two-bit planes, here are the others.
 * IQ4_XS, whose levels take eight bits, is multiplied as floats, a lane a weight.
 *
 * <p>Methods are long because the compiler does not inline methods of ours into long ones, and a vector that is passed to
 * a method is an object. For the same reason constants are vectors before the loop, and what is not a vector comes first:
 * the compiler also stops inlining when it has seen many nodes.
 */
final class SuperBlockStreams {
    static final VectorSpecies<Short> SHORTS = VectorSpecies.of(short.class, FLOATS.vectorShape());
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, FLOATS.vectorBitSize() / 4)));

    /** As many rows as {@link Tile#sums} has room for, since each also writes where the next one's sums will be. */
    private static final int ROWS_MAX = Tile.SUMS / SuperBlocks.SUMS - 1;

    private SuperBlockStreams() {}

    /** Whether there is a product for a type here. */
    static boolean has(BlockType type) {
        return LANES == 16 && SuperBlockCodec.has(type);
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
        long packed = type == BlockType.IQ4_XS ? 0 : PackedActivations.pack(type, x, xOffset, columns, tile);
        int blocks = columns / SuperBlocks.ELEMENTS;
        long rowBytes = type.rowBytes(columns);
        for (int o = 0; o < rows; o += ROWS_MAX) {
            int some = Math.min(ROWS_MAX, rows - o);
            long from = address + o * rowBytes;
            switch (type) {
                case Q2_K -> TwoBitStreams.multiplyQ2_K(from, some, blocks, packed, tile.sums);
                case Q3_K -> TwoBitStreams.multiplyQ3_K(from, some, blocks, packed, tile.sums);
                case Q4_K -> multiplyQ4_K(from, some, blocks, packed, tile.sums);
                case Q5_K -> multiplyQ5_K(from, some, blocks, packed, tile.sums);
                case Q6_K -> multiplyQ6_K(from, some, blocks, packed, tile.sums);
                case IQ4_XS -> multiplyIQ4_XS(from, some, blocks, x, xOffset, tile.sums);
                case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4 -> throw new AssertionError(type);
            }
            for (int i = 0; i < some; i++) {
                y[yOffset + o + i] = SuperBlocks.sum(tile.sums, i * SuperBlocks.SUMS);
            }
        }
    }

    /** The sums of rows of weights to {@link Tile#sums}, eight of each. */
    private static void multiplyQ4_K(long from, int rows, int blocks, long x, float[] sums) {
        IntVector nibbles = IntVector.broadcast(INTS, 0x000f_000f);
        IntVector eighths02 = IntVector.fromArray(INTS, LaneTables.EIGHTHS_0_2, 0);
        IntVector eighths13 = IntVector.fromArray(INTS, LaneTables.EIGHTHS_1_3, 0);
        IntVector eighths46 = IntVector.fromArray(INTS, LaneTables.EIGHTHS_4_6, 0);
        IntVector eighths57 = IntVector.fromArray(INTS, LaneTables.EIGHTHS_5_7, 0);
        IntVector otherHalf = IntVector.fromArray(INTS, LaneTables.OTHER_HALF, 0);
        for (int row = 0; row < rows; row++) {
            long w = (from + 144L * blocks * row) & WeightMemory.ADDRESSES;
            FloatVector sum = FloatVector.zero(FLOATS);
            for (int block = 0; block < blocks; block++) {
                long at = w + 144L * block;
                long a = (x & WeightMemory.ADDRESSES) + (long) PackedActivations.BYTES * block;
                float scale = MEMORY.get(Lanes.FLOAT, a + PackedActivations.SCALE);
                FloatVector d = FloatVector.broadcast(FLOATS, Lanes.half(at) * scale);
                FloatVector dMin = FloatVector.broadcast(FLOATS, -(Lanes.half(at + 2) * scale));
                IntVector scales = LongVector.broadcast(LongVector.SPECIES_128, SuperBlockDecoders.sixBitScales(at))
                        .withLane(1, SuperBlockDecoders.sixBitMinima(at))
                        .reinterpretAsBytes()
                        .castShape(FLOATS, 0)
                        .reinterpretAsInts();
                IntVector v = IntVector.fromMemorySegment(INTS, MEMORY, at + 16, Lanes.ORDER);
                IntVector p = v.and(nibbles)
                        .reinterpretAsShorts()
                        .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a, Lanes.ORDER))
                        .add(v.lanewise(VectorOperators.LSHR, 8)
                                .and(nibbles)
                                .reinterpretAsShorts()
                                .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 64, Lanes.ORDER)))
                        .reinterpretAsInts();
                IntVector q = v.lanewise(VectorOperators.LSHR, 4)
                        .and(nibbles)
                        .reinterpretAsShorts()
                        .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 128, Lanes.ORDER))
                        .add(v.lanewise(VectorOperators.LSHR, 12)
                                .and(nibbles)
                                .reinterpretAsShorts()
                                .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 192, Lanes.ORDER)))
                        .reinterpretAsInts();
                p = p.add(p.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
                q = q.add(q.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
                FloatVector t = ((FloatVector) p.convertShape(VectorOperators.I2F, FLOATS, 0))
                        .mul(eighths02.selectFrom(scales).reinterpretAsFloats());
                t = ((FloatVector) q.convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(eighths13.selectFrom(scales).reinterpretAsFloats(), t);
                v = IntVector.fromMemorySegment(INTS, MEMORY, at + 80, Lanes.ORDER);
                p = v.and(nibbles)
                        .reinterpretAsShorts()
                        .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 256, Lanes.ORDER))
                        .add(v.lanewise(VectorOperators.LSHR, 8)
                                .and(nibbles)
                                .reinterpretAsShorts()
                                .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 320, Lanes.ORDER)))
                        .reinterpretAsInts();
                q = v.lanewise(VectorOperators.LSHR, 4)
                        .and(nibbles)
                        .reinterpretAsShorts()
                        .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 384, Lanes.ORDER))
                        .add(v.lanewise(VectorOperators.LSHR, 12)
                                .and(nibbles)
                                .reinterpretAsShorts()
                                .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 448, Lanes.ORDER)))
                        .reinterpretAsInts();
                p = p.add(p.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
                q = q.add(q.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
                t = ((FloatVector) p.convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(eighths46.selectFrom(scales).reinterpretAsFloats(), t);
                t = ((FloatVector) q.convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(eighths57.selectFrom(scales).reinterpretAsFloats(), t);
                sum = t.add(otherHalf.selectFrom(t.reinterpretAsInts()).reinterpretAsFloats())
                        .fma(d, sum);
                sum = otherHalf
                        .selectFrom(scales)
                        .reinterpretAsFloats()
                        .mul(FloatVector.fromMemorySegment(FLOATS, MEMORY, a + PackedActivations.EIGHTHS, Lanes.ORDER))
                        .fma(dMin, sum);
            }
            sum.intoArray(sums, row * SuperBlocks.SUMS);
        }
    }

    /** The same of Q5_K: the fifth bit of eighth e is bit e of 32 bytes before the others. */
    private static void multiplyQ5_K(long from, int rows, int blocks, long x, float[] sums) {
        IntVector nibbles = IntVector.broadcast(INTS, 0x0f0f_0f0f);
        IntVector fifthBits = IntVector.broadcast(INTS, 0x1010_1010);
        IntVector quants = IntVector.broadcast(INTS, 0x001f_001f);
        IntVector firstHalfTwice = IntVector.fromArray(INTS, LaneTables.FIRST_HALF_TWICE, 0);
        IntVector shifts = IntVector.fromArray(INTS, LaneTables.UPPER_TWO, 0);
        IntVector eighths02 = IntVector.fromArray(INTS, LaneTables.EIGHTHS_0_2, 0);
        IntVector eighths13 = IntVector.fromArray(INTS, LaneTables.EIGHTHS_1_3, 0);
        IntVector eighths46 = IntVector.fromArray(INTS, LaneTables.EIGHTHS_4_6, 0);
        IntVector eighths57 = IntVector.fromArray(INTS, LaneTables.EIGHTHS_5_7, 0);
        IntVector otherHalf = IntVector.fromArray(INTS, LaneTables.OTHER_HALF, 0);
        for (int row = 0; row < rows; row++) {
            long w = (from + 176L * blocks * row) & WeightMemory.ADDRESSES;
            FloatVector sum = FloatVector.zero(FLOATS);
            for (int block = 0; block < blocks; block++) {
                long at = w + 176L * block;
                long a = (x & WeightMemory.ADDRESSES) + (long) PackedActivations.BYTES * block;
                float scale = MEMORY.get(Lanes.FLOAT, a + PackedActivations.SCALE);
                FloatVector d = FloatVector.broadcast(FLOATS, Lanes.half(at) * scale);
                FloatVector dMin = FloatVector.broadcast(FLOATS, -(Lanes.half(at + 2) * scale));
                IntVector scales = LongVector.broadcast(LongVector.SPECIES_128, SuperBlockDecoders.sixBitScales(at))
                        .withLane(1, SuperBlockDecoders.sixBitMinima(at))
                        .reinterpretAsBytes()
                        .castShape(FLOATS, 0)
                        .reinterpretAsInts();
                IntVector fifth = firstHalfTwice
                        .selectFrom(IntVector.fromMemorySegment(INTS, MEMORY, at + 16, Lanes.ORDER))
                        .lanewise(VectorOperators.LSHR, shifts);
                IntVector v = IntVector.fromMemorySegment(INTS, MEMORY, at + 48, Lanes.ORDER);
                IntVector u = v.and(nibbles)
                        .or(fifth.lanewise(VectorOperators.LSHL, 4).and(fifthBits));
                IntVector p = u.and(quants)
                        .reinterpretAsShorts()
                        .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a, Lanes.ORDER))
                        .add(u.lanewise(VectorOperators.LSHR, 8)
                                .and(quants)
                                .reinterpretAsShorts()
                                .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 64, Lanes.ORDER)))
                        .reinterpretAsInts();
                u = v.lanewise(VectorOperators.LSHR, 4)
                        .and(nibbles)
                        .or(fifth.lanewise(VectorOperators.LSHL, 3).and(fifthBits));
                IntVector q = u.and(quants)
                        .reinterpretAsShorts()
                        .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 128, Lanes.ORDER))
                        .add(u.lanewise(VectorOperators.LSHR, 8)
                                .and(quants)
                                .reinterpretAsShorts()
                                .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 192, Lanes.ORDER)))
                        .reinterpretAsInts();
                p = p.add(p.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
                q = q.add(q.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
                FloatVector t = ((FloatVector) p.convertShape(VectorOperators.I2F, FLOATS, 0))
                        .mul(eighths02.selectFrom(scales).reinterpretAsFloats());
                t = ((FloatVector) q.convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(eighths13.selectFrom(scales).reinterpretAsFloats(), t);
                v = IntVector.fromMemorySegment(INTS, MEMORY, at + 112, Lanes.ORDER);
                u = v.and(nibbles).or(fifth.and(fifthBits));
                p = u.and(quants)
                        .reinterpretAsShorts()
                        .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 256, Lanes.ORDER))
                        .add(u.lanewise(VectorOperators.LSHR, 8)
                                .and(quants)
                                .reinterpretAsShorts()
                                .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 320, Lanes.ORDER)))
                        .reinterpretAsInts();
                u = v.lanewise(VectorOperators.LSHR, 4)
                        .and(nibbles)
                        .or(fifth.lanewise(VectorOperators.LSHR, 1).and(fifthBits));
                q = u.and(quants)
                        .reinterpretAsShorts()
                        .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 384, Lanes.ORDER))
                        .add(u.lanewise(VectorOperators.LSHR, 8)
                                .and(quants)
                                .reinterpretAsShorts()
                                .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 448, Lanes.ORDER)))
                        .reinterpretAsInts();
                p = p.add(p.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
                q = q.add(q.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
                t = ((FloatVector) p.convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(eighths46.selectFrom(scales).reinterpretAsFloats(), t);
                t = ((FloatVector) q.convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(eighths57.selectFrom(scales).reinterpretAsFloats(), t);
                sum = t.add(otherHalf.selectFrom(t.reinterpretAsInts()).reinterpretAsFloats())
                        .fma(d, sum);
                sum = otherHalf
                        .selectFrom(scales)
                        .reinterpretAsFloats()
                        .mul(FloatVector.fromMemorySegment(FLOATS, MEMORY, a + PackedActivations.EIGHTHS, Lanes.ORDER))
                        .fma(dMin, sum);
            }
            sum.intoArray(sums, row * SuperBlocks.SUMS);
        }
    }

    /** The same of Q6_K: four low bits of eighths 0 and 1, then of 2 and 3, and two high ones of all four in 32 bytes. */
    private static void multiplyQ6_K(long from, int rows, int blocks, long x, float[] sums) {
        IntVector nibbles = IntVector.broadcast(INTS, 0x0f0f_0f0f);
        IntVector topBits = IntVector.broadcast(INTS, 0x3030_3030);
        IntVector quants = IntVector.broadcast(INTS, 0x003f_003f);
        IntVector firstHalfTwice = IntVector.fromArray(INTS, LaneTables.FIRST_HALF_TWICE, 0);
        IntVector lastHalfTwice = IntVector.fromArray(INTS, LaneTables.LAST_HALF_TWICE, 0);
        IntVector shifts = IntVector.fromArray(INTS, LaneTables.UPPER_TWO, 0);
        IntVector sixteenths0 = IntVector.fromArray(INTS, LaneTables.SIXTEENTHS_0, 0);
        IntVector sixteenths4 = IntVector.fromArray(INTS, LaneTables.SIXTEENTHS_4, 0);
        IntVector sixteenths8 = IntVector.fromArray(INTS, LaneTables.SIXTEENTHS_8, 0);
        IntVector sixteenths12 = IntVector.fromArray(INTS, LaneTables.SIXTEENTHS_12, 0);
        IntVector otherHalf = IntVector.fromArray(INTS, LaneTables.OTHER_HALF, 0);
        for (int row = 0; row < rows; row++) {
            long w = (from + 210L * blocks * row) & WeightMemory.ADDRESSES;
            FloatVector sum = FloatVector.zero(FLOATS);
            for (int block = 0; block < blocks; block++) {
                long at = w + 210L * block;
                long a = (x & WeightMemory.ADDRESSES) + (long) PackedActivations.BYTES * block;
                FloatVector d = FloatVector.broadcast(
                        FLOATS, Lanes.half(at + 208) * MEMORY.get(Lanes.FLOAT, a + PackedActivations.SCALE));
                IntVector scales = ByteVector.fromMemorySegment(BYTES, MEMORY, at + 192, Lanes.ORDER)
                        .castShape(FLOATS, 0)
                        .reinterpretAsInts();
                IntVector tops = IntVector.fromMemorySegment(INTS, MEMORY, at + 128, Lanes.ORDER);
                IntVector top = firstHalfTwice.selectFrom(tops).lanewise(VectorOperators.LSHR, shifts);
                IntVector v = IntVector.fromMemorySegment(INTS, MEMORY, at, Lanes.ORDER);
                IntVector u =
                        v.and(nibbles).or(top.lanewise(VectorOperators.LSHL, 4).and(topBits));
                IntVector p = u.and(quants)
                        .reinterpretAsShorts()
                        .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a, Lanes.ORDER))
                        .add(u.lanewise(VectorOperators.LSHR, 8)
                                .and(quants)
                                .reinterpretAsShorts()
                                .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 64, Lanes.ORDER)))
                        .add(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 640, Lanes.ORDER))
                        .reinterpretAsInts();
                u = v.lanewise(VectorOperators.LSHR, 4).and(nibbles).or(top.and(topBits));
                IntVector q = u.and(quants)
                        .reinterpretAsShorts()
                        .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 128, Lanes.ORDER))
                        .add(u.lanewise(VectorOperators.LSHR, 8)
                                .and(quants)
                                .reinterpretAsShorts()
                                .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 192, Lanes.ORDER)))
                        .add(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 704, Lanes.ORDER))
                        .reinterpretAsInts();
                p = p.add(p.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
                q = q.add(q.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
                FloatVector t = ((FloatVector) p.convertShape(VectorOperators.I2F, FLOATS, 0))
                        .mul(sixteenths0.selectFrom(scales).reinterpretAsFloats());
                t = ((FloatVector) q.convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(sixteenths4.selectFrom(scales).reinterpretAsFloats(), t);
                top = lastHalfTwice.selectFrom(tops).lanewise(VectorOperators.LSHR, shifts);
                v = IntVector.fromMemorySegment(INTS, MEMORY, at + 64, Lanes.ORDER);
                u = v.and(nibbles).or(top.lanewise(VectorOperators.LSHL, 4).and(topBits));
                p = u.and(quants)
                        .reinterpretAsShorts()
                        .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 256, Lanes.ORDER))
                        .add(u.lanewise(VectorOperators.LSHR, 8)
                                .and(quants)
                                .reinterpretAsShorts()
                                .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 320, Lanes.ORDER)))
                        .add(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 768, Lanes.ORDER))
                        .reinterpretAsInts();
                u = v.lanewise(VectorOperators.LSHR, 4).and(nibbles).or(top.and(topBits));
                q = u.and(quants)
                        .reinterpretAsShorts()
                        .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 384, Lanes.ORDER))
                        .add(u.lanewise(VectorOperators.LSHR, 8)
                                .and(quants)
                                .reinterpretAsShorts()
                                .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 448, Lanes.ORDER)))
                        .add(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 832, Lanes.ORDER))
                        .reinterpretAsInts();
                p = p.add(p.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
                q = q.add(q.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
                t = ((FloatVector) p.convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(sixteenths8.selectFrom(scales).reinterpretAsFloats(), t);
                t = ((FloatVector) q.convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(sixteenths12.selectFrom(scales).reinterpretAsFloats(), t);
                sum = t.add(otherHalf.selectFrom(t.reinterpretAsInts()).reinterpretAsFloats())
                        .fma(d, sum);
            }
            sum.intoArray(sums, row * SuperBlocks.SUMS);
        }
    }

    /**
     * The same of IQ4_XS, whose levels take eight bits, so that their products do not add up in sixteen: a lane of floats is
     * a weight. Sixteen bytes four times over, shifted, have the elements of two groups of an eighth where activations do.
     */
    private static void multiplyIQ4_XS(long from, int rows, int blocks, FloatRows x, int xOffset, float[] sums) {
        float[] values = x.values();
        float[] headers = x.blocks();
        IntVector levels =
                FloatVector.fromArray(FLOATS, Codebooks.NON_LINEAR, 0).reinterpretAsInts();
        FloatVector excess = FloatVector.broadcast(FLOATS, 32);
        IntVector parts0 = IntVector.fromArray(INTS, LaneTables.FIRST_QUARTER, 0);
        IntVector parts1 = parts0.add(4);
        IntVector parts2 = parts0.add(8);
        IntVector parts3 = parts0.add(12);
        IntVector evenShifts = IntVector.fromArray(INTS, LaneTables.EVEN_NIBBLES, 0);
        IntVector oddShifts = evenShifts.add(8);
        IntVector otherHalf = IntVector.fromArray(INTS, LaneTables.OTHER_HALF, 0);
        for (int row = 0; row < rows; row++) {
            long w = (from + 136L * blocks * row) & WeightMemory.ADDRESSES;
            FloatVector sum = FloatVector.zero(FLOATS);
            for (int block = 0; block < blocks; block++) {
                long at = w + 136L * block;
                int a = xOffset + SuperBlocks.ELEMENTS * block;
                FloatVector d = FloatVector.broadcast(
                        FLOATS, Lanes.half(at) * headers[SuperBlocks.header(a) + SuperBlocks.SCALE]);
                IntVector scales = LongVector.broadcast(LongVector.SPECIES_128, SuperBlockDecoders.scalesIQ4_XS(at))
                        .reinterpretAsBytes()
                        .castShape(FLOATS, 0)
                        .sub(excess)
                        .reinterpretAsInts();
                FloatVector t = FloatVector.zero(FLOATS);
                FloatVector p;
                FloatVector factor;
                IntVector q;
                IntVector v = IntVector.fromMemorySegment(INTS, MEMORY, at + 8, Lanes.ORDER);
                q = parts0.selectFrom(v);
                factor = IntVector.broadcast(INTS, 0).selectFrom(scales).reinterpretAsFloats();
                p = q.lanewise(VectorOperators.LSHR, evenShifts)
                        .selectFrom(levels)
                        .reinterpretAsFloats()
                        .mul(FloatVector.fromArray(FLOATS, values, a + 0));
                p = q.lanewise(VectorOperators.LSHR, oddShifts)
                        .selectFrom(levels)
                        .reinterpretAsFloats()
                        .fma(FloatVector.fromArray(FLOATS, values, a + 16), p);
                t = p.fma(factor, t);
                q = parts1.selectFrom(v);
                factor = IntVector.broadcast(INTS, 1).selectFrom(scales).reinterpretAsFloats();
                p = q.lanewise(VectorOperators.LSHR, evenShifts)
                        .selectFrom(levels)
                        .reinterpretAsFloats()
                        .mul(FloatVector.fromArray(FLOATS, values, a + 32));
                p = q.lanewise(VectorOperators.LSHR, oddShifts)
                        .selectFrom(levels)
                        .reinterpretAsFloats()
                        .fma(FloatVector.fromArray(FLOATS, values, a + 48), p);
                t = p.fma(factor, t);
                q = parts2.selectFrom(v);
                factor = IntVector.broadcast(INTS, 2).selectFrom(scales).reinterpretAsFloats();
                p = q.lanewise(VectorOperators.LSHR, evenShifts)
                        .selectFrom(levels)
                        .reinterpretAsFloats()
                        .mul(FloatVector.fromArray(FLOATS, values, a + 64));
                p = q.lanewise(VectorOperators.LSHR, oddShifts)
                        .selectFrom(levels)
                        .reinterpretAsFloats()
                        .fma(FloatVector.fromArray(FLOATS, values, a + 80), p);
                t = p.fma(factor, t);
                q = parts3.selectFrom(v);
                factor = IntVector.broadcast(INTS, 3).selectFrom(scales).reinterpretAsFloats();
                p = q.lanewise(VectorOperators.LSHR, evenShifts)
                        .selectFrom(levels)
                        .reinterpretAsFloats()
                        .mul(FloatVector.fromArray(FLOATS, values, a + 96));
                p = q.lanewise(VectorOperators.LSHR, oddShifts)
                        .selectFrom(levels)
                        .reinterpretAsFloats()
                        .fma(FloatVector.fromArray(FLOATS, values, a + 112), p);
                t = p.fma(factor, t);
                v = IntVector.fromMemorySegment(INTS, MEMORY, at + 72, Lanes.ORDER);
                q = parts0.selectFrom(v);
                factor = IntVector.broadcast(INTS, 4).selectFrom(scales).reinterpretAsFloats();
                p = q.lanewise(VectorOperators.LSHR, evenShifts)
                        .selectFrom(levels)
                        .reinterpretAsFloats()
                        .mul(FloatVector.fromArray(FLOATS, values, a + 128));
                p = q.lanewise(VectorOperators.LSHR, oddShifts)
                        .selectFrom(levels)
                        .reinterpretAsFloats()
                        .fma(FloatVector.fromArray(FLOATS, values, a + 144), p);
                t = p.fma(factor, t);
                q = parts1.selectFrom(v);
                factor = IntVector.broadcast(INTS, 5).selectFrom(scales).reinterpretAsFloats();
                p = q.lanewise(VectorOperators.LSHR, evenShifts)
                        .selectFrom(levels)
                        .reinterpretAsFloats()
                        .mul(FloatVector.fromArray(FLOATS, values, a + 160));
                p = q.lanewise(VectorOperators.LSHR, oddShifts)
                        .selectFrom(levels)
                        .reinterpretAsFloats()
                        .fma(FloatVector.fromArray(FLOATS, values, a + 176), p);
                t = p.fma(factor, t);
                q = parts2.selectFrom(v);
                factor = IntVector.broadcast(INTS, 6).selectFrom(scales).reinterpretAsFloats();
                p = q.lanewise(VectorOperators.LSHR, evenShifts)
                        .selectFrom(levels)
                        .reinterpretAsFloats()
                        .mul(FloatVector.fromArray(FLOATS, values, a + 192));
                p = q.lanewise(VectorOperators.LSHR, oddShifts)
                        .selectFrom(levels)
                        .reinterpretAsFloats()
                        .fma(FloatVector.fromArray(FLOATS, values, a + 208), p);
                t = p.fma(factor, t);
                q = parts3.selectFrom(v);
                factor = IntVector.broadcast(INTS, 7).selectFrom(scales).reinterpretAsFloats();
                p = q.lanewise(VectorOperators.LSHR, evenShifts)
                        .selectFrom(levels)
                        .reinterpretAsFloats()
                        .mul(FloatVector.fromArray(FLOATS, values, a + 224));
                p = q.lanewise(VectorOperators.LSHR, oddShifts)
                        .selectFrom(levels)
                        .reinterpretAsFloats()
                        .fma(FloatVector.fromArray(FLOATS, values, a + 240), p);
                t = p.fma(factor, t);
                sum = t.add(otherHalf.selectFrom(t.reinterpretAsInts()).reinterpretAsFloats())
                        .fma(d, sum);
            }
            sum.intoArray(sums, row * SuperBlocks.SUMS);
        }
    }
}
