package dev.squall.compute;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Vector arithmetic whose result is the same bit for bit whether it is interpreted or compiled. The Vector API's own
 * reductions and transcendental functions leave that open, so these are built from single exactly rounded operations.
 *
 * <p>Vectors of floats and of integers have one shape in the whole process. The Vector API's methods share their profiles
 * among all callers: once another shape has come by, the compiler takes neither's class for granted, and a long kernel ran
 * at two thirds of its speed in the starts in which that happened before it was compiled.
 */
final class VectorMath {
    static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, FLOATS.vectorShape());
    static final int LANES = FLOATS.length();

    private static final VectorShuffle<Float> HALF = rotation(LANES / 2);
    private static final VectorShuffle<Float> QUARTER = rotation(Math.max(1, LANES / 4));
    private static final VectorShuffle<Float> EIGHTH = rotation(Math.max(1, LANES / 8));
    private static final VectorShuffle<Float> SIXTEENTH = rotation(Math.max(1, LANES / 16));

    /** Adding and subtracting it rounds a float below 2^22 in magnitude to the nearest integer, ties to even. */
    private static final float ROUNDER = 0x1.8p23f;

    private static final float LOG2_E = 0x1.715476p0f;
    private static final float LN2_HIGH = 0x1.62e4p-1f;
    private static final float LN2_LOW = 0x1.7f7d1cp-20f;

    private VectorMath() {}

    private static VectorShuffle<Float> rotation(int by) {
        return VectorShuffle.fromOp(FLOATS, lane -> (lane + by) % LANES);
    }

    /** The sum of all lanes, as a tree of pairwise additions. */
    static float sum(FloatVector v) {
        FloatVector s = v;
        if (LANES >= 16) {
            s = s.add(s.rearrange(HALF));
            s = s.add(s.rearrange(QUARTER));
            s = s.add(s.rearrange(EIGHTH));
            s = s.add(s.rearrange(SIXTEENTH));
        } else if (LANES == 8) {
            s = s.add(s.rearrange(HALF));
            s = s.add(s.rearrange(QUARTER));
            s = s.add(s.rearrange(EIGHTH));
        } else {
            s = s.add(s.rearrange(HALF));
            s = s.add(s.rearrange(QUARTER));
        }
        return s.lane(0);
    }

    /** The same sum of lanes that lie in an array: cheaper where many sums are pending at once. */
    static float sumLanes(float[] v, int at) {
        if (LANES == 16) {
            float even = ((v[at] + v[at + 8]) + (v[at + 4] + v[at + 12]))
                    + ((v[at + 2] + v[at + 10]) + (v[at + 6] + v[at + 14]));
            float odd = ((v[at + 1] + v[at + 9]) + (v[at + 5] + v[at + 13]))
                    + ((v[at + 3] + v[at + 11]) + (v[at + 7] + v[at + 15]));
            return even + odd;
        }
        if (LANES == 8) {
            return ((v[at] + v[at + 4]) + (v[at + 2] + v[at + 6]))
                    + ((v[at + 1] + v[at + 5]) + (v[at + 3] + v[at + 7]));
        }
        return (v[at] + v[at + 2]) + (v[at + 1] + v[at + 3]);
    }

    /** Nearest integers, ties to even, of values below 2^22 in magnitude. */
    static FloatVector rint(FloatVector v) {
        return v.add(ROUNDER).sub(ROUNDER);
    }

    /** One lane of {@link #rint(FloatVector)}. */
    static float rint(float v) {
        return v + ROUNDER - ROUNDER;
    }

    /** One lane of {@link #exp(FloatVector)}. */
    static float exp(float x) {
        float bounded = Math.max(Math.min(x, 88.3f), -87.3f);
        float n = rint(bounded * LOG2_E);
        float r = Math.fma(n, -LN2_HIGH, bounded);
        r = Math.fma(n, -LN2_LOW, r);
        float p = 1f / 5040;
        p = Math.fma(p, r, 1f / 720);
        p = Math.fma(p, r, 1f / 120);
        p = Math.fma(p, r, 1f / 24);
        p = Math.fma(p, r, 1f / 6);
        p = Math.fma(p, r, 0.5f);
        p = Math.fma(p, r, 1f);
        p = Math.fma(p, r, 1f);
        return x < -87.3f ? 0 : p * Float.intBitsToFloat(((int) n + 127) << 23);
    }

    /**
     * e^x. Relative error at most 2^-22; 0 below -87.3 and clamped at e^88.3. Reduction x = n ln 2 + r with |r| at most
     * ln 2 / 2, the Taylor polynomial of degree 7 in r, and 2^n put into the exponent.
     */
    static FloatVector exp(FloatVector x) {
        FloatVector bounded = x.min(88.3f).max(-87.3f);
        FloatVector n = rint(bounded.mul(LOG2_E));
        FloatVector r = n.lanewise(VectorOperators.FMA, -LN2_HIGH, bounded);
        r = n.lanewise(VectorOperators.FMA, -LN2_LOW, r);
        FloatVector p = FloatVector.broadcast(FLOATS, 1f / 5040);
        p = p.fma(r, FloatVector.broadcast(FLOATS, 1f / 720));
        p = p.fma(r, FloatVector.broadcast(FLOATS, 1f / 120));
        p = p.fma(r, FloatVector.broadcast(FLOATS, 1f / 24));
        p = p.fma(r, FloatVector.broadcast(FLOATS, 1f / 6));
        p = p.fma(r, FloatVector.broadcast(FLOATS, 0.5f));
        p = p.fma(r, FloatVector.broadcast(FLOATS, 1f));
        p = p.fma(r, FloatVector.broadcast(FLOATS, 1f));
        IntVector exponent = (IntVector) n.convertShape(VectorOperators.F2I, INTS, 0);
        FloatVector power = exponent.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
        return p.mul(power).blend(0f, x.lt(-87.3f));
    }
}
