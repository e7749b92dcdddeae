package dev.squall.compute;

import static dev.squall.compute.VectorMath.FLOATS;
import static dev.squall.compute.VectorMath.INTS;
import static dev.squall.compute.VectorMath.LANES;
import static dev.squall.compute.WeightMemory.MEMORY;

import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Decoders of {@link BlockDecoders} for the types whose four-bit quants index sixteen levels. The levels are one, two or
 * four vectors of floats, and a vector of quants selects from them.
 */
final class Codebooks {
    /** The levels of Q4_0. */
    static final float[] LINEAR = {-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7};

    /** The levels of Q4_1, before its scale and minimum. */
    static final float[] COUNTING = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

    /** The levels of IQ4_NL and IQ4_XS. */
    static final float[] NON_LINEAR = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

    /** Twice the floats of E2M1, so that all are whole; the scale is halved instead. */
    static final float[] E2M1_DOUBLED = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

    private Codebooks() {}

    static void decodeIQ4_NL(long from, int n, long to) {
        long block = from;
        long out = to;
        for (int k = 0; k < n; k += 32, block += 18, out += 128) {
            decodeGroup(NON_LINEAR, Lanes.broadcastHalf(block), block + 2, out);
        }
    }

    static void decodeMXFP4(long from, int n, long to) {
        long block = from;
        long out = to;
        for (int k = 0; k < n; k += 32, block += 17, out += 128) {
            decodeGroup(E2M1_DOUBLED, scaleMXFP4(block), block + 1, out);
        }
    }

    /** 2^(exponent - 128), which is subnormal for exponents below 2, in every lane. */
    static FloatVector scaleMXFP4(long block) {
        int exponent = Byte.toUnsignedInt(MEMORY.get(ValueLayout.JAVA_BYTE, block));
        int bits = exponent < 2 ? 0x0020_0000 << exponent : (exponent - 1) << 23;
        return IntVector.broadcast(INTS, bits).reinterpretAsFloats();
    }

    /** 32 elements: byte i of 16 has the quants of elements i and i + 16. */
    private static void decodeGroup(float[] levels, FloatVector d, long quants, long out) {
        for (int i = 0; i < 16; i += LANES) {
            IntVector q = Lanes.unsigned(quants, i);
            Lanes.store(select(q, levels, FLOATS).mul(d), out + 4L * i);
            Lanes.store(
                    select(q.lanewise(VectorOperators.LSHR, 4), levels, FLOATS).mul(d), out + 4L * i + 64);
        }
    }

    /** The level that the lower four bits of each lane count. */
    static FloatVector select(IntVector q, float[] levels, VectorSpecies<Float> species) {
        return switch (species.length()) {
            case 16 -> q.selectFrom(part(levels, 0, species)).reinterpretAsFloats();
            case 8 ->
                q.selectFrom(part(levels, 0, species), part(levels, 1, species)).reinterpretAsFloats();
            default -> {
                IntVector lower = q.selectFrom(part(levels, 0, species), part(levels, 1, species));
                IntVector upper = q.selectFrom(part(levels, 2, species), part(levels, 3, species));
                yield lower.blend(upper, q.and(8).compare(VectorOperators.NE, 0))
                        .reinterpretAsFloats();
            }
        };
    }

    private static IntVector part(float[] levels, int part, VectorSpecies<Float> species) {
        return FloatVector.fromArray(species, levels, part * species.length()).reinterpretAsInts();
    }
}
