package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** An array of bytes. */
public final class ByteArray extends TornadoNativeArray {
    private static final byte UNDEFINED = (byte) 0xA5;

    private final byte[] values;

    /** An array of zeros. */
    public ByteArray(int numberOfElements) {
        values = new byte[numberOfElements];
    }

    /** A copy of a Java array. */
    public static ByteArray fromArray(byte[] from) {
        ByteArray array = new ByteArray(from.length);
        System.arraycopy(from, 0, array.values, 0, from.length);
        return array;
    }

    public byte get(int index) {
        if (log != null) {
            log.read(index);
        }
        return values[index];
    }

    public void set(int index, byte value) {
        if (log != null) {
            log.write(index);
        }
        values[index] = value;
    }

    /** Sets every element. */
    public void init(byte value) {
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
        return Byte.BYTES;
    }

    @Override
    public ByteArray newDeviceArray() {
        ByteArray array = new ByteArray(values.length);
        array.init(UNDEFINED);
        return array;
    }
}
