package dev.squall.compute;

import static dev.squall.compute.VectorMath.FLOATS;
import static dev.squall.compute.VectorMath.LANES;
import static dev.squall.compute.WeightMemory.MEMORY;

import dev.squall.gguf.BlockCodec;
import dev.squall.model.WeightMatrix;
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
 * Rows of weights to floats with the Vector API, the same bits as {@link BlockCodec} gives. Addresses are into {@link
 * WeightMemory#MEMORY}; the caller has checked the row's range.
 */
final class BlockDecoders {
    private static final ByteOrder LITTLE_ENDIAN = ByteOrder.LITTLE_ENDIAN;
    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(LITTLE_ENDIAN);

    /** As many bytes as a float vector has lanes, or the fewest that a vector of bytes can have. */
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, LANES * 8)));

    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(LANES * 16));
    private static final int BYTE_LANES = BYTES.length();
    private static final int FLOATS_PER_BYTES = BYTE_LANES / LANES;
    private static final int INFINITY_EXPONENT = 0x7c00;

    private BlockDecoders() {}

    /** Decodes {@code w.columns()} elements from {@code address}. */
    static void decode(WeightMatrix w, long address, float[] out, int outOffset) {
        int columns = w.columns();
        switch (w.type()) {
            case F32 -> decodeF32(address, columns, out, outOffset);
            case F16 -> decodeF16(address, columns, out, outOffset);
            case BF16 -> decodeBf16(address, columns, out, outOffset);
            case Q8_0 -> decodeQ8_0(address, columns, out, outOffset);
            case Q4_0 -> decodeQ4_0(address, columns, out, outOffset);
            case Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4 ->
                BlockCodec.decode(w.type(), MEMORY, address, out, outOffset, columns);
        }
    }

    /** The half-precision float at an address. */
    static float half(long address) {
        return Float.float16ToFloat(MEMORY.get(HALF, address));
    }

    /** As many signed bytes as there are lanes, as floats. Where a vector of bytes is wider, {@code part} tells which. */
    static FloatVector bytes(long address, int part) {
        return (FloatVector) ByteVector.fromMemorySegment(BYTES, MEMORY, address, LITTLE_ENDIAN)
                .castShape(FLOATS, part);
    }

    private static void decodeF32(long address, int columns, float[] out, int outOffset) {
        int whole = FLOATS.loopBound(columns);
        for (int k = 0; k < whole; k += LANES) {
            FloatVector.fromMemorySegment(FLOATS, MEMORY, address + 4L * k, LITTLE_ENDIAN)
                    .intoArray(out, outOffset + k);
        }
        for (int k = whole; k < columns; k++) {
            out[outOffset + k] = MEMORY.get(FLOAT, address + 4L * k);
        }
    }

    private static void decodeF16(long address, int columns, float[] out, int outOffset) {
        int whole = FLOATS.loopBound(columns);
        for (int k = 0; k < whole; k += LANES) {
            halves(address + 2L * k).intoArray(out, outOffset + k);
        }
        for (int k = whole; k < columns; k++) {
            out[outOffset + k] = half(address + 2L * k);
        }
    }

    /**
     * LANES half-precision floats at an address. Shifting exponent and fraction into a float's place and multiplying by
     * 2^112 corrects the exponent's bias, subnormals included; infinities and NaN get the float's exponent put in.
     */
    static FloatVector halves(long address) {
        IntVector bits = (IntVector) ShortVector.fromMemorySegment(SHORTS, MEMORY, address, LITTLE_ENDIAN)
                .castShape(VectorMath.INTS, 0);
        IntVector magnitude = bits.and(0x7fff);
        FloatVector scaled = magnitude
                .lanewise(VectorOperators.LSHL, 13)
                .reinterpretAsFloats()
                .mul(0x1p112f);
        IntVector finite = scaled.reinterpretAsInts();
        IntVector special = finite.or(0x7f800000);
        IntVector value = finite.blend(special, magnitude.compare(VectorOperators.GE, INFINITY_EXPONENT));
        return value.or(bits.and(0x80000000)).reinterpretAsFloats();
    }

    private static void decodeBf16(long address, int columns, float[] out, int outOffset) {
        int whole = FLOATS.loopBound(columns);
        for (int k = 0; k < whole; k += LANES) {
            ((IntVector) ShortVector.fromMemorySegment(SHORTS, MEMORY, address + 2L * k, LITTLE_ENDIAN)
                            .castShape(VectorMath.INTS, 0))
                    .lanewise(VectorOperators.LSHL, 16)
                    .reinterpretAsFloats()
                    .intoArray(out, outOffset + k);
        }
        for (int k = whole; k < columns; k++) {
            out[outOffset + k] = Float.intBitsToFloat(MEMORY.get(HALF, address + 2L * k) << 16);
        }
    }

    /** Blocks of a half d and 32 signed bytes q: w = d·q, exact in a float. */
    private static void decodeQ8_0(long address, int columns, float[] out, int outOffset) {
        long block = address;
        for (int k = 0; k < columns; k += 32, block += 34) {
            float d = half(block);
            for (int i = 0; i < 32; i += BYTE_LANES) {
                for (int part = 0; part < FLOATS_PER_BYTES; part++) {
                    bytes(block + 2 + i, part).mul(d).intoArray(out, outOffset + k + i + part * LANES);
                }
            }
        }
    }

    /** Blocks of a half d and 16 bytes; byte i holds elements i (low four bits) and i + 16: w = d·(q - 8), exact. */
    private static void decodeQ4_0(long address, int columns, float[] out, int outOffset) {
        long block = address;
        for (int k = 0; k < columns; k += 32, block += 18) {
            float d = half(block);
            for (int i = 0; i < 16; i += BYTE_LANES) {
                ByteVector packed = ByteVector.fromMemorySegment(BYTES, MEMORY, block + 2 + i, LITTLE_ENDIAN);
                ByteVector low = packed.and((byte) 0x0f).sub((byte) 8);
                ByteVector high = packed.lanewise(VectorOperators.LSHR, 4)
                        .and((byte) 0x0f)
                        .sub((byte) 8);
                for (int part = 0; part < FLOATS_PER_BYTES; part++) {
                    int at = outOffset + k + i + part * LANES;
                    ((FloatVector) low.castShape(FLOATS, part)).mul(d).intoArray(out, at);
                    ((FloatVector) high.castShape(FLOATS, part)).mul(d).intoArray(out, at + 16);
                }
            }
        }
    }
}
