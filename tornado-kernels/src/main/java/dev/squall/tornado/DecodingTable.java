package dev.squall.tornado;

import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * What kernels look floats up in, as they can neither convert half-precision numbers nor reinterpret bits: first the value
 * of every half-precision number by its bits, then for every exponent field of a 32-bit float the power of two that its
 * mantissa, taken as an integer, is multiplied by, then what goes with the quants of block types that look theirs up.
 * Infinities and NaNs of 32 bits are not represented.
 */
final class DecodingTable {
    /** Where the powers begin. */
    static final int POWERS = 1 << 16;

    /** Where MXFP4's scales begin, halves of what their exponents stand for. */
    static final int SCALES = POWERS + 256;

    /** Where the sixteen levels of IQ4_NL and IQ4_XS begin. */
    static final int LEVELS = SCALES + 256;

    /** Where the doubles of MXFP4's sixteen floats begin. */
    static final int SMALL_FLOATS = LEVELS + 16;

    private static final int SIZE = SMALL_FLOATS + 16;

    private static final int[] LEVEL_VALUES = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
    };

    private static final int[] SMALL_FLOAT_VALUES = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

    private DecodingTable() {}

    static FloatArray create() {
        FloatArray table = new FloatArray(SIZE);
        for (int bits = 0; bits < POWERS; bits++) {
            table.set(bits, Float.float16ToFloat((short) bits));
        }
        for (int exponent = 0; exponent < 256; exponent++) {
            table.set(POWERS + exponent, Math.scalb(1f, Math.max(1, exponent) - 150));
            table.set(SCALES + exponent, Math.scalb(1f, exponent - 128));
        }
        for (int quant = 0; quant < 16; quant++) {
            table.set(LEVELS + quant, LEVEL_VALUES[quant]);
            table.set(SMALL_FLOATS + quant, SMALL_FLOAT_VALUES[quant]);
        }
        return table;
    }
}
