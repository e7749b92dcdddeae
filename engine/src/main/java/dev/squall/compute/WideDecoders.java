package dev.squall.compute;

import static dev.squall.compute.SuperBlockCodec.SCALE;
import static dev.squall.compute.VectorMath.FLOATS;
import static dev.squall.compute.VectorMath.INTS;
import static dev.squall.compute.WeightMemory.MEMORY;

import dev.squall.gguf.BlockType;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;

/**
 * {@link SuperBlockDecoders} with vectors of sixteen lanes: each 32 bytes of quants twice over, the second time shifted by two
 * bytes, are groups 0 and 1 of an eighth in their lowest byte, and 2 and 3 in the next. The caller has checked the range.
 */
final class WideDecoders {
    private WideDecoders() {}

    /** Decodes a block to row {@code row} of the tile, and its header. */
    static void decode(BlockType type, long block, Tile tile, int row) {
        decode(type, block, tile.row(row), tile, tile.header(row));
    }

    /** Decodes a block to 256 floats at an address, and its header to {@link Tile#headers}. */
    static void decode(BlockType type, long block, long address, Tile tile, int header) {
        long from = block & WeightMemory.ADDRESSES;
        long to = address & WeightMemory.ADDRESSES;
        switch (type) {
            case Q2_K -> decodeQ2_K(from, to, tile, header);
            case Q3_K -> decodeQ3_K(from, to, tile, header);
            case Q4_K -> decodeQ4_K(from, to, tile, header);
            case Q5_K -> decodeQ5_K(from, to, tile, header);
            case Q6_K -> decodeQ6_K(from, to, tile, header);
            case IQ4_XS -> decodeIQ4_XS(from, to, tile, header);
            case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4 -> throw new AssertionError(type);
        }
    }

    private static void decodeQ2_K(long block, long to, Tile tile, int header) {
        IntVector firstHalfTwice = IntVector.fromArray(INTS, LaneTables.FIRST_HALF_TWICE, 0);
        IntVector twoBytes = IntVector.fromArray(INTS, LaneTables.UPPER_SIXTEEN, 0);
        IntVector twoSixteenths = IntVector.fromArray(INTS, LaneTables.SIXTEENTHS_TWICE, 0);
        IntVector both = Lanes.unsigned(block, 0);
        IntVector scales = both.and(15).castShape(FLOATS, 0).reinterpretAsInts();
        IntVector minima =
                both.lanewise(VectorOperators.LSHR, 4).castShape(FLOATS, 0).reinterpretAsInts();
        IntVector.fromArray(INTS, LaneTables.EVEN_THEN_ODD, 0)
                .selectFrom(minima)
                .reinterpretAsFloats()
                .intoArray(tile.headers, header);
        tile.headers[header + SCALE] = Lanes.half(block + 80);
        tile.headers[header + SCALE + 1] = Lanes.half(block + 82);
        for (int half = 0; half < 2; half++) {
            IntVector q = firstHalfTwice
                    .add(8 * half)
                    .selectFrom(IntVector.fromMemorySegment(INTS, MEMORY, block + 16, Lanes.ORDER))
                    .lanewise(VectorOperators.LSHR, twoBytes);
            for (int plane = 0; plane < 4; plane++) {
                FloatVector factor = twoSixteenths
                        .add(8 * half + 2 * plane)
                        .selectFrom(scales)
                        .reinterpretAsFloats();
                long out = to + 512L * half + 128L * plane;
                ((FloatVector) q.and(3).convertShape(VectorOperators.I2F, FLOATS, 0))
                        .mul(factor)
                        .intoMemorySegment(MEMORY, out, Lanes.ORDER);
                ((FloatVector) q.lanewise(VectorOperators.LSHR, 8).and(3).convertShape(VectorOperators.I2F, FLOATS, 0))
                        .mul(factor)
                        .intoMemorySegment(MEMORY, out + 64, Lanes.ORDER);
                q = q.lanewise(VectorOperators.LSHR, 2);
            }
        }
    }

