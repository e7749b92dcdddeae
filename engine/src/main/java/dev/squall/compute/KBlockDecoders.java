package dev.squall.compute;

import static dev.squall.compute.Lanes.floats;
import static dev.squall.compute.Lanes.store;
import static dev.squall.compute.Lanes.unsigned;
import static dev.squall.compute.VectorMath.FLOATS;
import static dev.squall.compute.VectorMath.LANES;
import static dev.squall.compute.WeightMemory.MEMORY;

import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Decoders of {@link BlockDecoders} for blocks of 256 elements whose sub-blocks have quantised scales of their own. A
 * block's scales become floats first, {@link Tile#scales}; then each vector of bytes gives its planes of bits in turn.
 */
final class KBlockDecoders {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(Lanes.ORDER);

    private static final int SCALES = 16;

    /** One in each byte. */
    private static final long EACH = 0x0101_0101_0101_0101L;

    private static final VectorMask<Float> FIRST_EIGHT = FLOATS.indexInRange(0, 8);

    private KBlockDecoders() {}

    static void decodeQ2_K(long from, int n, long to, Tile tile) {
        float[] scales = tile.scales;
        long block = from;
        long out = to;
        for (int k = 0; k < n; k += 256, block += 84, out += 1024) {
            float d = Lanes.half(block + 80);
            float dMin = Lanes.half(block + 82);
            for (int i = 0; i < SCALES; i += LANES) {
                IntVector both = unsigned(block, i);
                floats(both.and(15)).mul(d).intoArray(scales, i);
                floats(both.lanewise(VectorOperators.LSHR, 4)).mul(dMin).intoArray(scales, SCALES + i);
            }
            for (int half = 0; half < 2; half++) {
                for (int i = 0; i < 32; i += LANES) {
                    IntVector q = unsigned(block + 16 + 32L * half, i);
                    for (int plane = 0; plane < 4; plane++) {
                        int scale = 8 * half + 2 * plane + i / 16;
                        store(
                                floats(q.and(3)).mul(scales[scale]).sub(scales[SCALES + scale]),
                                out + 512L * half + 128L * plane + 4L * i);
                        q = q.lanewise(VectorOperators.LSHR, 2);
                    }
                }
            }
        }
    }

    static void decodeQ3_K(long from, int n, long to, Tile tile) {
        float[] scales = tile.scales;
        long block = from;
        long out = to;
        for (int k = 0; k < n; k += 256, block += 110, out += 1024) {
            sixBitScalesQ3_K(block + 96, tile.scaleBytes());
            float d = Lanes.half(block + 108);
            for (int i = 0; i < SCALES; i += LANES) {
                floats(unsigned(tile.scaleBytes(), i).sub(32)).mul(d).intoArray(scales, i);
            }
            for (int half = 0; half < 2; half++) {
                for (int i = 0; i < 32; i += LANES) {
                    IntVector q = unsigned(block + 32 + 32L * half, i);
                    // The third bit of plane p is bit p of the high byte in the first half, bit p + 4 in the second.
                    IntVector high = unsigned(block, i).lanewise(VectorOperators.LSHL, 2);
                    if (half == 1) {
                        high = high.lanewise(VectorOperators.LSHR, 4);
                    }
                    for (int plane = 0; plane < 4; plane++) {
                        IntVector value = q.and(3).or(high.and(4)).sub(4);
                        int scale = 8 * half + 2 * plane + i / 16;
                        store(floats(value).mul(scales[scale]), out + 512L * half + 128L * plane + 4L * i);
                        q = q.lanewise(VectorOperators.LSHR, 2);
                        high = high.lanewise(VectorOperators.LSHR, 1);
                    }
                }
            }
        }
    }

    static void decodeQ4_K(long from, int n, long to, Tile tile) {
        float[] scales = tile.scales;
        long block = from;
        long out = to;
        for (int k = 0; k < n; k += 256, block += 144, out += 1024) {
            scalesAndMinima(block, tile);
            for (int group = 0; group < 4; group++) {
                for (int i = 0; i < 32; i += LANES) {
                    IntVector q = unsigned(block + 16 + 32L * group, i);
                    for (int plane = 0; plane < 2; plane++) {
                        int scale = 2 * group + plane;
                        store(floats(q.and(15)).mul(scales[scale]).sub(scales[8 + scale]), out + 128L * scale + 4L * i);
                        q = q.lanewise(VectorOperators.LSHR, 4);
                    }
                }
            }
        }
    }

