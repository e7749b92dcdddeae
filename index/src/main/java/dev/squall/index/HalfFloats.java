package dev.squall.index;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Numbers as half-precision floats, two bytes each, little endian: eleven bits of a probability are plenty. */
final class HalfFloats {
    private static final VarHandle SHORTS =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

    private HalfFloats() {}

    static byte[] encode(float[] values) {
        byte[] bytes = new byte[Math.multiplyExact(2, values.length)];
        for (int i = 0; i < values.length; i++) {
            SHORTS.set(bytes, 2 * i, Float.floatToFloat16(values[i]));
        }
        return bytes;
    }

    /** Numbers {@code first} to {@code first + n - 1} of those that begin at byte {@code from}. */
    static void decode(byte[] bytes, int from, int first, int n, float[] out, int outOffset) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = Float.float16ToFloat((short) SHORTS.get(bytes, from + 2 * (first + i)));
        }
    }
}
