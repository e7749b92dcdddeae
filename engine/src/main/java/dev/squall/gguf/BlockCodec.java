package dev.squall.gguf;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * Decodes and encodes rows of blocks one number at a time: the oracle that every kernel is tested against, and the
 * quantiser of tests and experiments. Decoding is exact, bit for bit what ggml's {@code dequantize_row_*} gives, up to the
 * payload of NaNs. Safe for any thread.
 *
 * <p>Layouts, little endian, in the order of their bytes; {@code f16} is an IEEE half float, {@code u4[n]} are n/2 bytes.
 * In blocks of 32, byte j of the quants holds element j in its low bits and element j + 16 in its high bits. The error is
 * that of {@link #encode} for an element x of a block whose greatest magnitude is a and whose range is r = max - min:
 *
 * <table>
 * <caption>Blocks</caption>
 * <tr><th>type</th><th>bytes</th><th>value</th><th>error</th></tr>
 * <tr><td>F32</td><td>f32</td><td>as it is</td><td>0</td></tr>
 * <tr><td>F16</td><td>f16</td><td>as it is</td><td>2^-11 |x| + 2^-25</td></tr>
 * <tr><td>BF16</td><td>upper half of an f32</td><td>as it is</td><td>2^-8 |x|</td></tr>
 * <tr><td>Q8_0</td><td>d f16, q i8[32]</td><td>d q</td><td>a / 254 + a / 2048</td></tr>
 * <tr><td>Q4_0</td><td>d f16, q u4[32]</td><td>d (q - 8)</td><td>a / 8 + a / 2048</td></tr>
 * <tr><td>Q4_1</td><td>d f16, m f16, q u4[32]</td><td>d q + m</td><td>r / 30 + (a + r) / 2048</td></tr>
 * <tr><td>Q5_0</td><td>d f16, h u1[32], q u4[32]</td><td>d (q + 16 h - 16)</td><td>a / 16 + a / 2048</td></tr>
 * <tr><td>Q5_1</td><td>d f16, m f16, h u1[32], q u4[32]</td><td>d (q + 16 h) + m</td><td>r / 62 + (a + r) / 2048</td></tr>
 * <tr><td>Q2_K</td><td>s u8[16], q u2[256], d f16, m f16</td><td>d (s &amp; 15) q - m (s &gt;&gt; 4), s per 16</td>
 *     <td>30% (rms, relative to normal data)</td></tr>
 * <tr><td>Q3_K</td><td>h u1[256], q u2[256], s i6[16], d f16</td><td>d (s - 32) (q + 4 h - 4), s per 16</td>
 *     <td>16% (likewise)</td></tr>
 * <tr><td>Q4_K</td><td>d f16, m f16, (s, t) u6[8], q u4[256]</td><td>d s q - m t, s and t per 32</td>
 *     <td>8% (likewise)</td></tr>
 * <tr><td>Q5_K</td><td>d f16, m f16, (s, t) u6[8], h u1[256], q u4[256]</td><td>d s (q + 16 h) - m t, s and t per 32</td>
 *     <td>4% (likewise)</td></tr>
 * <tr><td>Q6_K</td><td>q u4[256], h u2[256], s i8[16], d f16</td><td>d s (q + 16 h - 32), s per 16</td>
 *     <td>2% (likewise)</td></tr>
 * <tr><td>IQ4_NL</td><td>d f16, q u4[32]</td><td>d c[q], c the levels below</td><td>8% (likewise)</td></tr>
 * <tr><td>IQ4_XS</td><td>d f16, s u6[8] (high bits u16, low bits u4[8]), q u4[256]</td>
 *     <td>d (s - 32) c[q], s per 32</td><td>8% (likewise)</td></tr>
 * <tr><td>MXFP4</td><td>e u8, q u4[32]</td><td>2^(e - 127) times the E2M1 float q</td><td>a / 2</td></tr>
 * </table>
 *
 * <p>The sixteen levels c of IQ4_NL and IQ4_XS are -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89 and
 * 113. Scales too small for a normal half float lose more than the table says.
 */
public final class BlockCodec {
    private BlockCodec() {}

    /** Decodes the block at an offset into an array. */
    @FunctionalInterface
    private interface BlockDecoder {
        void decode(MemorySegment data, long offset, float[] out, int outOffset);
    }

    /** Encodes as many elements as a block has. */
    @FunctionalInterface
    private interface BlockEncoder {
        void encode(float[] in, int inOffset, MemorySegment out, long offset);
    }

    /**
     * Decodes {@code elements} numbers from {@code data} at {@code offsetBytes} to {@code out} at {@code outOffset}.
     *
     * @throws IllegalArgumentException if elements is negative or no multiple of the type's block elements
     * @throws IndexOutOfBoundsException if data or out are too short
     */
    public static void decode(
            BlockType type, MemorySegment data, long offsetBytes, float[] out, int outOffset, int elements) {
        long bytes = type.rowBytes(elements);
        Objects.checkFromIndexSize(offsetBytes, bytes, data.byteSize());
        Objects.checkFromIndexSize(outOffset, elements, out.length);
        switch (type) {
            case F32 -> MemorySegment.copy(data, LittleEndian.FLOAT32, offsetBytes, out, outOffset, elements);
            case F16 -> {
                for (int i = 0; i < elements; i++) {
                    out[outOffset + i] = LittleEndian.float16(data, offsetBytes + 2L * i);
                }
            }
            case BF16 -> {
                for (int i = 0; i < elements; i++) {
                    int upper = data.get(LittleEndian.INT16, offsetBytes + 2L * i);
                    out[outOffset + i] = Float.intBitsToFloat(upper << 16);
                }
            }
            case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4 -> {
                BlockDecoder decoder = decoder(type);
                for (int i = 0; i < elements / type.blockElements(); i++) {
                    decoder.decode(
                            data,
                            offsetBytes + (long) i * type.blockBytes(),
                            out,
                            outOffset + i * type.blockElements());
                }
            }
        }
    }

    /**
     * Encodes {@code elements} numbers from {@code in} at {@code inOffset} to {@code out} at {@code offsetBytes}. Q4_0,
     * Q4_1, Q5_0, Q5_1, Q8_0 and MXFP4 are bit for bit what ggml's {@code quantize_row_*_ref} gives; the others fit their
     * scales by least squares without weights.
     *
     * @throws IllegalArgumentException if elements is negative or no multiple of the type's block elements, or a number
     *     is beyond what the type can hold: NaN or infinite for a quantised type, beyond a half float for F16 and scales
     * @throws IndexOutOfBoundsException if in or out are too short
     */
    public static void encode(
            BlockType type, float[] in, int inOffset, int elements, MemorySegment out, long offsetBytes) {
        long bytes = type.rowBytes(elements);
        Objects.checkFromIndexSize(offsetBytes, bytes, out.byteSize());
        Objects.checkFromIndexSize(inOffset, elements, in.length);
        switch (type) {
            case F32 -> MemorySegment.copy(in, inOffset, out, LittleEndian.FLOAT32, offsetBytes, elements);
            case F16 -> {
                for (int i = 0; i < elements; i++) {
                    float value = in[inOffset + i];
                    short half = Float.isFinite(value) ? finiteFloat16(value) : Float.floatToFloat16(value);
                    out.set(LittleEndian.INT16, offsetBytes + 2L * i, half);
                }
            }
            case BF16 -> {
                for (int i = 0; i < elements; i++) {
                    out.set(LittleEndian.INT16, offsetBytes + 2L * i, bfloat16(in[inOffset + i]));
                }
            }
            case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4 -> {
                checkFinite(type, in, inOffset, elements);
                BlockEncoder encoder = encoder(type);
                for (int i = 0; i < elements / type.blockElements(); i++) {
                    encoder.encode(
                            in, inOffset + i * type.blockElements(), out, offsetBytes + (long) i * type.blockBytes());
                }
            }
        }
    }

    private static BlockDecoder decoder(BlockType type) {
        return switch (type) {
            case F32, F16, BF16 -> throw new AssertionError(type);
            case Q4_0 -> LegacyBlocks::decodeQ4_0;
            case Q4_1 -> LegacyBlocks::decodeQ4_1;
            case Q5_0 -> LegacyBlocks::decodeQ5_0;
            case Q5_1 -> LegacyBlocks::decodeQ5_1;
            case Q8_0 -> LegacyBlocks::decodeQ8_0;
            case Q2_K -> KBlocks::decodeQ2_K;
            case Q3_K -> KBlocks::decodeQ3_K;
            case Q4_K -> KBlocks::decodeQ4_K;
            case Q5_K -> KBlocks::decodeQ5_K;
            case Q6_K -> KBlocks::decodeQ6_K;
            case IQ4_NL -> CodebookBlocks::decodeIQ4_NL;
            case IQ4_XS -> CodebookBlocks::decodeIQ4_XS;
            case MXFP4 -> CodebookBlocks::decodeMXFP4;
        };
    }

    private static BlockEncoder encoder(BlockType type) {
        return switch (type) {
            case F32, F16, BF16 -> throw new AssertionError(type);
            case Q4_0 -> LegacyBlocks::encodeQ4_0;
            case Q4_1 -> LegacyBlocks::encodeQ4_1;
            case Q5_0 -> LegacyBlocks::encodeQ5_0;
            case Q5_1 -> LegacyBlocks::encodeQ5_1;
            case Q8_0 -> LegacyBlocks::encodeQ8_0;
            case Q2_K -> KBlockEncoder::encodeQ2_K;
            case Q3_K -> KBlockEncoder::encodeQ3_K;
            case Q4_K -> KBlockEncoder::encodeQ4_K;
            case Q5_K -> KBlockEncoder::encodeQ5_K;
            case Q6_K -> KBlockEncoder::encodeQ6_K;
            case IQ4_NL -> CodebookBlocks::encodeIQ4_NL;
            case IQ4_XS -> CodebookBlocks::encodeIQ4_XS;
            case MXFP4 -> CodebookBlocks::encodeMXFP4;
        };
    }

    private static void checkFinite(BlockType type, float[] in, int inOffset, int elements) {
        for (int i = 0; i < elements; i++) {
            if (!Float.isFinite(in[inOffset + i])) {
                throw new IllegalArgumentException("element %d to encode as %s: %s, expected a finite number"
                        .formatted(i, type, in[inOffset + i]));
            }
        }
    }

    /** The nearest half float, ties to even. */
    static short finiteFloat16(float value) {
        short half = Float.floatToFloat16(value);
        if ((half & 0x7FFF) == 0x7C00) {
            throw new IllegalArgumentException(
                    "number or scale to encode: %s, expected one that a half float can hold".formatted(value));
        }
        return half;
    }

    /** The nearest bfloat16, ties to even; NaNs stay NaNs. */
    private static short bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >>> 16) | 0x40);
        }
        return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
    }
}
