package dev.squall.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The blocks whose four-bit quants index a table: IQ4_NL and IQ4_XS (sixteen levels spaced for weights that are normally
 * distributed) and MXFP4 (the floats of the OCP Microscaling format, E2M1 with an E8M0 scale). {@link BlockCodec} has
 * their layouts and checks all arguments.
 */
final class CodebookBlocks {
    private static final int GROUP = 32;
    private static final int HALF = GROUP / 2;
    private static final int SCALE_TRIES = 15;

    /** The levels of IQ4_NL and IQ4_XS. */
    private static final int[] NON_LINEAR = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

    /** Twice the floats of E2M1, so that all are whole; the scale is halved instead. */
    private static final int[] E2M1_DOUBLED = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

    private CodebookBlocks() {}

    static void decodeIQ4_NL(MemorySegment data, long offset, float[] out, int outOffset) {
        decodeGroup(NON_LINEAR, LittleEndian.float16(data, offset), data, offset + 2, out, outOffset);
    }

    static void decodeIQ4_XS(MemorySegment data, long offset, float[] out, int outOffset) {
        float scale = LittleEndian.float16(data, offset);
        int highBits = Short.toUnsignedInt(data.get(LittleEndian.INT16, offset + 2));
        for (int j = 0; j < 8; j++) {
            int low = LittleEndian.unsigned8(data, offset + 4 + j / 2) >> (4 * (j % 2)) & 15;
            int high = highBits >> (2 * j) & 3;
            float groupScale = scale * ((low | high << 4) - 32);
            decodeGroup(NON_LINEAR, groupScale, data, offset + 8 + 16L * j, out, outOffset + GROUP * j);
        }
    }

    static void decodeMXFP4(MemorySegment data, long offset, float[] out, int outOffset) {
        float scale = halfE8M0(LittleEndian.unsigned8(data, offset));
        decodeGroup(E2M1_DOUBLED, scale, data, offset + 1, out, outOffset);
    }

    private static void decodeGroup(
            int[] levels, float scale, MemorySegment data, long offset, float[] out, int outOffset) {
        for (int i = 0; i < HALF; i++) {
            int quants = LittleEndian.unsigned8(data, offset + i);
            out[outOffset + i] = scale * levels[quants & 15];
            out[outOffset + i + HALF] = scale * levels[quants >> 4];
        }
    }

    static void encodeIQ4_NL(float[] in, int inOffset, MemorySegment out, long offset) {
        short scale = BlockCodec.finiteFloat16(fitScale(in, inOffset));
        out.set(LittleEndian.INT16, offset, scale);
        encodeGroup(NON_LINEAR, Float.float16ToFloat(scale), in, inOffset, out, offset + 2);
    }

    static void encodeIQ4_XS(float[] in, int inOffset, MemorySegment out, long offset) {
        float[] scales = new float[8];
        float extreme = 0;
        for (int j = 0; j < scales.length; j++) {
            scales[j] = fitScale(in, inOffset + GROUP * j);
            extreme = Math.abs(scales[j]) > Math.abs(extreme) ? scales[j] : extreme;
        }
        short scale = BlockCodec.finiteFloat16(extreme / -32);
        float step = Float.float16ToFloat(scale);
        int lowBits = 0;
        int highBits = 0;
        for (int j = 0; j < scales.length; j++) {
            int rounded = ScaleFit.round(scales[j], step, -32, 31);
            lowBits |= ((rounded + 32) & 15) << (4 * j);
            highBits |= ((rounded + 32) >> 4) << (2 * j);
            encodeGroup(NON_LINEAR, step * rounded, in, inOffset + GROUP * j, out, offset + 8 + 16L * j);
        }
        out.set(LittleEndian.INT16, offset, scale);
        out.set(LittleEndian.INT16, offset + 2, (short) highBits);
        out.set(LittleEndian.INT32, offset + 4, lowBits);
    }

    static void encodeMXFP4(float[] in, int inOffset, MemorySegment out, long offset) {
        float magnitude = 0;
        for (int i = 0; i < GROUP; i++) {
            magnitude = Math.max(magnitude, Math.abs(in[inOffset + i]));
        }
        // The largest level, 6, is 2^2 times 1.5: its exponent takes two off the scale's.
        int exponent = magnitude == 0 ? 0 : Math.max(0, Math.getExponent(magnitude) - 2 + 127);
        out.set(ValueLayout.JAVA_BYTE, offset, (byte) exponent);
        encodeGroup(E2M1_DOUBLED, halfE8M0(exponent), in, inOffset, out, offset + 1);
    }

    private static void encodeGroup(
            int[] levels, float scale, float[] in, int inOffset, MemorySegment out, long offset) {
        for (int i = 0; i < HALF; i++) {
            int low = nearest(levels, scale, in[inOffset + i]);
            int high = nearest(levels, scale, in[inOffset + i + HALF]);
            out.set(ValueLayout.JAVA_BYTE, offset + i, (byte) (low | high << 4));
        }
    }

    /** The first of the levels nearest to the value. */
    private static int nearest(int[] levels, float scale, float value) {
        int best = 0;
        float bestDistance = Float.POSITIVE_INFINITY;
        for (int i = 0; i < levels.length; i++) {
            float distance = Math.abs(levels[i] * scale - value);
            if (distance < bestDistance) {
                best = i;
                bestDistance = distance;
            }
        }
        return best;
    }

    /** The least-squares scale of the non-linear levels, best of a few around the one that spans the group. */
    private static float fitScale(float[] in, int inOffset) {
        float extreme = 0;
        for (int i = 0; i < GROUP; i++) {
            extreme = Math.abs(in[inOffset + i]) > Math.abs(extreme) ? in[inOffset + i] : extreme;
        }
        if (extreme == 0) {
            return 0;
        }
        double best = 0;
        double bestGain = -1;
        for (int attempt = 0; attempt < SCALE_TRIES; attempt++) {
            float scale = extreme / (NON_LINEAR[0] + 2 * (attempt - SCALE_TRIES / 2));
            double products = 0;
            double squares = 0;
            for (int i = 0; i < GROUP; i++) {
                double level = NON_LINEAR[nearest(NON_LINEAR, scale, in[inOffset + i])];
                products += level * in[inOffset + i];
                squares += level * level;
            }
            double gain = products * products / squares;
            if (gain > bestGain) {
                bestGain = gain;
                best = products / squares;
            }
        }
        return (float) best;
    }

    /** 2^(exponent - 128): half of what an E8M0 exponent stands for, exact down to the subnormal 2^-128. */
    private static float halfE8M0(int exponent) {
        return exponent < 2
                ? Float.intBitsToFloat(0x0020_0000 << exponent)
                : Float.intBitsToFloat((exponent - 1) << 23);
    }
}
