package dev.squall.compute;

/**
 * Brings memory into the caches by reading a number of each line. Lines that are read one after the other come many at a
 * time and ahead of their turn; those that a kernel reads here and there it waits for one by one.
 */
final class CacheLines {
    private static final int BYTES = 64;

    private CacheLines() {}

    /**
     * Reads lines of checked native memory, a whole number of them.
     *
     * @return what was read, since the compiler leaves out reads of which nothing is kept
     */
    static int touch(long address, int bytes) {
        int touched = 0;
        for (int i = 0; i < bytes; i += BYTES) {
            touched += Lanes.bits(address + i);
        }
        return touched;
    }
}
