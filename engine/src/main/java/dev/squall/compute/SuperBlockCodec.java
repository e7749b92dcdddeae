package dev.squall.compute;

import dev.squall.gguf.BlockCodec;
import dev.squall.gguf.BlockType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * One super-block as the integers that {@link SuperBlocks} multiplies, in plain Java: {@code s · q} of each element, at its
 * {@link SuperBlocks#position}, and the header. {@link BlockCodec}'s Javadoc has the layouts.
 */
final class SuperBlockCodec {
    /** Floats of a header: m of even sixteenths, of odd ones, d, dMin. */
    static final int HEADER = 18;

    /** Where a header has d; dMin follows. */
    static final int SCALE = 16;

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment data;
    private final long block;
    private final float[] out;
    private final int outOffset;

    private SuperBlockCodec(MemorySegment data, long block, float[] out, int outOffset) {
        this.data = data;
        this.block = block;
        this.out = out;
        this.outOffset = outOffset;
    }

    /** Whether a type is one of super-blocks. */
    static boolean has(BlockType type) {
        return type.blockElements() == SuperBlocks.ELEMENTS;
    }

    /** Whether its weights have minima. */
    static boolean hasMinima(BlockType type) {
        return switch (type) {
            case Q2_K, Q4_K, Q5_K -> true;
            case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4, Q3_K, Q6_K, IQ4_XS -> false;
        };
    }

    /** Whether each minimum is that of an eighth, so of two sixteenths. */
    static boolean hasMinimaOfEighths(BlockType type) {
        return switch (type) {
            case Q4_K, Q5_K -> true;
            case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4, Q2_K, Q3_K, Q6_K, IQ4_XS -> false;
        };
    }

    /** Decodes the block at {@code block} to 256 floats and a header. */
    static void decode(
            BlockType type, MemorySegment data, long block, float[] out, int outOffset, float[] header, int at) {
        SuperBlockCodec codec = new SuperBlockCodec(data, block, out, outOffset);
        switch (type) {
            case Q2_K -> codec.decodeQ2_K(header, at);
            case Q3_K -> codec.decodeQ3_K(header, at);
            case Q4_K -> codec.decodeQ4_K(header, at);
            case Q5_K -> codec.decodeQ5_K(header, at);
            case Q6_K -> codec.decodeQ6_K(header, at);
            case IQ4_XS -> codec.decodeIQ4_XS(header, at);
            case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4 -> throw new AssertionError(type);
        }
    }

    private int u8(int at) {
        return Byte.toUnsignedInt(data.get(ValueLayout.JAVA_BYTE, block + at));
    }

    private float half(int at) {
        return Float.float16ToFloat(data.get(SHORT, block + at));
    }

    private void set(int element, int value) {
        out[outOffset + SuperBlocks.position(element)] = value;
    }

    private void decodeQ2_K(float[] header, int at) {
        for (int e = 0; e < 256; e++) {
            int q = u8(16 + 32 * (e / 128) + e % 32) >> (2 * (e / 32 % 4)) & 3;
            set(e, q * (u8(e / 16) & 15));
        }
        for (int l = 0; l < 8; l++) {
            header[at + l] = u8(2 * l) >> 4;
            header[at + 8 + l] = u8(2 * l + 1) >> 4;
        }
        header[at + SCALE] = half(80);
        header[at + SCALE + 1] = half(82);
    }

    private void decodeQ3_K(float[] header, int at) {
        for (int e = 0; e < 256; e++) {
            int low = u8(32 + 32 * (e / 128) + e % 32) >> (2 * (e / 32 % 4)) & 3;
            int high = u8(e % 32) >> (e / 32) & 1;
            set(e, (low + 4 * high - 4) * scaleQ3_K(e / 16));
        }
        header[at + SCALE] = half(108);
    }

    /** Low four bits in bytes 96 to 103 (two planes), high two in bytes 104 to 107 (four planes). */
    private int scaleQ3_K(int i) {
        int low = u8(96 + i % 8) >> (4 * (i / 8)) & 15;
        int high = u8(104 + i % 4) >> (2 * (i / 4)) & 3;
        return low + 16 * high - 32;
    }

    private void decodeQ4_K(float[] header, int at) {
        for (int e = 0; e < 256; e++) {
            int q = u8(16 + 32 * (e / 64) + e % 32) >> (4 * (e / 32 % 2)) & 15;
            set(e, q * sixBits(4, 0, e / 32));
        }
        setSixBitMinima(header, at);
    }

    private void decodeQ5_K(float[] header, int at) {
        for (int e = 0; e < 256; e++) {
            int low = u8(48 + 32 * (e / 64) + e % 32) >> (4 * (e / 32 % 2)) & 15;
            int high = u8(16 + e % 32) >> (e / 32) & 1;
            set(e, (low + 16 * high) * sixBits(4, 0, e / 32));
        }
        setSixBitMinima(header, at);
    }

    private void setSixBitMinima(float[] header, int at) {
        for (int l = 0; l < 8; l++) {
            float minimum = sixBits(8, 4, l);
            header[at + l] = minimum;
            header[at + 8 + l] = minimum;
        }
        header[at + SCALE] = half(0);
        header[at + SCALE + 1] = half(2);
    }

    /** Of eight: the low six bits of four bytes; then four bits of bytes 12 to 15 under the two top bits of those. */
    private int sixBits(int first, int shift, int i) {
        if (i < 4) {
            return u8(first + i) & 63;
        }
        return (u8(12 + i % 4) >> shift & 15) | u8(first + i % 4) >> 6 << 4;
    }

    private void decodeQ6_K(float[] header, int at) {
        for (int e = 0; e < 256; e++) {
            int half = e / 128;
            int low = u8(64 * half + e % 64) >> (4 * (e / 64 % 2)) & 15;
            int high = u8(128 + 32 * half + e % 32) >> (2 * (e / 32 % 4)) & 3;
            int scale = data.get(ValueLayout.JAVA_BYTE, block + 192 + e / 16);
            set(e, (low + 16 * high - 32) * scale);
        }
        header[at + SCALE] = half(208);
    }

    private void decodeIQ4_XS(float[] header, int at) {
        for (int e = 0; e < 256; e++) {
            int sub = e / 32;
            int q = u8(8 + 16 * sub + e % 16) >> (4 * (e / 16 % 2)) & 15;
            int scale = (u8(4 + sub / 2) >> (4 * (sub % 2)) & 15) | (u8(2 + sub / 4) >> (2 * (sub % 4)) & 3) << 4;
            set(e, (int) (Codebooks.NON_LINEAR[q] * (scale - 32)));
        }
        header[at + SCALE] = half(0);
    }
}
