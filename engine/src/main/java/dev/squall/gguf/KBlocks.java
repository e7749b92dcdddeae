package dev.squall.gguf;

import java.lang.foreign.MemorySegment;

/**
 * Decodes the blocks of 256 elements whose sub-blocks have quantised scales of their own: Q2_K to Q6_K.
 * {@link BlockCodec} has their layouts and checks all arguments; {@link KBlockEncoder} is the other direction.
 */
final class KBlocks {
    static final int ELEMENTS = 256;

    private KBlocks() {}

    /** Four planes of two bits in each group of 32 bytes; a group covers 128 elements, a plane 32 of them. */
    static void decodeQ2_K(MemorySegment data, long offset, float[] out, int outOffset) {
        float scale = LittleEndian.float16(data, offset + 80);
        float minScale = LittleEndian.float16(data, offset + 82);
        for (int i = 0; i < ELEMENTS; i++) {
            int scales = LittleEndian.unsigned8(data, offset + i / 16);
            int quant = twoBits(data, offset + 16, i);
            out[outOffset + i] = scale * (scales & 15) * quant - minScale * (scales >> 4);
        }
    }

    /** The bits as in Q2_K; bit p of high byte b belongs to element 32 p + b. */
    static void decodeQ3_K(MemorySegment data, long offset, float[] out, int outOffset) {
        float scale = LittleEndian.float16(data, offset + 108);
        for (int i = 0; i < ELEMENTS; i++) {
            int high = LittleEndian.unsigned8(data, offset + i % 32) >> (i / 32) & 1;
            int quant = twoBits(data, offset + 32, i) + 4 * high - 4;
            out[outOffset + i] = scale * (scaleQ3_K(data, offset + 96, i / 16) - 32) * quant;
        }
    }

    /** Each group of 32 bytes holds 32 elements in its low and the next 32 in its high halves. */
    static void decodeQ4_K(MemorySegment data, long offset, float[] out, int outOffset) {
        float scale = LittleEndian.float16(data, offset);
        float minScale = LittleEndian.float16(data, offset + 2);
        for (int i = 0; i < ELEMENTS; i++) {
            int scales = scaleAndMin(data, offset + 4, i / 32);
            int quant = fourBits(data, offset + 16, i, 32);
            out[outOffset + i] = scale * (scales & 63) * quant - minScale * (scales >> 6);
        }
    }

    /** The low bits as in Q4_K; bit p of high byte b belongs to element 32 p + b. */
    static void decodeQ5_K(MemorySegment data, long offset, float[] out, int outOffset) {
        float scale = LittleEndian.float16(data, offset);
        float minScale = LittleEndian.float16(data, offset + 2);
        for (int i = 0; i < ELEMENTS; i++) {
            int scales = scaleAndMin(data, offset + 4, i / 32);
            int high = LittleEndian.unsigned8(data, offset + 16 + i % 32) >> (i / 32) & 1;
            int quant = fourBits(data, offset + 48, i, 32) + 16 * high;
            out[outOffset + i] = scale * (scales & 63) * quant - minScale * (scales >> 6);
        }
    }

    /** Each group of 64 low bytes holds 64 elements in its low and the next 64 in its high halves; high bits as in Q2_K. */
    static void decodeQ6_K(MemorySegment data, long offset, float[] out, int outOffset) {
        float scale = LittleEndian.float16(data, offset + 208);
        for (int i = 0; i < ELEMENTS; i++) {
            int quant = (fourBits(data, offset, i, 64) | twoBits(data, offset + 128, i) << 4) - 32;
            out[outOffset + i] = scale * LittleEndian.signed8(data, offset + 192 + i / 16) * quant;
        }
    }

    private static int twoBits(MemorySegment data, long offset, int i) {
        int group = i / 128;
        int plane = i / 32 % 4;
        return LittleEndian.unsigned8(data, offset + 32L * group + i % 32) >> (2 * plane) & 3;
    }

    private static int fourBits(MemorySegment data, long offset, int i, int groupBytes) {
        int group = i / (2 * groupBytes);
        int plane = i / groupBytes % 2;
        return LittleEndian.unsigned8(data, offset + (long) groupBytes * group + i % groupBytes) >> (4 * plane) & 15;
    }

    /** Six-bit scale j of sixteen: low four bits in bytes 0 to 7 (two planes), high two in bytes 8 to 11 (four planes). */
    private static int scaleQ3_K(MemorySegment data, long offset, int j) {
        int low = LittleEndian.unsigned8(data, offset + j % 8) >> (4 * (j / 8)) & 15;
        int high = LittleEndian.unsigned8(data, offset + 8 + j % 4) >> (2 * (j / 4)) & 3;
        return low | high << 4;
    }

    /**
     * Six-bit scale j of eight, and six-bit min j above it. The first four scales are bytes 0 to 3 and the first four mins
     * bytes 4 to 7, in their low six bits; of the others, bytes 8 to 11 hold the low four bits (scale, min) and the top
     * bits of bytes 0 to 7 the high two.
     */
    private static int scaleAndMin(MemorySegment data, long offset, int j) {
        int scaleByte = LittleEndian.unsigned8(data, offset + j % 4);
        int minByte = LittleEndian.unsigned8(data, offset + 4 + j % 4);
        if (j < 4) {
            return (scaleByte & 63) | (minByte & 63) << 6;
        }
        int low = LittleEndian.unsigned8(data, offset + 8 + j % 4);
        return ((low & 15) | (scaleByte >> 6) << 4) | ((low >> 4) | (minByte >> 6) << 4) << 6;
    }
}
