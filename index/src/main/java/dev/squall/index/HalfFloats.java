package dev.squall.index;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;

/**
 * Numbers as half-precision floats, two bytes each, little endian: eleven bits of a probability are plenty. Halves go
 * through arrays of their own, since of those the JIT converts many at once.
 */
final class HalfFloats {
    /** Halves that are converted before the next are copied. */
    private static final int TOGETHER = 512;

    private HalfFloats() {}

    static byte[] encode(float[] values) {
        short[] halves = new short[values.length];
        for (int i = 0; i < halves.length; i++) {
            halves[i] = Float.floatToFloat16(values[i]);
        }
        ByteBuffer bytes =
                ByteBuffer.allocate(Math.multiplyExact(2, values.length)).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asShortBuffer().put(halves);
        return bytes.array();
    }

    /** All of them. */
    static float[] decoded(byte[] bytes) {
        float[] values = new float[bytes.length / 2];
        decode(bytes, 0, 0, values.length, values, 0);
        return values;
    }

    /** Numbers {@code first} to {@code first + n - 1} of those that begin at byte {@code from}. */
    static void decode(byte[] bytes, int from, int first, int n, float[] out, int outOffset) {
        short[] halves = new short[Math.min(n, TOGETHER)];
        ShortBuffer stored = ByteBuffer.wrap(bytes, from + 2 * first, 2 * n)
                .order(ByteOrder.LITTLE_ENDIAN)
                .asShortBuffer();
        for (int done = 0; done < n; done += TOGETHER) {
            int count = Math.min(n - done, TOGETHER);
            stored.get(halves, 0, count);
            for (int i = 0; i < count; i++) {
                out[outOffset + done + i] = Float.float16ToFloat(halves[i]);
            }
        }
    }
}
