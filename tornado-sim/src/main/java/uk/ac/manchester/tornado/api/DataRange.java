package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** A part of an array from its first element on. */
public class DataRange {
    private final TornadoNativeArray array;
    private long size;
    private long bytes;

    public DataRange(TornadoNativeArray tornadoNativeArray) {
        array = tornadoNativeArray;
    }

    /** @param size in elements; 0 for all */
    public DataRange withSize(long size) {
        this.size = size;
        return this;
    }

    /** Makes bytes of elements. */
    public void materialize() {
        bytes = size == 0 ? array.getNumBytesOfSegment() : size * array.getElementSize();
        if (size < 0 || bytes > array.getNumBytesOfSegment()) {
            throw new IllegalArgumentException(
                    "a range of " + size + " elements, expected at most the array's " + array.getSize());
        }
    }

    /** In bytes. */
    public long getPartialSize() {
        return bytes;
    }

    public TornadoNativeArray getArray() {
        return array;
    }
}
