package dev.squall.tornado;

import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * What kernels look floats up in, as they can neither convert half-precision numbers nor reinterpret bits: first the value
 * of every half-precision number by its bits, then for every exponent field of a 32-bit float the power of two that its
 * mantissa, taken as an integer, is multiplied by. Infinities and NaNs of 32 bits are not represented.
 */
final class DecodingTable {
    /** Where the powers begin. */
    static final int POWERS = 1 << 16;

    private static final int SIZE = POWERS + 256;

    private DecodingTable() {}

    static FloatArray create() {
        FloatArray table = new FloatArray(SIZE);
        for (int bits = 0; bits < POWERS; bits++) {
            table.set(bits, Float.float16ToFloat((short) bits));
        }
        for (int exponent = 0; exponent < 256; exponent++) {
            table.set(POWERS + exponent, Math.scalb(1f, Math.max(1, exponent) - 150));
        }
        return table;
    }
}