    private static void decodeQ3_K(long block, long to, Tile tile, int header) {
        IntVector firstHalfTwice = IntVector.fromArray(INTS, LaneTables.FIRST_HALF_TWICE, 0);
        IntVector twoBytes = IntVector.fromArray(INTS, LaneTables.UPPER_SIXTEEN, 0);
        IntVector twoSixteenths = IntVector.fromArray(INTS, LaneTables.SIXTEENTHS_TWICE, 0);
        IntVector scales = LongVector.broadcast(LongVector.SPECIES_128, SuperBlockDecoders.firstScalesQ3_K(block + 96))
                .withLane(1, SuperBlockDecoders.lastScalesQ3_K(block + 96))
                .reinterpretAsBytes()
                .castShape(FLOATS, 0)
                .sub(FloatVector.broadcast(FLOATS, 32))
                .reinterpretAsInts();
        tile.headers[header + SCALE] = Lanes.half(block + 108);
        IntVector third = firstHalfTwice
                .selectFrom(IntVector.fromMemorySegment(INTS, MEMORY, block, Lanes.ORDER))
                .lanewise(VectorOperators.LSHR, twoBytes)
                .lanewise(VectorOperators.LSHL, 2);
        for (int half = 0; half < 2; half++) {
            IntVector q = firstHalfTwice
                    .add(8 * half)
                    .selectFrom(IntVector.fromMemorySegment(INTS, MEMORY, block + 32, Lanes.ORDER))
                    .lanewise(VectorOperators.LSHR, twoBytes);
            for (int plane = 0; plane < 4; plane++) {
                FloatVector factor = twoSixteenths
                        .add(8 * half + 2 * plane)
                        .selectFrom(scales)
                        .reinterpretAsFloats();
                long out = to + 512L * half + 128L * plane;
                ((FloatVector) q.and(3).or(third.and(4)).sub(4).convertShape(VectorOperators.I2F, FLOATS, 0))
                        .mul(factor)
                        .intoMemorySegment(MEMORY, out, Lanes.ORDER);
                ((FloatVector) q.lanewise(VectorOperators.LSHR, 8)
                                .and(3)
                                .or(third.lanewise(VectorOperators.LSHR, 8).and(4))
                                .sub(4)
                                .convertShape(VectorOperators.I2F, FLOATS, 0))
                        .mul(factor)
                        .intoMemorySegment(MEMORY, out + 64, Lanes.ORDER);
                q = q.lanewise(VectorOperators.LSHR, 2);
                third = third.lanewise(VectorOperators.LSHR, 1);
            }
        }
    }

    private static void decodeQ4_K(long block, long to, Tile tile, int header) {
        IntVector firstHalfTwice = IntVector.fromArray(INTS, LaneTables.FIRST_HALF_TWICE, 0);
        IntVector twoBytes = IntVector.fromArray(INTS, LaneTables.UPPER_SIXTEEN, 0);
        IntVector both = LongVector.broadcast(LongVector.SPECIES_128, SuperBlockDecoders.sixBitScales(block))
                .withLane(1, SuperBlockDecoders.sixBitMinima(block))
                .reinterpretAsBytes()
                .castShape(FLOATS, 0)
                .reinterpretAsInts();
        IntVector.fromArray(INTS, LaneTables.LAST_HALF_TWICE, 0)
                .selectFrom(both)
                .reinterpretAsFloats()
                .intoArray(tile.headers, header);
        tile.headers[header + SCALE] = Lanes.half(block);
        tile.headers[header + SCALE + 1] = Lanes.half(block + 2);
        long from = block & WeightMemory.ADDRESSES;
        long out = to & WeightMemory.ADDRESSES;
        for (int pair = 0; pair < 4; pair++) {
            FloatVector low =
                    IntVector.broadcast(INTS, 2 * pair).selectFrom(both).reinterpretAsFloats();
            FloatVector high =
                    IntVector.broadcast(INTS, 2 * pair + 1).selectFrom(both).reinterpretAsFloats();
            IntVector q = firstHalfTwice
                    .add(pair % 2 * 8)
                    .selectFrom(IntVector.fromMemorySegment(INTS, MEMORY, from + 16 + pair / 2 * 64L, Lanes.ORDER))
                    .lanewise(VectorOperators.LSHR, twoBytes);
            ((FloatVector) q.and(15).convertShape(VectorOperators.I2F, FLOATS, 0))
                    .mul(low)
                    .intoMemorySegment(MEMORY, out + 256L * pair, Lanes.ORDER);
            ((FloatVector) q.lanewise(VectorOperators.LSHR, 8).and(15).convertShape(VectorOperators.I2F, FLOATS, 0))
                    .mul(low)
                    .intoMemorySegment(MEMORY, out + 256L * pair + 64, Lanes.ORDER);
            ((FloatVector) q.lanewise(VectorOperators.LSHR, 4).and(15).convertShape(VectorOperators.I2F, FLOATS, 0))
                    .mul(high)
                    .intoMemorySegment(MEMORY, out + 256L * pair + 128, Lanes.ORDER);
            ((FloatVector) q.lanewise(VectorOperators.LSHR, 12).and(15).convertShape(VectorOperators.I2F, FLOATS, 0))
                    .mul(high)
                    .intoMemorySegment(MEMORY, out + 256L * pair + 192, Lanes.ORDER);
        }
    }

