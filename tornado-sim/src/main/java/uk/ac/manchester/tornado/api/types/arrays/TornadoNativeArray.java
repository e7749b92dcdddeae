package uk.ac.manchester.tornado.api.types.arrays;

import dev.squall.tornado.sim.AccessLog;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** An array that a device may have a copy of. */
public abstract sealed class TornadoNativeArray permits ByteArray, FloatArray, IntArray {
    /** Where accesses are written down; null where races are not looked for. */
    @Nullable
    AccessLog log;

    /** Elements. */
    public abstract int getSize();

    /** The elements' memory. */
    public abstract MemorySegment getSegment();

    /** Bytes of an element. */
    public abstract int getElementSize();

    public long getNumBytesOfSegment() {
        return (long) getSize() * getElementSize();
    }

    /** The simulator's own: an array of the same kind and size whose elements are improbable. */
    public abstract TornadoNativeArray newDeviceArray();

    /** The simulator's own: writes every access down from now on. */
    public void watch(AccessLog accesses) {
        log = accesses;
    }

    /** The simulator's own: where accesses are written down. */
    public @Nullable AccessLog watched() {
        return log;
    }
}
