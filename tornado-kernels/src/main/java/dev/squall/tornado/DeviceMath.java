package dev.squall.tornado;

import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * What kernels compute with so that a device gives the bits of the JVM's backend: additions, multiplications and fused
 * multiply-adds, which every device rounds to the nearest float, and what is made of them here, in the order of {@code
 * dev.squall.compute.LaneKernels}. A compiler that fuses a product with a sum by itself would change bits, so kernels
 * never add a rounded product: where they add one, it is exact or goes through {@link #fma} or {@link #product}.
 *
 * <p>Lanes are added up as a tree of pairwise additions, as {@code dev.squall.compute.VectorMath.sumLanes} does, from the last
 * one down, each to the one that is half of those left before it. Each kernel does so itself: TornadoVM compiles local
 * memory that an inlined method uses wrongly.
 */
final class DeviceMath {
    /**
     * Whether TornadoVM compiles kernels. Its compiler, which knows no {@code Math.fma}, makes one operation of a product
     * that is added; its simulator runs kernels as Java, which rounds twice.
     */
    private static final boolean IS_COMPILED = TornadoDevices.isTornadoVm();

    private static final float LOWEST = -0x1.fffffep127f;

    private static final float LOG2_E = 0x1.715476p0f;
    private static final float LN2_HIGH = 0x1.62e4p-1f;
    private static final float LN2_LOW = 0x1.7f7d1cp-20f;

    private DeviceMath() {}

    /** a · b + c, rounded once. c is no product; {@link #product} gives one that may be added. */
    static float fma(float a, float b, float c) {
        if (IS_COMPILED) {
            return a * b + c;
        }
        return Math.fma(a, b, c);
    }

    /** a · b, finite, which no compiler fuses with a sum. */
    static float product(float a, float b) {
        return TornadoMath.max(a * b, LOWEST);
    }

    /** The nearest integer, of two equally near ones the even. |t| is below 2^22. */
    static float nearest(float t) {
        int whole = (int) t;
        float size = TornadoMath.abs(t);
        float middle = TornadoMath.abs((float) whole) + 0.5f;
        int away = size > middle ? 1 : size == middle ? whole & 1 : 0;
        return t < 0 ? whole - away : whole + away;
    }

    /**
     * e^x, the bits of {@code dev.squall.compute.VectorMath.exp}.
     *
     * @param table a {@link DecodingTable}
     */
    static float exp(float x, FloatArray table) {
        float bounded = TornadoMath.max(TornadoMath.min(x, 88.3f), -87.3f);
        float n = nearest(bounded * LOG2_E);
        float r = fma(n, -LN2_HIGH, bounded);
        r = fma(n, -LN2_LOW, r);
        float p = 1f / 5040;
        p = fma(p, r, 1f / 720);
        p = fma(p, r, 1f / 120);
        p = fma(p, r, 1f / 24);
        p = fma(p, r, 1f / 6);
        p = fma(p, r, 0.5f);
        p = fma(p, r, 1f);
        p = fma(p, r, 1f);
        float power = table.get(DecodingTable.SCALES + 128 + (int) n);
        return x < -87.3f ? 0 : p * power;
    }

    /**
     * a / b to the nearest float, where quotient and reciprocal are normal numbers: OpenCL lets a device be 2.5 units
     * in the last place off.
     */
    static float divide(float a, float b) {
        return refine(a, b, a / b, 1 / b);
    }

    /**
     * a / b to the nearest float from a quotient and a reciprocal that are up to three units in the last place off
     * (Markstein, 1990: from a reciprocal and a quotient that are one unit off, a step with a remainder that is exact).
     */
    static float refine(float a, float b, float quotient, float reciprocal) {
        float y = fma(fma(TornadoMath.max(-b, LOWEST), reciprocal, 1), reciprocal, reciprocal);
        float near = fma(remainder(a, b, quotient), y, quotient);
        return fma(remainder(a, b, near), y, near);
    }

    private static float remainder(float a, float b, float quotient) {
        return fma(TornadoMath.max(-quotient, LOWEST), b, a);
    }

    /**
     * 1 / √x to the nearest float, for normal x: the JVM's, which has doubles for it. One step from what the device
     * gives, y (1 + r / 2 + 3 r² / 8) with the remainder r = 1 - x y², of which only one part in 2^24 is lost.
     * (Compilers must not see that two factors are the same or of opposite sign, or they would change more than they may.)
     */
    static float inverseRoot(float x) {
        float y = 1 / TornadoMath.sqrt(x);
        float minus = TornadoMath.max(-y, LOWEST);
        float below = fma(y, minus, product(y, y));
        float rest = fma(x, product(y, minus), 1);
        rest = fma(x, below, rest);
        return fma(y * 0.5f, fma(rest * 0.75f, rest, rest), y);
    }
}
