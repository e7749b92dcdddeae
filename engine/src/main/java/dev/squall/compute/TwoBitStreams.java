package dev.squall.compute;

import static dev.squall.compute.VectorMath.FLOATS;
import static dev.squall.compute.VectorMath.INTS;
import static dev.squall.compute.WeightMemory.MEMORY;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link SuperBlockStreams} of the types whose quants are in planes of two bits: 64 bytes have the quants of a block, each
 * byte those of four elements that are 32 apart. Eighths e and e + 4 are a pair.
 */
final class TwoBitStreams {
    private static final VectorSpecies<Short> SHORTS = SuperBlockStreams.SHORTS;
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, FLOATS.vectorBitSize() / 4)));

    private TwoBitStreams() {}

    /** Eight sums of each row to {@link Tile#sums}. A byte has the quants of one element of each of four eighths. */
    static void multiplyQ2_K(long from, int rows, int blocks, long x, float[] sums) {
        IntVector nibbles = IntVector.broadcast(INTS, 15);
        IntVector quants = IntVector.broadcast(INTS, 0x0003_0003);
        IntVector sixteenths0 = IntVector.fromArray(INTS, LaneTables.SIXTEENTHS_0_8, 0);
        IntVector sixteenths2 = IntVector.fromArray(INTS, LaneTables.SIXTEENTHS_2_10, 0);
        IntVector sixteenths4 = IntVector.fromArray(INTS, LaneTables.SIXTEENTHS_4_12, 0);
        IntVector sixteenths6 = IntVector.fromArray(INTS, LaneTables.SIXTEENTHS_6_14, 0);
        IntVector evenThenOdd = IntVector.fromArray(INTS, LaneTables.EVEN_THEN_ODD, 0);
        IntVector otherHalf = IntVector.fromArray(INTS, LaneTables.OTHER_HALF, 0);
        for (int row = 0; row < rows; row++) {
            long w = (from + 84L * blocks * row) & WeightMemory.ADDRESSES;
            FloatVector sum = FloatVector.zero(FLOATS);
            for (int block = 0; block < blocks; block++) {
                long at = w + 84L * block;
                long a = (x & WeightMemory.ADDRESSES) + (long) PackedActivations.BYTES * block;
                float scale = MEMORY.get(Lanes.FLOAT, a + PackedActivations.SCALE);
                FloatVector d = FloatVector.broadcast(FLOATS, Lanes.half(at + 80) * scale);
                FloatVector dMin = FloatVector.broadcast(FLOATS, -(Lanes.half(at + 82) * scale));
                IntVector both = (IntVector) ByteVector.fromMemorySegment(BYTES, MEMORY, at, Lanes.ORDER)
                        .convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0);
                IntVector scales = both.and(nibbles).castShape(FLOATS, 0).reinterpretAsInts();
                IntVector minima = both.lanewise(VectorOperators.LSHR, 4)
                        .castShape(FLOATS, 0)
                        .reinterpretAsInts();
                IntVector v = IntVector.fromMemorySegment(INTS, MEMORY, at + 16, Lanes.ORDER);
                IntVector p = v.and(quants)
                        .reinterpretAsShorts()
                        .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a, Lanes.ORDER))
                        .add(v.lanewise(VectorOperators.LSHR, 8)
                                .and(quants)
                                .reinterpretAsShorts()
                                .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 64, Lanes.ORDER)))
                        .reinterpretAsInts();
                p = p.add(p.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
                FloatVector t = ((FloatVector) p.convertShape(VectorOperators.I2F, FLOATS, 0))
                        .mul(sixteenths0.selectFrom(scales).reinterpretAsFloats());
                IntVector q = v.lanewise(VectorOperators.LSHR, 2)
                        .and(quants)
                        .reinterpretAsShorts()
                        .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 128, Lanes.ORDER))
                        .add(v.lanewise(VectorOperators.LSHR, 10)
                                .and(quants)
                                .reinterpretAsShorts()
                                .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 192, Lanes.ORDER)))
                        .reinterpretAsInts();
                q = q.add(q.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
                t = ((FloatVector) q.convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(sixteenths2.selectFrom(scales).reinterpretAsFloats(), t);
                p = v.lanewise(VectorOperators.LSHR, 4)
                        .and(quants)
                        .reinterpretAsShorts()
                        .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 256, Lanes.ORDER))
                        .add(v.lanewise(VectorOperators.LSHR, 12)
                                .and(quants)
                                .reinterpretAsShorts()
                                .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 320, Lanes.ORDER)))
                        .reinterpretAsInts();
                p = p.add(p.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
                t = ((FloatVector) p.convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(sixteenths4.selectFrom(scales).reinterpretAsFloats(), t);
                q = v.lanewise(VectorOperators.LSHR, 6)
                        .and(quants)
                        .reinterpretAsShorts()
                        .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 384, Lanes.ORDER))
                        .add(v.lanewise(VectorOperators.LSHR, 14)
                                .and(quants)
                                .reinterpretAsShorts()
                                .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 448, Lanes.ORDER)))
                        .reinterpretAsInts();
                q = q.add(q.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
                t = ((FloatVector) q.convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(sixteenths6.selectFrom(scales).reinterpretAsFloats(), t);
                sum = t.add(otherHalf.selectFrom(t.reinterpretAsInts()).reinterpretAsFloats())
                        .fma(d, sum);
                t = evenThenOdd
                        .selectFrom(minima)
                        .reinterpretAsFloats()
                        .mul(FloatVector.fromMemorySegment(
                                FLOATS, MEMORY, a + PackedActivations.SIXTEENTHS, Lanes.ORDER));
                sum = t.add(otherHalf.selectFrom(t.reinterpretAsInts()).reinterpretAsFloats())
                        .fma(dMin, sum);
            }
            sum.intoArray(sums, row * SuperBlocks.SUMS);
        }
    }

    /** The same of Q3_K: the third bit of eighth e is bit e of 32 bytes before the others. */
    static void multiplyQ3_K(long from, int rows, int blocks, long x, float[] sums) {
        IntVector lows = IntVector.broadcast(INTS, 0x0303_0303);
        IntVector thirdBits = IntVector.broadcast(INTS, 0x0404_0404);
        IntVector quants = IntVector.broadcast(INTS, 0x0007_0007);
        FloatVector excess = FloatVector.broadcast(FLOATS, 32);
        IntVector firstHalfTwice = IntVector.fromArray(INTS, LaneTables.FIRST_HALF_TWICE, 0);
        IntVector shifts = IntVector.fromArray(INTS, LaneTables.UPPER_FOUR, 0);
        IntVector sixteenths0 = IntVector.fromArray(INTS, LaneTables.SIXTEENTHS_0_8, 0);
        IntVector sixteenths2 = IntVector.fromArray(INTS, LaneTables.SIXTEENTHS_2_10, 0);
        IntVector sixteenths4 = IntVector.fromArray(INTS, LaneTables.SIXTEENTHS_4_12, 0);
        IntVector sixteenths6 = IntVector.fromArray(INTS, LaneTables.SIXTEENTHS_6_14, 0);
        IntVector otherHalf = IntVector.fromArray(INTS, LaneTables.OTHER_HALF, 0);
        for (int row = 0; row < rows; row++) {
            long w = (from + 110L * blocks * row) & WeightMemory.ADDRESSES;
            FloatVector sum = FloatVector.zero(FLOATS);
            for (int block = 0; block < blocks; block++) {
                long at = w + 110L * block;
                long a = (x & WeightMemory.ADDRESSES) + (long) PackedActivations.BYTES * block;
                FloatVector d = FloatVector.broadcast(
                        FLOATS, Lanes.half(at + 108) * MEMORY.get(Lanes.FLOAT, a + PackedActivations.SCALE));
                IntVector scales = LongVector.broadcast(
                                LongVector.SPECIES_128, SuperBlockDecoders.firstScalesQ3_K(at + 96))
                        .withLane(1, SuperBlockDecoders.lastScalesQ3_K(at + 96))
                        .reinterpretAsBytes()
                        .castShape(FLOATS, 0)
                        .sub(excess)
                        .reinterpretAsInts();
                IntVector third = firstHalfTwice
                        .selectFrom(IntVector.fromMemorySegment(INTS, MEMORY, at, Lanes.ORDER))
                        .lanewise(VectorOperators.LSHR, shifts);
                IntVector v = IntVector.fromMemorySegment(INTS, MEMORY, at + 32, Lanes.ORDER);
                IntVector u =
                        v.and(lows).or(third.lanewise(VectorOperators.LSHL, 2).and(thirdBits));
                IntVector p = u.and(quants)
                        .reinterpretAsShorts()
                        .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a, Lanes.ORDER))
                        .add(u.lanewise(VectorOperators.LSHR, 8)
                                .and(quants)
                                .reinterpretAsShorts()
                                .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 64, Lanes.ORDER)))
                        .add(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 640, Lanes.ORDER))
                        .reinterpretAsInts();
                p = p.add(p.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
                FloatVector t = ((FloatVector) p.convertShape(VectorOperators.I2F, FLOATS, 0))
                        .mul(sixteenths0.selectFrom(scales).reinterpretAsFloats());
                u = v.lanewise(VectorOperators.LSHR, 2)
                        .and(lows)
                        .or(third.lanewise(VectorOperators.LSHL, 1).and(thirdBits));
                IntVector q = u.and(quants)
                        .reinterpretAsShorts()
                        .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 128, Lanes.ORDER))
                        .add(u.lanewise(VectorOperators.LSHR, 8)
                                .and(quants)
                                .reinterpretAsShorts()
                                .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 192, Lanes.ORDER)))
                        .add(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 704, Lanes.ORDER))
                        .reinterpretAsInts();
                q = q.add(q.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
                t = ((FloatVector) q.convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(sixteenths2.selectFrom(scales).reinterpretAsFloats(), t);
                u = v.lanewise(VectorOperators.LSHR, 4).and(lows).or(third.and(thirdBits));
                p = u.and(quants)
                        .reinterpretAsShorts()
                        .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 256, Lanes.ORDER))
                        .add(u.lanewise(VectorOperators.LSHR, 8)
                                .and(quants)
                                .reinterpretAsShorts()
                                .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 320, Lanes.ORDER)))
                        .add(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 768, Lanes.ORDER))
                        .reinterpretAsInts();
                p = p.add(p.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
                t = ((FloatVector) p.convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(sixteenths4.selectFrom(scales).reinterpretAsFloats(), t);
                u = v.lanewise(VectorOperators.LSHR, 6)
                        .and(lows)
                        .or(third.lanewise(VectorOperators.LSHR, 1).and(thirdBits));
                q = u.and(quants)
                        .reinterpretAsShorts()
                        .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 384, Lanes.ORDER))
                        .add(u.lanewise(VectorOperators.LSHR, 8)
                                .and(quants)
                                .reinterpretAsShorts()
                                .mul(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 448, Lanes.ORDER)))
                        .add(ShortVector.fromMemorySegment(SHORTS, MEMORY, a + 832, Lanes.ORDER))
                        .reinterpretAsInts();
                q = q.add(q.lanewise(VectorOperators.LSHL, 16)).lanewise(VectorOperators.ASHR, 16);
                t = ((FloatVector) q.convertShape(VectorOperators.I2F, FLOATS, 0))
                        .fma(sixteenths6.selectFrom(scales).reinterpretAsFloats(), t);
                sum = t.add(otherHalf.selectFrom(t.reinterpretAsInts()).reinterpretAsFloats())
                        .fma(d, sum);
            }
            sum.intoArray(sums, row * SuperBlocks.SUMS);
        }
    }
}