    static void decodeQ5_K(long from, int n, long to, Tile tile) {
        float[] scales = tile.scales;
        long block = from;
        long out = to;
        for (int k = 0; k < n; k += 256, block += 176, out += 1024) {
            scalesAndMinima(block, tile);
            for (int i = 0; i < 32; i += LANES) {
                // The fifth bit of plane p of group g is bit 2 g + p of the high byte.
                IntVector high = unsigned(block + 16, i).lanewise(VectorOperators.LSHL, 4);
                for (int group = 0; group < 4; group++) {
                    IntVector q = unsigned(block + 48 + 32L * group, i);
                    for (int plane = 0; plane < 2; plane++) {
                        int scale = 2 * group + plane;
                        store(
                                floats(q.and(15).or(high.and(16)))
                                        .mul(scales[scale])
                                        .sub(scales[8 + scale]),
                                out + 128L * scale + 4L * i);
                        q = q.lanewise(VectorOperators.LSHR, 4);
                        high = high.lanewise(VectorOperators.LSHR, 1);
                    }
                }
            }
        }
    }

    static void decodeQ6_K(long from, int n, long to, Tile tile) {
        float[] scales = tile.scales;
        long block = from;
        long out = to;
        for (int k = 0; k < n; k += 256, block += 210, out += 1024) {
            float d = Lanes.half(block + 208);
            for (int i = 0; i < SCALES; i += LANES) {
                Lanes.signed(block + 192, i).mul(d).intoArray(scales, i);
            }
            for (int half = 0; half < 2; half++) {
                for (int i = 0; i < 32; i += LANES) {
                    IntVector even = unsigned(block + 64L * half, i);
                    IntVector odd = unsigned(block + 64L * half + 32, i);
                    IntVector high = unsigned(block + 128 + 32L * half, i).lanewise(VectorOperators.LSHL, 4);
                    for (int plane = 0; plane < 4; plane += 2) {
                        int scale = 8 * half + 2 * plane + i / 16;
                        long at = out + 512L * half + 128L * plane + 4L * i;
                        IntVector value = even.and(15).or(high.and(48)).sub(32);
                        store(floats(value).mul(scales[scale]), at);
                        high = high.lanewise(VectorOperators.LSHR, 2);
                        value = odd.and(15).or(high.and(48)).sub(32);
                        store(floats(value).mul(scales[scale + 2]), at + 128);
                        high = high.lanewise(VectorOperators.LSHR, 2);
                        even = even.lanewise(VectorOperators.LSHR, 4);
                        odd = odd.lanewise(VectorOperators.LSHR, 4);
                    }
                }
            }
        }
    }

    /**
     * Sixteen six-bit scales to a byte each: low four bits in bytes 0 to 7 (two planes), high two in bytes 8 to 11 (four
     * planes).
     */
    private static void sixBitScalesQ3_K(long from, long to) {
        long low = MEMORY.get(LONG, from);
        long high = Integer.toUnsignedLong(Lanes.bits(from + 8));
        long highOfFirst = (high & 0x0303_0303L) | (high >>> 2 & 0x0303_0303L) << 32;
        long highOfLast = (high >>> 4 & 0x0303_0303L) | (high >>> 6 & 0x0303_0303L) << 32;
        MEMORY.set(LONG, to, (low & 15 * EACH) | highOfFirst << 4);
        MEMORY.set(LONG, to + 8, (low >>> 4 & 15 * EACH) | highOfLast << 4);
    }

    /**
     * To {@link Tile#scales}: the eight scales d·s and from the ninth the minima m·t of a block of Q4_K or Q5_K, six bits each: those of the first
     * four sub-blocks are the low six bits of bytes 0 to 3 and 4 to 7; of the others, bytes 8 to 11 hold the low four bits
     * and the top bits of bytes 0 to 7 the high two.
     */
    private static void scalesAndMinima(long block, Tile tile) {
        int scaleBits = Lanes.bits(block + 4);
        int minimumBits = Lanes.bits(block + 8);
        int low = Lanes.bits(block + 12);
        int upperScales = (low & 0x0f0f_0f0f) | (scaleBits >>> 2 & 0x3030_3030);
        int upperMinima = (low >>> 4 & 0x0f0f_0f0f) | (minimumBits >>> 2 & 0x3030_3030);
        long bytes = tile.scaleBytes();
        MEMORY.set(LONG, bytes, (scaleBits & 0x3f3f_3f3f) | (long) upperScales << 32);
        MEMORY.set(LONG, bytes + 8, (minimumBits & 0x3f3f_3f3f) | (long) upperMinima << 32);
        float d = Lanes.half(block);
        float dMin = Lanes.half(block + 2);
        if (LANES == 16) {
            floats(unsigned(bytes, 0))
                    .mul(FloatVector.broadcast(FLOATS, dMin).blend(d, FIRST_EIGHT))
                    .intoArray(tile.scales, 0);
        } else {
            for (int i = 0; i < 8; i += LANES) {
                floats(unsigned(bytes, i)).mul(d).intoArray(tile.scales, i);
                floats(unsigned(bytes + 8, i)).mul(dMin).intoArray(tile.scales, 8 + i);
            }
        }
    }
}
