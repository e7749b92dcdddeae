package dev.squall.compute;

import static dev.squall.compute.VectorMath.FLOATS;
import static dev.squall.compute.VectorMath.LANES;

import java.util.Arrays;
import java.util.stream.IntStream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/** Activations rounded to an {@link ActivationPrecision}, the same values as the scalar oracle gives. */
final class VectorRounding {
    /** 2^13 steps of a float's fraction are one step of a half-precision float's. */
    private static final float HALF_NORMAL_MIN = 0x1p-14f;

    private static final float HALF_OVERFLOW = 65520f;

    private static final VectorShuffle<Float> EVEN_GROUPS = groupsFrom(0);
    private static final VectorShuffle<Float> ODD_GROUPS = groupsFrom(16);

    private VectorRounding() {}

    static void round(ActivationPrecision precision, float[] x, int xOffset, int n, FloatRows y, int yOffset) {
        if (precision == ActivationPrecision.BLOCKS_OF_256) {
            for (int block = 0; block < n; block += SuperBlocks.ELEMENTS) {
                roundBlockOf256(x, xOffset + block, y, yOffset + block);
            }
        } else {
            round(precision, x, xOffset, n, y.values(), yOffset);
        }
    }

    /** The same for precisions that keep nothing beside the values. */
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
            case BLOCKS_OF_256 -> throw new AssertionError(precision);
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

    private static void roundBlockOf256(float[] x, int xOffset, FloatRows y, int yOffset) {
        float max = largest(x, xOffset);
        float inverse = max == 0 ? 0 : -127 / max;
        float[] headers = y.blocks();
        int header = SuperBlocks.header(yOffset);
        headers[header + SuperBlocks.SCALE] = max == 0 ? 0 : 1 / inverse;
        for (int eighth = 0; eighth < 8; eighth++) {
            float even = roundSixteen(x, xOffset + 32 * eighth, inverse, y.values(), yOffset + 32 * eighth);
            float odd = roundSixteen(x, xOffset + 32 * eighth + 16, inverse, y.values(), yOffset + 32 * eighth + 16);
            headers[header + SuperBlocks.SIXTEENTHS + eighth] = even;
            headers[header + SuperBlocks.SIXTEENTHS + SuperBlocks.SUMS + eighth] = odd;
            headers[header + SuperBlocks.EIGHTHS + eighth] = even + odd;
            group(y.values(), yOffset + 32 * eighth);
        }
    }

    /** The first of the elements of largest magnitude among 256. */
    private static float largest(float[] x, int offset) {
        FloatVector magnitudes = FloatVector.zero(FLOATS);
        for (int i = 0; i < SuperBlocks.ELEMENTS; i += LANES) {
            magnitudes =
                    magnitudes.max(FloatVector.fromArray(FLOATS, x, offset + i).abs());
        }
        float max = magnitudes.reduceLanes(VectorOperators.MAX);
        for (int i = 0; i < SuperBlocks.ELEMENTS; i += LANES) {
            VectorMask<Float> equal =
                    FloatVector.fromArray(FLOATS, x, offset + i).abs().compare(VectorOperators.EQ, max);
            if (equal.anyTrue()) {
                return x[offset + i + equal.firstTrue()];
            }
        }
        return Float.NaN;
    }

    /** Rounds sixteen elements to whole numbers; returns their sum, which is exact in any order. */
    private static float roundSixteen(float[] x, int xOffset, float inverse, float[] y, int yOffset) {
        FloatVector sum = FloatVector.zero(FLOATS);
        for (int i = 0; i < 16; i += LANES) {
            FloatVector rounded = VectorMath.rint(
                            FloatVector.fromArray(FLOATS, x, xOffset + i).mul(inverse))
                    .min(127f);
            rounded.intoArray(y, yOffset + i);
            sum = sum.add(rounded);
        }
        return sum.reduceLanes(VectorOperators.ADD);
    }

    /** Puts 32 elements where {@link SuperBlocks#position} says. */
    private static void group(float[] y, int at) {
        if (LANES == 16) {
            FloatVector first = FloatVector.fromArray(FLOATS, y, at);
            FloatVector second = FloatVector.fromArray(FLOATS, y, at + 16);
            first.rearrange(EVEN_GROUPS, second).intoArray(y, at);
            first.rearrange(ODD_GROUPS, second).intoArray(y, at + 16);
            return;
        }
        float[] natural = Arrays.copyOfRange(y, at, at + 32);
        for (int i = 0; i < 32; i++) {
            y[at + SuperBlocks.position(i)] = natural[i];
        }
    }

    /** Which element of 32 each lane takes; those behind the first sixteen are another vector's, whose indices wrap. */
    private static VectorShuffle<Float> groupsFrom(int first) {
        return VectorShuffle.fromOp(FLOATS, lane -> {
            int element = IntStream.range(0, 32)
                    .filter(i -> SuperBlocks.position(i) == first + lane)
                    .findFirst()
                    .orElse(0);
            return element < LANES ? element : element - 2 * LANES;
        });
    }
}
