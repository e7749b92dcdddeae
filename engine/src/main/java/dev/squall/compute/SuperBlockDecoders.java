package dev.squall.compute;

import static dev.squall.compute.SuperBlockCodec.SCALE;
import static dev.squall.compute.VectorMath.FLOATS;
import static dev.squall.compute.VectorMath.INTS;
import static dev.squall.compute.VectorMath.LANES;
import static dev.squall.compute.WeightMemory.MEMORY;

import dev.squall.gguf.BlockType;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * {@link SuperBlockCodec} with the Vector API: from {@link WeightMemory#MEMORY} into a row of a {@link Tile} and its
 * headers. A vector of integers takes four bytes to a lane, and gives elements of one group of {@link SuperBlocks#position}
 * each time it is shifted by a byte. Vectors have at most eight lanes; {@link ColumnDecoders} are for wider ones. The
 * caller has checked the range.
 */
final class SuperBlockDecoders {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(Lanes.ORDER);

    /** One in each byte. */
    private static final long EACH = 0x0101_0101_0101_0101L;

    private SuperBlockDecoders() {}

    /** Decodes {@code n} elements, a whole number of blocks and at most {@link Tile#COLUMNS}, to row {@code row}. */
    static void decode(BlockType type, long from, int n, Tile tile, int row) {
        long block = from;
        long to = tile.row(row);
        int header = tile.header(row);
        long blockBytes = type.rowBytes(256);
        for (int k = 0; k < n; k += 256) {
            switch (type) {
                case Q2_K -> decodeQ2_K(block, to, tile, header);
                case Q3_K -> decodeQ3_K(block, to, tile, header);
                case Q4_K -> decodeQ4_K(block, to, tile, header);
                case Q5_K -> decodeQ5_K(block, to, tile, header);
                case Q6_K -> decodeQ6_K(block, to, tile, header);
                case IQ4_XS -> decodeIQ4_XS(block, to, tile, header);
                case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4 -> throw new AssertionError(type);
            }
            block += blockBytes;
            to += 1024;
            header += SuperBlockCodec.HEADER;
        }
    }

    /** Thirty-two bytes, four to a lane, from lane {@code lane} on. */
    private static IntVector load(long bytes, int lane) {
        return IntVector.fromMemorySegment(INTS, MEMORY, bytes + 4L * lane, Lanes.ORDER);
    }

    /** The byte offset of the group that byte {@code j} of the lanes belongs to. */
    private static long group(int j) {
        return 32L * ((j & 1) * 2 + (j >> 1));
    }

    private static void store(IntVector q, FloatVector scale, long to) {
        ((FloatVector) q.convertShape(VectorOperators.I2F, FLOATS, 0))
                .mul(scale)
                .intoMemorySegment(MEMORY, to, Lanes.ORDER);
    }

    /** The factors of 32 elements' lanes, where {@link #spread} has put them. */
    private static FloatVector scale(Tile tile, int eighth, int lane) {
        return FloatVector.fromArray(FLOATS, tile.scales, 8 * eighth + lane);
    }

    /** Sixteen small integers, a scale for each sixteenth of a block, to four lanes each. */
    private static void spread(long bytes, int less, Tile tile) {
        float[] scales = tile.scales;
        for (int i = 0; i < 64; i++) {
            scales[i] = MEMORY.get(ValueLayout.JAVA_BYTE, bytes + i / 4) - less;
        }
    }

    private static void decodeQ2_K(long block, long to, Tile tile, int header) {
        long both = MEMORY.get(LONG, block);
        long others = MEMORY.get(LONG, block + 8);
        MEMORY.set(LONG, tile.scaleBytes(), both & 15 * EACH);
        MEMORY.set(LONG, tile.scaleBytes() + 8, others & 15 * EACH);
        spread(tile.scaleBytes(), 0, tile);
        for (int l = 0; l < 8; l++) {
            long minima = (l < 4 ? both : others) >>> (16 * (l & 3));
            tile.headers[header + l] = minima >>> 4 & 15;
            tile.headers[header + 8 + l] = minima >>> 12 & 15;
        }
        tile.headers[header + SCALE] = Lanes.half(block + 80);
        tile.headers[header + SCALE + 1] = Lanes.half(block + 82);
        for (int half = 0; half < 2; half++) {
            for (int lane = 0; lane < 8; lane += LANES) {
                IntVector q = load(block + 16 + 32L * half, lane);
                for (int j = 0; j < 4; j++) {
                    for (int plane = 0; plane < 4; plane++) {
                        int eighth = 4 * half + plane;
                        store(q.and(3), scale(tile, eighth, lane), to + 128L * eighth + group(j) + 4L * lane);
                        q = q.lanewise(VectorOperators.LSHR, 2);
                    }
                }
            }
        }
    }

    private static void decodeQ3_K(long block, long to, Tile tile, int header) {
        MEMORY.set(LONG, tile.scaleBytes(), firstScalesQ3_K(block + 96));
        MEMORY.set(LONG, tile.scaleBytes() + 8, lastScalesQ3_K(block + 96));
        spread(tile.scaleBytes(), 32, tile);
        tile.headers[header + SCALE] = Lanes.half(block + 108);
        for (int half = 0; half < 2; half++) {
            for (int lane = 0; lane < 8; lane += LANES) {
                IntVector q = load(block + 32 + 32L * half, lane);
                IntVector high = load(block, lane).lanewise(VectorOperators.LSHR, 4 * half);
                for (int j = 0; j < 4; j++) {
                    for (int plane = 0; plane < 4; plane++) {
                        int eighth = 4 * half + plane;
                        IntVector third = high.lanewise(VectorOperators.LSHR, plane)
                                .and(1)
                                .lanewise(VectorOperators.LSHL, 2);
                        store(
                                q.and(3).or(third).sub(4),
                                scale(tile, eighth, lane),
                                to + 128L * eighth + group(j) + 4L * lane);
                        q = q.lanewise(VectorOperators.LSHR, 2);
                    }
                    high = high.lanewise(VectorOperators.LSHR, 8);
                }
            }
        }
    }

    private static void decodeQ4_K(long block, long to, Tile tile, int header) {
        scalesAndMinima(block, tile, header);
        for (int pair = 0; pair < 4; pair++) {
            FloatVector low = FloatVector.broadcast(FLOATS, tile.scales[2 * pair]);
            FloatVector high = FloatVector.broadcast(FLOATS, tile.scales[2 * pair + 1]);
            for (int lane = 0; lane < 8; lane += LANES) {
                IntVector q = load(block + 16 + 32L * pair, lane);
                long out = to + 256L * pair + 4L * lane;
                for (int j = 0; j < 4; j++) {
                    store(q.and(15), low, out + group(j));
                    q = q.lanewise(VectorOperators.LSHR, 4);
                    store(q.and(15), high, out + group(j) + 128);
                    q = q.lanewise(VectorOperators.LSHR, 4);
                }
            }
        }
    }

    private static void decodeQ5_K(long block, long to, Tile tile, int header) {
        scalesAndMinima(block, tile, header);
        for (int pair = 0; pair < 4; pair++) {
            FloatVector lowScale = FloatVector.broadcast(FLOATS, tile.scales[2 * pair]);
            FloatVector highScale = FloatVector.broadcast(FLOATS, tile.scales[2 * pair + 1]);
            for (int lane = 0; lane < 8; lane += LANES) {
                IntVector q = load(block + 48 + 32L * pair, lane);
                // The fifth bit of the pair's first eighth in bit 0 of each byte, of its second in bit 1.
                IntVector fifth = load(block + 16, lane).lanewise(VectorOperators.LSHR, 2 * pair);
                long out = to + 256L * pair + 4L * lane;
                for (int j = 0; j < 4; j++) {
                    IntVector high = fifth.lanewise(VectorOperators.LSHL, 4).and(16);
                    store(q.and(15).or(high), lowScale, out + group(j));
                    q = q.lanewise(VectorOperators.LSHR, 4);
                    high = fifth.lanewise(VectorOperators.LSHL, 3).and(16);
                    store(q.and(15).or(high), highScale, out + group(j) + 128);
                    q = q.lanewise(VectorOperators.LSHR, 4);
                    fifth = fifth.lanewise(VectorOperators.LSHR, 8);
                }
            }
        }
    }

    private static void decodeQ6_K(long block, long to, Tile tile, int header) {
        spread(block + 192, 0, tile);
        tile.headers[header + SCALE] = Lanes.half(block + 208);
        for (int half = 0; half < 2; half++) {
            for (int lane = 0; lane < 8; lane += LANES) {
                decodeQ6_K(block, half, lane, to + 512L * half + 4L * lane, tile);
            }
        }
    }

    private static void decodeQ6_K(long block, int half, int lane, long to, Tile tile) {
        IntVector even = load(block + 64L * half, lane);
        IntVector odd = load(block + 64L * half + 32, lane);
        IntVector high = load(block + 128 + 32L * half, lane);
        for (int j = 0; j < 4; j++) {
            for (int plane = 0; plane < 4; plane += 2) {
                int eighth = 4 * half + plane;
                long out = to + 128L * plane + group(j);
                IntVector top = high.and(3).lanewise(VectorOperators.LSHL, 4);
                store(even.and(15).or(top).sub(32), scale(tile, eighth, lane), out);
                top = high.and(12).lanewise(VectorOperators.LSHL, 2);
                store(odd.and(15).or(top).sub(32), scale(tile, eighth + 1, lane), out + 128);
                even = even.lanewise(VectorOperators.LSHR, 4);
                odd = odd.lanewise(VectorOperators.LSHR, 4);
                high = high.lanewise(VectorOperators.LSHR, 4);
            }
        }
    }

    private static void decodeIQ4_XS(long block, long to, Tile tile, int header) {
        tile.headers[header + SCALE] = Lanes.half(block);
        long scales = scalesIQ4_XS(block);
        long bytes = tile.scaleBytes();
        for (int eighth = 0; eighth < 8; eighth++) {
            FloatVector factor = FloatVector.broadcast(FLOATS, (scales >>> (8 * eighth) & 63) - 32);
            long first = MEMORY.get(LONG, block + 8 + 16L * eighth);
            long second = MEMORY.get(LONG, block + 16 + 16L * eighth);
            MEMORY.set(LONG, bytes, first);
            MEMORY.set(LONG, bytes + 8, second);
            MEMORY.set(LONG, bytes + 16, first >>> 4);
            MEMORY.set(LONG, bytes + 24, second >>> 4);
            for (int lane = 0; lane < 8; lane += LANES) {
                IntVector q = load(bytes, lane);
                for (int j = 0; j < 4; j++) {
                    level(q).mul(factor)
                            .intoMemorySegment(MEMORY, to + 128L * eighth + group(j) + 4L * lane, Lanes.ORDER);
                    q = q.lanewise(VectorOperators.LSHR, 8);
                }
            }
        }
    }

    /** The eight six-bit scales of a block of IQ4_XS, a byte each: high two bits in bytes 2 and 3, low four behind. */
    static long scalesIQ4_XS(long block) {
        return Long.expand(Integer.toUnsignedLong(Lanes.bits(block + 4)), 15 * EACH)
                | Long.expand(Lanes.bits(block) >>> 16, 48 * EACH);
    }

    /** The level of IQ4_XS that the lower four bits of each lane count. */
    private static FloatVector level(IntVector q) {
        float[] levels = Codebooks.NON_LINEAR;
        if (LANES == 8) {
            IntVector low = FloatVector.fromArray(FLOATS, levels, 0).reinterpretAsInts();
            IntVector high = FloatVector.fromArray(FLOATS, levels, 8).reinterpretAsInts();
            IntVector seven = q.and(7);
            return seven.selectFrom(low)
                    .blend(seven.selectFrom(high), q.and(8).compare(VectorOperators.NE, 0))
                    .reinterpretAsFloats();
        }
        return Codebooks.select(q, levels, FLOATS);
    }

    /**
     * The first eight of sixteen six-bit scales, a byte each: low four bits in bytes 0 to 7 (two planes), high two in bytes
     * 8 to 11 (four planes).
     */
    static long firstScalesQ3_K(long from) {
        long high = Integer.toUnsignedLong(Lanes.bits(from + 8));
        long top = (high & 0x0303_0303L) | (high >>> 2 & 0x0303_0303L) << 32;
        return (MEMORY.get(LONG, from) & 15 * EACH) | top << 4;
    }

    /** The last eight. */
    static long lastScalesQ3_K(long from) {
        long high = Integer.toUnsignedLong(Lanes.bits(from + 8));
        long top = (high >>> 4 & 0x0303_0303L) | (high >>> 6 & 0x0303_0303L) << 32;
        return (MEMORY.get(LONG, from) >>> 4 & 15 * EACH) | top << 4;
    }

    /** The eight scales of a block of Q4_K or Q5_K to {@link Tile#scales}, all else of its header to the tile's. */
    private static void scalesAndMinima(long block, Tile tile, int header) {
        long scales = sixBitScales(block);
        long minima = sixBitMinima(block);
        for (int l = 0; l < 8; l++) {
            tile.scales[l] = scales >>> (8 * l) & 63;
            float minimum = minima >>> (8 * l) & 63;
            tile.headers[header + l] = minimum;
            tile.headers[header + 8 + l] = minimum;
        }
        tile.headers[header + SCALE] = Lanes.half(block);
        tile.headers[header + SCALE + 1] = Lanes.half(block + 2);
    }

    /**
     * The eight scales of a block of Q4_K or Q5_K, a byte each: those of the first four eighths are the low six bits of
     * bytes 4 to 7; of the others, bytes 12 to 15 hold the low four bits and the top bits of bytes 4 to 7 the high two.
     */
    static long sixBitScales(long block) {
        int first = Lanes.bits(block + 4);
        int last = (Lanes.bits(block + 12) & 0x0f0f_0f0f) | (first >>> 2 & 0x3030_3030);
        return (first & 0x3f3f_3f3f) | (long) last << 32;
    }

    /** The eight minima: bytes 8 to 11, and the upper halves of bytes 12 to 15. */
    static long sixBitMinima(long block) {
        int first = Lanes.bits(block + 8);
        int last = (Lanes.bits(block + 12) >>> 4 & 0x0f0f_0f0f) | (first >>> 2 & 0x3030_3030);
        return (first & 0x3f3f_3f3f) | (long) last << 32;
    }
}
