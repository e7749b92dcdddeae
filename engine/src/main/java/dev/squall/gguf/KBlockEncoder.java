package dev.squall.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Encodes Q2_K to Q6_K. Each sub-block is fitted by {@link ScaleFit}, its scale (and min) is rounded to the block's
 * scale, and the elements are rounded to what the rounded scales can express.
 */
final class KBlockEncoder {
    private static final int ELEMENTS = KBlocks.ELEMENTS;

    private KBlockEncoder() {}

    /** A block of elements {@code scale * scales[j] * quants[i] - minScale * mins[j]}, with {@code j} the sub-block. */
    private record Affine(short scale, short minScale, int[] scales, int[] mins, int[] quants) {
        /**
         * @param subBlock elements of a sub-block
         * @param quantMax the greatest quant; the least is 0
         * @param scaleMax the greatest scale and min of a sub-block
         */
        static Affine fit(float[] in, int inOffset, int subBlock, int quantMax, int scaleMax) {
            int count = ELEMENTS / subBlock;
            float[] scales = new float[count];
            float[] mins = new float[count];
            float scaleTop = 0;
            float minTop = 0;
            for (int j = 0; j < count; j++) {
                ScaleFit.Line line = ScaleFit.line(in, inOffset + j * subBlock, subBlock, quantMax);
                scales[j] = line.scale();
                mins[j] = line.min();
                scaleTop = Math.max(scaleTop, line.scale());
                minTop = Math.max(minTop, line.min());
            }
            short scale = BlockCodec.finiteFloat16(scaleTop / scaleMax);
            short minScale = BlockCodec.finiteFloat16(minTop / scaleMax);
            int[] roundScales = new int[count];
            int[] roundMins = new int[count];
            int[] quants = new int[ELEMENTS];
            for (int j = 0; j < count; j++) {
                roundScales[j] = ScaleFit.round(scales[j], Float.float16ToFloat(scale), 0, scaleMax);
                roundMins[j] = ScaleFit.round(mins[j], Float.float16ToFloat(minScale), 0, scaleMax);
                float step = Float.float16ToFloat(scale) * roundScales[j];
                float min = Float.float16ToFloat(minScale) * roundMins[j];
                for (int i = j * subBlock; i < (j + 1) * subBlock; i++) {
                    quants[i] = ScaleFit.round(in[inOffset + i] + min, step, 0, quantMax);
                }
            }
            return new Affine(scale, minScale, roundScales, roundMins, quants);
        }
    }

    /** A block of elements {@code scale * scales[j] * quants[i]}, with {@code j} the sub-block of 16. */
    private record Linear(short scale, int[] scales, int[] quants) {
        /**
         * @param quantBound quants are from -quantBound to quantBound - 1
         * @param scaleBound scales of sub-blocks likewise
         */
        static Linear fit(float[] in, int inOffset, int quantBound, int scaleBound) {
            int count = ELEMENTS / 16;
            float[] scales = new float[count];
            float extreme = 0;
            for (int j = 0; j < count; j++) {
                scales[j] = ScaleFit.slope(in, inOffset + 16 * j, 16, quantBound);
                extreme = Math.abs(scales[j]) > Math.abs(extreme) ? scales[j] : extreme;
            }
            short scale = BlockCodec.finiteFloat16(extreme / -scaleBound);
            int[] roundScales = new int[count];
            int[] quants = new int[ELEMENTS];
            for (int j = 0; j < count; j++) {
                roundScales[j] = ScaleFit.round(scales[j], Float.float16ToFloat(scale), -scaleBound, scaleBound - 1);
                float step = Float.float16ToFloat(scale) * roundScales[j];
                for (int i = 16 * j; i < 16 * (j + 1); i++) {
                    quants[i] = ScaleFit.round(in[inOffset + i], step, -quantBound, quantBound - 1);
                }
            }
            return new Linear(scale, roundScales, quants);
        }
    }

    static void encodeQ2_K(float[] in, int inOffset, MemorySegment out, long offset) {
        Affine block = Affine.fit(in, inOffset, 16, 3, 15);
        out.asSlice(offset, BlockType.Q2_K.blockBytes()).fill((byte) 0);
        for (int j = 0; j < 16; j++) {
            or(out, offset + j, block.scales[j] | block.mins[j] << 4);
        }
        for (int i = 0; i < ELEMENTS; i++) {
            orTwoBits(out, offset + 16, i, block.quants[i]);
        }
        out.set(LittleEndian.INT16, offset + 80, block.scale);
        out.set(LittleEndian.INT16, offset + 82, block.minScale);
    }

