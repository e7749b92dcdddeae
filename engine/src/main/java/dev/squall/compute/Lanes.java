package dev.squall.compute;

import static dev.squall.compute.VectorMath.FLOATS;
import static dev.squall.compute.VectorMath.INTS;
import static dev.squall.compute.VectorMath.LANES;
import static dev.squall.compute.WeightMemory.MEMORY;

import dev.squall.gguf.BlockType;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * As many numbers as a float vector has lanes, read from {@link WeightMemory#MEMORY} in the small formats that blocks are
 * made of, all little endian. The caller has checked the range.
 */
final class Lanes {
    static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ORDER);

    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ORDER);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ORDER);

    /** As many bytes as there are lanes, or the fewest that a vector of bytes can have. */
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, LANES * 8)));

    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(LANES * 16));
    private static final int BYTES_PER_LANE = BYTES.length() / LANES;

    /** Every half-precision float by its bits. */
    private static final float[] HALVES = new float[1 << 16];

    static {
        for (int bits = 0; bits < HALVES.length; bits++) {
            HALVES[bits] = Float.float16ToFloat((short) bits);
        }
    }

    private Lanes() {}

    /** Bytes {@code i} to {@code i + LANES - 1} of a run of at least eight, from 0 to 255; i is a multiple of LANES. */
    static IntVector unsigned(long run, int i) {
        if (BYTES_PER_LANE == 1) {
            return (IntVector) ByteVector.fromMemorySegment(BYTES, MEMORY, run + i, ORDER)
                    .convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0);
        }
        return (IntVector) ByteVector.fromMemorySegment(BYTES, MEMORY, run + (i & ~7), ORDER)
                .convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, i / LANES % BYTES_PER_LANE);
    }

    /** Bytes as {@link #unsigned} takes them, from -128 to 127, as floats. */
    static FloatVector signed(long run, int i) {
        if (BYTES_PER_LANE == 1) {
            return (FloatVector)
                    ByteVector.fromMemorySegment(BYTES, MEMORY, run + i, ORDER).castShape(FLOATS, 0);
        }
        return (FloatVector) ByteVector.fromMemorySegment(BYTES, MEMORY, run + (i & ~7), ORDER)
                .castShape(FLOATS, i / LANES % BYTES_PER_LANE);
    }

    /** Integers as floats. */
    static FloatVector floats(IntVector integers) {
        return (FloatVector) integers.castShape(FLOATS, 0);
    }

    /** The 32 bits at an address. */
    static int bits(long address) {
        return MEMORY.get(INT, address);
    }

    /** Element {@code i} of a row of plain floats. */
    static float element(BlockType type, long row, int i) {
        return switch (type) {
            case F32 -> MEMORY.get(FLOAT, row + 4L * i);
            case F16 -> half(row + 2L * i);
            case BF16 -> Float.intBitsToFloat(MEMORY.get(HALF, row + 2L * i) << 16);
            case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_XS ->
                throw new AssertionError(type);
        };
    }

    /** The half-precision float at an address. */
    static float half(long address) {
        return Float.float16ToFloat(MEMORY.get(HALF, address));
    }

    /** The half-precision float at an address in every lane, from a table: loads are cheap where conversions are not. */
    static FloatVector broadcastHalf(long address) {
        return FloatVector.broadcast(FLOATS, HALVES[MEMORY.get(HALF, address) & 0xffff]);
    }

    /** Half-precision floats as floats. Plain Java: the compiler makes vectors of it, and knows the conversion. */
    static void halves(long address, int n, float[] out) {
        for (int i = 0; i < n; i++) {
            out[i] = Float.float16ToFloat(MEMORY.get(HALF, address + 2L * i));
        }
    }

    /** The half-precision floats in the lower halves of integers. */
    static FloatVector lowerHalves(IntVector bits) {
        IntVector magnitude = bits.and(0x7fff).lanewise(VectorOperators.LSHL, 13);
        IntVector finite = magnitude.reinterpretAsFloats().mul(0x1p112f).reinterpretAsInts();
        IntVector value = finite.blend(magnitude.or(0x7f80_0000), magnitude.compare(VectorOperators.GE, 0x0f80_0000));
        return bits.and(0x8000).lanewise(VectorOperators.LSHL, 16).or(value).reinterpretAsFloats();
    }

    /** 16-bit integers, signed. */
    static IntVector signedShorts(long address) {
        return (IntVector)
                ShortVector.fromMemorySegment(SHORTS, MEMORY, address, ORDER).castShape(INTS, 0);
    }

    /** The upper halves of floats. */
    static FloatVector upperHalves(long address) {
        return signedShorts(address).lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(FLOATS, MEMORY, address, ORDER);
    }

    static void store(FloatVector v, long address) {
        v.intoMemorySegment(MEMORY, address, ORDER);
    }
}
