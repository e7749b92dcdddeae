package dev.squall.compute;

/**
 * Brings memory into the caches by reading a number of each line. Lines that are read one after the other come many at a
 * time and ahead of their turn; those that a kernel reads here and there, or first writes to, it waits for one by one. What
 * was read is returned, since the compiler leaves out reads of which nothing is kept.
 */
final class CacheLines {
    private static final int BYTES = 64;
    private static final int FLOATS = BYTES / Float.BYTES;

    private CacheLines() {}

    /** Reads lines of checked native memory, a whole number of them. */
    static int touch(long address, int bytes) {
        int touched = 0;
        for (int i = 0; i < bytes; i += BYTES) {
            touched += Lanes.bits(address + i);
        }
        return touched;
    }

    /** Reads those of n floats from an index on in each of some rows; n is at least that of a line. */
    static float touch(float[] y, int[] yOffsets, int o, int n, int first, int count) {
        float touched = 0;
        for (int i = first; i < first + count; i++) {
            int from = yOffsets[i] + o;
            for (int at = from; at < from + n; at += FLOATS) {
                touched += y[at];
            }
            touched += y[from + n - 1];
        }
        return touched;
    }
}
