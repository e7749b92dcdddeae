package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** An array of 32-bit floats. */
public final class FloatArray extends TornadoNativeArray {
    private static final float UNDEFINED = Float.NaN;

    private final float[] values;

    /** An array of zeros. */
    public FloatArray(int numberOfElements) {
        values = new float[numberOfElements];
    }

    /** A copy of a Java array. */
    public static FloatArray fromArray(float[] from) {
        FloatArray array = new FloatArray(from.length);
        System.arraycopy(from, 0, array.values, 0, from.length);
        return array;
    }

    public float get(int index) {
        if (log != null) {
            log.read(index);
        }
        return values[index];
    }

    public void set(int index, float value) {
        if (log != null) {
            log.write(index);
        }
        values[index] = value;
    }

    /** Sets every element. */
    public void init(float value) {
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
        return Float.BYTES;
    }

    @Override
    public FloatArray newDeviceArray() {
        FloatArray array = new FloatArray(values.length);
        array.init(UNDEFINED);
        return array;
    }
}
