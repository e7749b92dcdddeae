package dev.squall.compute;

import static dev.squall.compute.VectorMath.FLOATS;
import static dev.squall.compute.VectorMath.INTS;
import static dev.squall.compute.VectorMath.LANES;
import static dev.squall.compute.WeightMemory.MEMORY;

import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Decoders of {@link BlockDecoders} for the types whose four-bit quants index sixteen levels. The levels are one, two or
 * four vectors of floats, and a vector of quants selects from them.
 */
final class Codebooks {
    private static final float[] NON_LINEAR = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
    };

    /** Twice the floats of E2M1, so that all are whole; the scale is halved instead. */
    private static final float[] E2M1_DOUBLED = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

    private Codebooks() {}

    static void decodeIQ4_NL(long from, int n, long to) {
        long out = to;
        for (long block = from; out < to + 4L * n; block += 18, out += 128) {
            decodeGroup(NON_LINEAR, Lanes.broadcastHalf(block), block + 2, out);
        }
    }

    static void decodeMXFP4(long from, int n, long to) {
        long out = to;
        for (long block = from; out < to + 4L * n; block += 17, out += 128) {
            int exponent = Byte.toUnsignedInt(MEMORY.get(ValueLayout.JAVA_BYTE, block));
            // 2^(exponent - 128), subnormal below 2.
            int scale = exponent < 2 ? 0x0020_0000 << exponent : (exponent - 1) << 23;
            FloatVector d = IntVector.broadcast(INTS, scale).reinterpretAsFloats();
            decodeGroup(E2M1_DOUBLED, d, block + 1, out);
        }
    }

    static void decodeIQ4_XS(long from, int n, long to) {
        long out = to;
        for (long block = from; out < to + 4L * n; block += 136) {
            float d = Lanes.half(block);
            int highBits = Lanes.bits(block) >>> 16;
            int lowBits = Lanes.bits(block + 4);
            for (int j = 0; j < 8; j++, out += 128) {
                int scale = (lowBits >>> (4 * j) & 15) | (highBits >>> (2 * j) & 3) << 4;
                FloatVector groupScale = FloatVector.broadcast(FLOATS, d * (scale - 32));
                decodeGroup(NON_LINEAR, groupScale, block + 8 + 16L * j, out);
            }
        }
    }

    /** 32 elements: byte i of 16 has the quants of elements i and i + 16. */
    private static void decodeGroup(float[] levels, FloatVector d, long quants, long out) {
        for (int i = 0; i < 16; i += LANES) {
            IntVector q = Lanes.unsigned(quants, i);
            Lanes.store(select(q, levels).mul(d), out + 4L * i);
            Lanes.store(select(q.lanewise(VectorOperators.LSHR, 4), levels).mul(d), out + 4L * i + 64);
        }
    }

    /** The level that the lower four bits of each lane count. */
    private static FloatVector select(IntVector q, float[] levels) {
        if (LANES == 16) {
            return q.selectFrom(part(levels, 0)).reinterpretAsFloats();
        }
        if (LANES == 8) {
            return q.selectFrom(part(levels, 0), part(levels, 1)).reinterpretAsFloats();
        }
        IntVector lower = q.selectFrom(part(levels, 0), part(levels, 1));
        IntVector upper = q.selectFrom(part(levels, 2), part(levels, 3));
        return lower.blend(upper, q.and(8).compare(VectorOperators.NE, 0)).reinterpretAsFloats();
    }

    private static IntVector part(float[] levels, int part) {
        return FloatVector.fromArray(FLOATS, levels, part * LANES).reinterpretAsInts();
    }
}
