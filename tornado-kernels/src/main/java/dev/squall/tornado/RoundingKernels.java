package dev.squall.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * Rounds activations to the precision that goes with a type of weights, as
 * {@code dev.squall.compute.ActivationPrecision} says, in 32-bit floats. One work-item rounds one block; those beyond
 * {@code blocks} do nothing. x and y have {@code blocks} blocks and may be the same array. The result is the JVM
 * backend's bit for bit but for the sign of zeros.
 */
final class RoundingKernels {
    /** Numbers that go with a block of 256. */
    static final int HEADER = 17;

    /** Where a header has d. */
    static final int SCALE = 16;

    private RoundingKernels() {}

    /** The nearest half-precision number, exactly; |v| is below 65520. */
    static float half(float v) {
        float a = TornadoMath.abs(v);
        float unit = 0x1p-24f;
        float inverse = 0x1p24f;
        inverse = a >= unit * 0x1p26f ? inverse * 0x1p-16f : inverse;
        unit = a >= unit * 0x1p26f ? unit * 0x1p16f : unit;
        inverse = a >= unit * 0x1p18f ? inverse * 0x1p-8f : inverse;
        unit = a >= unit * 0x1p18f ? unit * 0x1p8f : unit;
        inverse = a >= unit * 0x1p14f ? inverse * 0x1p-4f : inverse;
        unit = a >= unit * 0x1p14f ? unit * 0x1p4f : unit;
        inverse = a >= unit * 0x1p12f ? inverse * 0x1p-2f : inverse;
        unit = a >= unit * 0x1p12f ? unit * 0x1p2f : unit;
        inverse = a >= unit * 0x1p11f ? inverse * 0.5f : inverse;
        unit = a >= unit * 0x1p11f ? unit * 2 : unit;
        return DeviceMath.nearest(v * inverse) * unit;
    }

    /** To the nearest half-precision number, for F16; blocks of one element. */
    static void roundToHalf(KernelContext context, FloatArray x, FloatArray y, int blocks) {
        int i = context.globalIdx;
        if (i < blocks) {
            y.set(i, half(x.get(i)));
        }
    }

    /** The nearest number of 8 significant bits, exactly where |v| is above 2^-118; below to a multiple of 2^-126. */
    static float bfloat(float v) {
        float a = TornadoMath.abs(v);
        float unit = 0x1p-126f;
        unit = a * 0x1p-71f >= unit ? unit * 0x1p64f : unit;
        unit = a * 0x1p-71f >= unit ? unit * 0x1p64f : unit;
        unit = a * 0x1p-71f >= unit ? unit * 0x1p64f : unit;
        unit = a * 0x1p-39f >= unit ? unit * 0x1p32f : unit;
        unit = a * 0x1p-23f >= unit ? unit * 0x1p16f : unit;
        unit = a * 0x1p-15f >= unit ? unit * 0x1p8f : unit;
        unit = a * 0x1p-11f >= unit ? unit * 0x1p4f : unit;
        unit = a * 0x1p-9f >= unit ? unit * 0x1p2f : unit;
        unit = a * 0x1p-8f >= unit ? unit * 2 : unit;
        return DeviceMath.nearest(v / unit) * unit;
    }

    /** To the nearest bfloat16, for BF16; blocks of one element. */
    static void roundToBfloat(KernelContext context, FloatArray x, FloatArray y, int blocks) {
        int i = context.globalIdx;
        if (i < blocks) {
            y.set(i, bfloat(x.get(i)));
        }
    }

    /** Blocks of 32: d q, q in [-127, 127], d = max|x| / 127 rounded to half precision; for types of such blocks. */
    static void roundBlocksOf32(KernelContext context, FloatArray x, FloatArray y, int blocks) {
        int block = context.globalIdx;
        if (block < blocks) {
            float max = 0;
            for (int i = 0; i < 32; i++) {
                max = TornadoMath.max(max, TornadoMath.abs(x.get(block * 32 + i)));
            }
            float inverse = max == 0 ? 0 : DeviceMath.divide(127, max);
            float d = half(DeviceMath.divide(max, 127));
            for (int i = 0; i < 32; i++) {
                y.set(block * 32 + i, DeviceMath.nearest(x.get(block * 32 + i) * inverse) * d);
            }
        }
    }

    /**
     * Blocks of 256: d q, the element of largest magnitude becomes -127 d; for types of such blocks. y gets q and the
     * headers what goes with it: {@link #HEADER} numbers a block, the sums of q of each sixteen elements, which are
     * exact, then d.
     */
    static void roundBlocksOf256(KernelContext context, FloatArray x, FloatArray y, FloatArray headers, int blocks) {
        int block = context.globalIdx;
        if (block < blocks) {
            float max = 0;
            for (int i = 0; i < 256; i++) {
                float value = x.get(block * 256 + i);
                max = TornadoMath.abs(value) > TornadoMath.abs(max) ? value : max;
            }
            float inverse = max == 0 ? 0 : DeviceMath.divide(-127, max);
            headers.set(block * HEADER + SCALE, max == 0 ? 0 : DeviceMath.divide(1, inverse));
            for (int sixteenth = 0; sixteenth < 16; sixteenth++) {
                int first = block * 256 + sixteenth * 16;
                float sum = 0;
                for (int i = first; i < first + 16; i++) {
                    float q = TornadoMath.min(127, DeviceMath.nearest(x.get(i) * inverse));
                    y.set(i, q);
                    sum += q;
                }
                headers.set(block * HEADER + sixteenth, sum);
            }
        }
    }
}
