package dev.squall.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The blocks of 32 elements with one linear scale: Q4_0, Q4_1, Q5_0, Q5_1 and Q8_0. {@link BlockCodec} has their layouts
 * and checks all arguments.
 */
final class LegacyBlocks {
    private static final int ELEMENTS = 32;
    private static final int HALF = ELEMENTS / 2;

    private LegacyBlocks() {}

    static void decodeQ4_0(MemorySegment data, long offset, float[] out, int outOffset) {
        float scale = LittleEndian.float16(data, offset);
        for (int i = 0; i < HALF; i++) {
            int quants = LittleEndian.unsigned8(data, offset + 2 + i);
            out[outOffset + i] = ((quants & 15) - 8) * scale;
            out[outOffset + i + HALF] = ((quants >> 4) - 8) * scale;
        }
    }

    static void decodeQ4_1(MemorySegment data, long offset, float[] out, int outOffset) {
        float scale = LittleEndian.float16(data, offset);
        float min = LittleEndian.float16(data, offset + 2);
        for (int i = 0; i < HALF; i++) {
            int quants = LittleEndian.unsigned8(data, offset + 4 + i);
            out[outOffset + i] = (quants & 15) * scale + min;
            out[outOffset + i + HALF] = (quants >> 4) * scale + min;
        }
    }

    static void decodeQ5_0(MemorySegment data, long offset, float[] out, int outOffset) {
        float scale = LittleEndian.float16(data, offset);
        int highBits = data.get(LittleEndian.INT32, offset + 2);
        for (int i = 0; i < HALF; i++) {
            int quants = LittleEndian.unsigned8(data, offset + 6 + i);
            out[outOffset + i] = (((quants & 15) | bit(highBits, i) << 4) - 16) * scale;
            out[outOffset + i + HALF] = (((quants >> 4) | bit(highBits, i + HALF) << 4) - 16) * scale;
        }
    }

    static void decodeQ5_1(MemorySegment data, long offset, float[] out, int outOffset) {
        float scale = LittleEndian.float16(data, offset);
        float min = LittleEndian.float16(data, offset + 2);
        int highBits = data.get(LittleEndian.INT32, offset + 4);
        for (int i = 0; i < HALF; i++) {
            int quants = LittleEndian.unsigned8(data, offset + 8 + i);
            out[outOffset + i] = ((quants & 15) | bit(highBits, i) << 4) * scale + min;
            out[outOffset + i + HALF] = ((quants >> 4) | bit(highBits, i + HALF) << 4) * scale + min;
        }
    }

    static void decodeQ8_0(MemorySegment data, long offset, float[] out, int outOffset) {
        float scale = LittleEndian.float16(data, offset);
        for (int i = 0; i < ELEMENTS; i++) {
            out[outOffset + i] = LittleEndian.signed8(data, offset + 2 + i) * scale;
        }
    }

    static void encodeQ4_0(float[] in, int inOffset, MemorySegment out, long offset) {
        float scale = signedExtreme(in, inOffset) / -8;
        float inverse = inverse(scale);
        out.set(LittleEndian.INT16, offset, BlockCodec.finiteFloat16(scale));
        for (int i = 0; i < HALF; i++) {
            int low = Math.min(15, (int) (in[inOffset + i] * inverse + 8.5f));
            int high = Math.min(15, (int) (in[inOffset + i + HALF] * inverse + 8.5f));
            out.set(ValueLayout.JAVA_BYTE, offset + 2 + i, (byte) (low | high << 4));
        }
    }

    static void encodeQ4_1(float[] in, int inOffset, MemorySegment out, long offset) {
        float min = min(in, inOffset);
        float scale = (max(in, inOffset) - min) / 15;
        float inverse = inverse(scale);
        out.set(LittleEndian.INT16, offset, BlockCodec.finiteFloat16(scale));
        out.set(LittleEndian.INT16, offset + 2, BlockCodec.finiteFloat16(min));
        for (int i = 0; i < HALF; i++) {
            int low = Math.min(15, (int) ((in[inOffset + i] - min) * inverse + 0.5f));
            int high = Math.min(15, (int) ((in[inOffset + i + HALF] - min) * inverse + 0.5f));
            out.set(ValueLayout.JAVA_BYTE, offset + 4 + i, (byte) (low | high << 4));
        }
    }

