package dev.squall.compute;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * All of the process's native memory as one segment, so that a kernel's inner loop reads a weight without checking
 * bounds and liveness at every load (1.5 times the speed of checked reads). A kernel calls {@link #address} once for
 * the whole range that it will read; that check is what makes the reads behind it safe.
 */
@SuppressWarnings("restricted")
final class WeightMemory {
    static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    /**
     * The bits that addresses are made of. A kernel masks with them before its loop: the mask changes nothing, but from
     * there on the compiler knows that offsets into {@link #MEMORY} are in range, and leaves out a check at each vector.
     */
    static final long ADDRESSES = Long.MAX_VALUE >>> 1;

    private WeightMemory() {}

    /** The address of a range of a live native segment, for offsets into {@link #MEMORY}. */
    static long address(MemorySegment segment, long offset, long bytes) {
        Objects.checkFromIndexSize(offset, bytes, segment.byteSize());
        if (!segment.isNative() || !segment.scope().isAlive()) {
            throw new IllegalStateException("weights are not in live native memory: " + segment);
        }
        return segment.address() + offset;
    }
}
