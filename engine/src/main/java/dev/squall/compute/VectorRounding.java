package dev.squall.compute;

import static dev.squall.compute.VectorMath.FLOATS;
import static dev.squall.compute.VectorMath.LANES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Activations rounded to an {@link ActivationPrecision}, the same values as the scalar oracle gives. */
final class VectorRounding {
    /** 2^13 steps of a float's fraction are one step of a half-precision float's. */
    private static final float HALF_NORMAL_MIN = 0x1p-14f;

    private static final float HALF_OVERFLOW = 65520f;

    private VectorRounding() {}

    static void round(ActivationPrecision precision, float[] x, int xOffset, int n, float[] y, int yOffset) {
        switch (precision) {
            case FLOAT32 -> {
                if (x != y || xOffset != yOffset) {
                    System.arraycopy(x, xOffset, y, yOffset, n);
                }
            }
            case FLOAT16 -> roundToHalf(x, xOffset, n, y, yOffset);
            case BFLOAT16 -> roundToBfloat16(x, xOffset, n, y, yOffset);
            case BLOCKS_OF_32 -> {
                for (int block = 0; block < n; block += 32) {
                    roundBlockOf32(x, xOffset + block, y, yOffset + block);
                }
            }
            case BLOCKS_OF_256 -> {
                for (int block = 0; block < n; block += 256) {
                    roundBlockOf256(x, xOffset + block, y, yOffset + block);
                }
            }
        }
    }

    private static void roundToHalf(float[] x, int xOffset, int n, float[] y, int yOffset) {
        int whole = FLOATS.loopBound(n);
        for (int i = 0; i < whole; i += LANES) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, xOffset + i);
            if (v.abs().lt(HALF_OVERFLOW).allTrue()) {
                nearestHalf(v).intoArray(y, yOffset + i);
            } else {
                roundToHalfOneByOne(x, xOffset + i, LANES, y, yOffset + i);
            }
        }
        roundToHalfOneByOne(x, xOffset + whole, n - whole, y, yOffset + whole);
    }

    /** Adding and subtracting 2^13 times the value's own magnitude drops the 13 bits that a half has not, ties to even. */
    private static FloatVector nearestHalf(FloatVector v) {
        IntVector exponent = v.abs().max(HALF_NORMAL_MIN).reinterpretAsInts().and(0x7f800000);
        FloatVector rounder = exponent.add(13 << 23).reinterpretAsFloats();
        IntVector sign = v.reinterpretAsInts().and(0x80000000);
        FloatVector magnitude = v.abs().add(rounder).sub(rounder);
        return magnitude.reinterpretAsInts().or(sign).reinterpretAsFloats();
    }

    private static void roundToHalfOneByOne(float[] x, int xOffset, int n, float[] y, int yOffset) {
        for (int i = 0; i < n; i++) {
            y[yOffset + i] = Float.float16ToFloat(Float.floatToFloat16(x[xOffset + i]));
        }
    }

    private static void roundToBfloat16(float[] x, int xOffset, int n, float[] y, int yOffset) {
        for (int i = 0; i < n; i++) {
            int bits = Float.floatToRawIntBits(x[xOffset + i]);
            y[yOffset + i] = Float.intBitsToFloat((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000);
        }
    }

    private static void roundBlockOf32(float[] x, int xOffset, float[] y, int yOffset) {
        FloatVector magnitudes = FloatVector.zero(FLOATS);
        for (int i = 0; i < 32; i += LANES) {
            magnitudes =
                    magnitudes.max(FloatVector.fromArray(FLOATS, x, xOffset + i).abs());
        }
        float max = magnitudes.reduceLanes(VectorOperators.MAX);
        float inverse = max == 0 ? 0 : 127 / max;
        float d = Float.float16ToFloat(Float.floatToFloat16(max / 127));
        for (int i = 0; i < 32; i += LANES) {
            VectorMath.rint(FloatVector.fromArray(FLOATS, x, xOffset + i).mul(inverse))
                    .mul(d)
                    .intoArray(y, yOffset + i);
        }
    }

    private static void roundBlockOf256(float[] x, int xOffset, float[] y, int yOffset) {
        float max = 0;
        for (int i = 0; i < 256; i++) {
            if (Math.abs(x[xOffset + i]) > Math.abs(max)) {
                max = x[xOffset + i];
            }
        }
        float inverse = max == 0 ? 0 : -127 / max;
        float d = max == 0 ? 0 : 1 / inverse;
        for (int i = 0; i < 256; i += LANES) {
            VectorMath.rint(FloatVector.fromArray(FLOATS, x, xOffset + i).mul(inverse))
                    .min(127f)
                    .mul(d)
                    .intoArray(y, yOffset + i);
        }
    }
}