    static void encodeQ5_0(float[] in, int inOffset, MemorySegment out, long offset) {
        float scale = signedExtreme(in, inOffset) / -16;
        float inverse = inverse(scale);
        out.set(LittleEndian.INT16, offset, BlockCodec.finiteFloat16(scale));
        int highBits = 0;
        for (int i = 0; i < HALF; i++) {
            int low = Math.min(31, (int) (in[inOffset + i] * inverse + 16.5f));
            int high = Math.min(31, (int) (in[inOffset + i + HALF] * inverse + 16.5f));
            out.set(ValueLayout.JAVA_BYTE, offset + 6 + i, (byte) ((low & 15) | (high & 15) << 4));
            highBits |= low >> 4 << i | high >> 4 << (i + HALF);
        }
        out.set(LittleEndian.INT32, offset + 2, highBits);
    }

    static void encodeQ5_1(float[] in, int inOffset, MemorySegment out, long offset) {
        float min = min(in, inOffset);
        float scale = (max(in, inOffset) - min) / 31;
        float inverse = inverse(scale);
        out.set(LittleEndian.INT16, offset, BlockCodec.finiteFloat16(scale));
        out.set(LittleEndian.INT16, offset + 2, BlockCodec.finiteFloat16(min));
        int highBits = 0;
        for (int i = 0; i < HALF; i++) {
            int low = Math.min(31, (int) ((in[inOffset + i] - min) * inverse + 0.5f));
            int high = Math.min(31, (int) ((in[inOffset + i + HALF] - min) * inverse + 0.5f));
            out.set(ValueLayout.JAVA_BYTE, offset + 8 + i, (byte) ((low & 15) | (high & 15) << 4));
            highBits |= low >> 4 << i | high >> 4 << (i + HALF);
        }
        out.set(LittleEndian.INT32, offset + 4, highBits);
    }

    static void encodeQ8_0(float[] in, int inOffset, MemorySegment out, long offset) {
        float scale = Math.abs(signedExtreme(in, inOffset)) / 127;
        float inverse = inverse(scale);
        out.set(LittleEndian.INT16, offset, BlockCodec.finiteFloat16(scale));
        for (int i = 0; i < ELEMENTS; i++) {
            out.set(ValueLayout.JAVA_BYTE, offset + 2 + i, (byte) roundHalfAway(in[inOffset + i] * inverse));
        }
    }

    private static int bit(int bits, int index) {
        return bits >>> index & 1;
    }

    /** 1 / scale, and 0 for a block of zeros. */
    private static float inverse(float scale) {
        return scale == 0 ? 0 : 1 / scale;
    }

    /** C's roundf, in double since x + 0.5f is not exact in float. */
    private static int roundHalfAway(float x) {
        return (int) (x < 0 ? Math.ceil(x - 0.5) : Math.floor(x + 0.5));
    }

    /** The first of the elements of greatest magnitude, with its sign. */
    private static float signedExtreme(float[] in, int inOffset) {
        float magnitude = 0;
        float extreme = 0;
        for (int i = 0; i < ELEMENTS; i++) {
            float value = in[inOffset + i];
            if (magnitude < Math.abs(value)) {
                magnitude = Math.abs(value);
                extreme = value;
            }
        }
        return extreme;
    }

    private static float min(float[] in, int inOffset) {
        float min = in[inOffset];
        for (int i = 1; i < ELEMENTS; i++) {
            min = in[inOffset + i] < min ? in[inOffset + i] : min;
        }
        return min;
    }

    private static float max(float[] in, int inOffset) {
        float max = in[inOffset];
        for (int i = 1; i < ELEMENTS; i++) {
            max = in[inOffset + i] > max ? in[inOffset + i] : max;
        }
        return max;
    }
}