    private static void decodeQ5_K(long block, long to, Tile tile, int header) {
        IntVector firstHalfTwice = IntVector.fromArray(INTS, LaneTables.FIRST_HALF_TWICE, 0);
        IntVector twoBytes = IntVector.fromArray(INTS, LaneTables.UPPER_SIXTEEN, 0);
        IntVector both = LongVector.broadcast(LongVector.SPECIES_128, SuperBlockDecoders.sixBitScales(block))
                .withLane(1, SuperBlockDecoders.sixBitMinima(block))
                .reinterpretAsBytes()
                .castShape(FLOATS, 0)
                .reinterpretAsInts();
        IntVector.fromArray(INTS, LaneTables.LAST_HALF_TWICE, 0)
                .selectFrom(both)
                .reinterpretAsFloats()
                .intoArray(tile.headers, header);
        tile.headers[header + SCALE] = Lanes.half(block);
        tile.headers[header + SCALE + 1] = Lanes.half(block + 2);
        long from = block & WeightMemory.ADDRESSES;
        long out = to & WeightMemory.ADDRESSES;
        IntVector fifth = firstHalfTwice
                .selectFrom(IntVector.fromMemorySegment(INTS, MEMORY, from + 16, Lanes.ORDER))
                .lanewise(VectorOperators.LSHR, twoBytes);
        for (int pair = 0; pair < 4; pair++) {
            FloatVector low =
                    IntVector.broadcast(INTS, 2 * pair).selectFrom(both).reinterpretAsFloats();
            FloatVector high =
                    IntVector.broadcast(INTS, 2 * pair + 1).selectFrom(both).reinterpretAsFloats();
            IntVector q = firstHalfTwice
                    .add(pair % 2 * 8)
                    .selectFrom(IntVector.fromMemorySegment(INTS, MEMORY, from + 48 + pair / 2 * 64L, Lanes.ORDER))
                    .lanewise(VectorOperators.LSHR, twoBytes);
            ((FloatVector) q.and(15)
                            .or(fifth.lanewise(VectorOperators.LSHL, 4).and(16))
                            .convertShape(VectorOperators.I2F, FLOATS, 0))
                    .mul(low)
                    .intoMemorySegment(MEMORY, out + 256L * pair, Lanes.ORDER);
            ((FloatVector) q.lanewise(VectorOperators.LSHR, 8)
                            .and(15)
                            .or(fifth.lanewise(VectorOperators.LSHR, 4).and(16))
                            .convertShape(VectorOperators.I2F, FLOATS, 0))
                    .mul(low)
                    .intoMemorySegment(MEMORY, out + 256L * pair + 64, Lanes.ORDER);
            ((FloatVector) q.lanewise(VectorOperators.LSHR, 4)
                            .and(15)
                            .or(fifth.lanewise(VectorOperators.LSHL, 3).and(16))
                            .convertShape(VectorOperators.I2F, FLOATS, 0))
                    .mul(high)
                    .intoMemorySegment(MEMORY, out + 256L * pair + 128, Lanes.ORDER);
            ((FloatVector) q.lanewise(VectorOperators.LSHR, 12)
                            .and(15)
                            .or(fifth.lanewise(VectorOperators.LSHR, 5).and(16))
                            .convertShape(VectorOperators.I2F, FLOATS, 0))
                    .mul(high)
                    .intoMemorySegment(MEMORY, out + 256L * pair + 192, Lanes.ORDER);
            fifth = fifth.lanewise(VectorOperators.LSHR, 2);
        }
    }