    static void encodeQ3_K(float[] in, int inOffset, MemorySegment out, long offset) {
        Linear block = Linear.fit(in, inOffset, 4, 32);
        out.asSlice(offset, BlockType.Q3_K.blockBytes()).fill((byte) 0);
        for (int i = 0; i < ELEMENTS; i++) {
            int quant = block.quants[i] + 4;
            or(out, offset + i % 32, quant >> 2 << (i / 32));
            orTwoBits(out, offset + 32, i, quant & 3);
        }
        for (int j = 0; j < 16; j++) {
            int scale = block.scales[j] + 32;
            or(out, offset + 96 + j % 8, (scale & 15) << (4 * (j / 8)));
            or(out, offset + 104 + j % 4, scale >> 4 << (2 * (j / 4)));
        }
        out.set(LittleEndian.INT16, offset + 108, block.scale);
    }

    static void encodeQ4_K(float[] in, int inOffset, MemorySegment out, long offset) {
        Affine block = Affine.fit(in, inOffset, 32, 15, 63);
        out.asSlice(offset, BlockType.Q4_K.blockBytes()).fill((byte) 0);
        setScalesAndMins(out, offset, block);
        for (int i = 0; i < ELEMENTS; i++) {
            orFourBits(out, offset + 16, i, 32, block.quants[i]);
        }
    }

    static void encodeQ5_K(float[] in, int inOffset, MemorySegment out, long offset) {
        Affine block = Affine.fit(in, inOffset, 32, 31, 63);
        out.asSlice(offset, BlockType.Q5_K.blockBytes()).fill((byte) 0);
        setScalesAndMins(out, offset, block);
        for (int i = 0; i < ELEMENTS; i++) {
            or(out, offset + 16 + i % 32, block.quants[i] >> 4 << (i / 32));
            orFourBits(out, offset + 48, i, 32, block.quants[i] & 15);
        }
    }

    static void encodeQ6_K(float[] in, int inOffset, MemorySegment out, long offset) {
        Linear block = Linear.fit(in, inOffset, 32, 128);
        out.asSlice(offset, BlockType.Q6_K.blockBytes()).fill((byte) 0);
        for (int i = 0; i < ELEMENTS; i++) {
            int quant = block.quants[i] + 32;
            orFourBits(out, offset, i, 64, quant & 15);
            orTwoBits(out, offset + 128, i, quant >> 4);
        }
        for (int j = 0; j < 16; j++) {
            out.set(ValueLayout.JAVA_BYTE, offset + 192 + j, (byte) block.scales[j]);
        }
        out.set(LittleEndian.INT16, offset + 208, block.scale);
    }

    /** The first 16 bytes of Q4_K and Q5_K. */
    private static void setScalesAndMins(MemorySegment out, long offset, Affine block) {
        out.set(LittleEndian.INT16, offset, block.scale);
        out.set(LittleEndian.INT16, offset + 2, block.minScale);
        for (int j = 0; j < 4; j++) {
            or(out, offset + 4 + j, block.scales[j] | block.scales[j + 4] >> 4 << 6);
            or(out, offset + 8 + j, block.mins[j] | block.mins[j + 4] >> 4 << 6);
            or(out, offset + 12 + j, (block.scales[j + 4] & 15) | (block.mins[j + 4] & 15) << 4);
        }
    }

    private static void orTwoBits(MemorySegment out, long offset, int i, int bits) {
        or(out, offset + 32L * (i / 128) + i % 32, bits << (2 * (i / 32 % 4)));
    }

    private static void orFourBits(MemorySegment out, long offset, int i, int groupBytes, int bits) {
        or(
                out,
                offset + (long) groupBytes * (i / (2 * groupBytes)) + i % groupBytes,
                bits << (4 * (i / groupBytes % 2)));
    }

    private static void or(MemorySegment out, long offset, int bits) {
        out.set(ValueLayout.JAVA_BYTE, offset, (byte) (LittleEndian.unsigned8(out, offset) | bits));
    }
}
