package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** An array of 32-bit integers. */
public final class IntArray extends TornadoNativeArray {
    private static final int UNDEFINED = 0x5EADBEEF;

    private final int[] values;

    /** An array of zeros. */
    public IntArray(int numberOfElements) {
        values = new int[numberOfElements];
    }

    /** A copy of a Java array. */
    public static IntArray fromArray(int[] from) {
        IntArray array = new IntArray(from.length);
        System.arraycopy(from, 0, array.values, 0, from.length);
        return array;
    }

    public int get(int index) {
        if (log != null) {
            log.read(index);
        }
        return values[index];
    }

    public void set(int index, int value) {
        if (log != null) {
            log.write(index);
        }
        values[index] = value;
    }

    /** Sets every element. */
    public void init(int value) {
        Arrays.fill(values, value);
    }

    @Override
    public int getSize() {
        return values.length;
    }

    @Override
    public MemorySegment getSegment() {
        return MemorySegment.ofArray(values);
    }

    @Override
    public int getElementSize() {
        return Integer.BYTES;
    }

    @Override
    public IntArray newDeviceArray() {
        IntArray array = new IntArray(values.length);
        array.init(UNDEFINED);
        return array;
    }
}