    private static void decodeQ6_K(long block, long to, Tile tile, int header) {
        tile.headers[header + SCALE] = Lanes.half(block + 208);
        IntVector firstHalfTwice = IntVector.fromArray(INTS, LaneTables.FIRST_HALF_TWICE, 0);
        IntVector lastHalfTwice = IntVector.fromArray(INTS, LaneTables.LAST_HALF_TWICE, 0);
        IntVector twoBytes = IntVector.fromArray(INTS, LaneTables.UPPER_SIXTEEN, 0);
        IntVector twoSixteenths = IntVector.fromArray(INTS, LaneTables.SIXTEENTHS_TWICE, 0);
        IntVector scales = ByteVector.fromMemorySegment(ByteVector.SPECIES_128, MEMORY, block + 192, Lanes.ORDER)
                .castShape(FLOATS, 0)
                .reinterpretAsInts();
        long from = block & WeightMemory.ADDRESSES;
        long out = to & WeightMemory.ADDRESSES;
        for (int half = 0; half < 2; half++) {
            IntVector low = IntVector.fromMemorySegment(INTS, MEMORY, from + 64L * half, Lanes.ORDER);
            IntVector even = firstHalfTwice.selectFrom(low).lanewise(VectorOperators.LSHR, twoBytes);
            IntVector odd = lastHalfTwice.selectFrom(low).lanewise(VectorOperators.LSHR, twoBytes);
            IntVector high = firstHalfTwice
                    .add(8 * half)
                    .selectFrom(IntVector.fromMemorySegment(INTS, MEMORY, from + 128, Lanes.ORDER))
                    .lanewise(VectorOperators.LSHR, twoBytes);
            for (int groups = 0; groups < 2; groups++) {
                long at = out + 512L * half + 64L * groups;
                FloatVector factor;
                factor = twoSixteenths.add(0 + 8 * half).selectFrom(scales).reinterpretAsFloats();
                ((FloatVector) even.and(15)
                                .or(high.and(3).lanewise(VectorOperators.LSHL, 4))
                                .sub(32)
                                .convertShape(VectorOperators.I2F, FLOATS, 0))
                        .mul(factor)
                        .intoMemorySegment(MEMORY, at + 0, Lanes.ORDER);
                factor = twoSixteenths.add(2 + 8 * half).selectFrom(scales).reinterpretAsFloats();
                ((FloatVector) odd.and(15)
                                .or(high.and(12).lanewise(VectorOperators.LSHL, 2))
                                .sub(32)
                                .convertShape(VectorOperators.I2F, FLOATS, 0))
                        .mul(factor)
                        .intoMemorySegment(MEMORY, at + 128, Lanes.ORDER);
                factor = twoSixteenths.add(4 + 8 * half).selectFrom(scales).reinterpretAsFloats();
                ((FloatVector) even.lanewise(VectorOperators.LSHR, 4)
                                .and(15)
                                .or(high.and(48))
                                .sub(32)
                                .convertShape(VectorOperators.I2F, FLOATS, 0))
                        .mul(factor)
                        .intoMemorySegment(MEMORY, at + 256, Lanes.ORDER);
                factor = twoSixteenths.add(6 + 8 * half).selectFrom(scales).reinterpretAsFloats();
                ((FloatVector) odd.lanewise(VectorOperators.LSHR, 4)
                                .and(15)
                                .or(high.lanewise(VectorOperators.LSHR, 2).and(48))
                                .sub(32)
                                .convertShape(VectorOperators.I2F, FLOATS, 0))
                        .mul(factor)
                        .intoMemorySegment(MEMORY, at + 384, Lanes.ORDER);
                even = even.lanewise(VectorOperators.LSHR, 8);
                odd = odd.lanewise(VectorOperators.LSHR, 8);
                high = high.lanewise(VectorOperators.LSHR, 8);
            }
        }
    }

    /** Sixteen bytes of an eighth, whose upper nibbles are its last sixteen elements, four times over. */
    private static void decodeIQ4_XS(long block, long to, Tile tile, int header) {
        IntVector levels =
                FloatVector.fromArray(FLOATS, Codebooks.NON_LINEAR, 0).reinterpretAsInts();
        IntVector evenShifts = IntVector.fromArray(INTS, LaneTables.EVEN_NIBBLES, 0);
        IntVector firstQuarter = IntVector.fromArray(INTS, LaneTables.FIRST_QUARTER, 0);
        IntVector scales = LongVector.broadcast(LongVector.SPECIES_128, SuperBlockDecoders.scalesIQ4_XS(block))
                .reinterpretAsBytes()
                .castShape(FLOATS, 0)
                .sub(FloatVector.broadcast(FLOATS, 32))
                .reinterpretAsInts();
        tile.headers[header + SCALE] = Lanes.half(block);
        for (int eighth = 0; eighth < 8; eighth++) {
            FloatVector factor =
                    IntVector.broadcast(INTS, eighth).selectFrom(scales).reinterpretAsFloats();
            IntVector q = firstQuarter
                    .add(eighth % 4 * 4)
                    .selectFrom(IntVector.fromMemorySegment(INTS, MEMORY, block + 8 + eighth / 4 * 64L, Lanes.ORDER))
                    .lanewise(VectorOperators.LSHR, evenShifts);
            q.selectFrom(levels)
                    .reinterpretAsFloats()
                    .mul(factor)
                    .intoMemorySegment(MEMORY, to + 128L * eighth, Lanes.ORDER);
            q.lanewise(VectorOperators.LSHR, 8)
                    .selectFrom(levels)
                    .reinterpretAsFloats()
                    .mul(factor)
                    .intoMemorySegment(MEMORY, to + 128L * eighth + 64, Lanes.ORDER);
        }
    }
}
