package dev.squall.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/** A metadata array of numbers or bools: the bytes of the file and nothing else. */
final class PackedNumbers implements GgufValue.Array {
    private final GgufValueType elementType;
    private final MemorySegment bytes;
    private final int length;

    /**
     * Takes over {@code bytes}.
     *
     * @throws IllegalArgumentException if the type is STRING or ARRAY or does not divide the bytes
     */
    PackedNumbers(GgufValueType elementType, byte[] bytes) {
        if (elementType == GgufValueType.STRING
                || elementType == GgufValueType.ARRAY
                || bytes.length % elementType.bytesMin() != 0) {
            throw new IllegalArgumentException(
                    "packed numbers: %d bytes of %s, expected whole elements".formatted(bytes.length, elementType));
        }
        this.elementType = elementType;
        this.bytes = MemorySegment.ofArray(bytes).asReadOnly();
        this.length = bytes.length / elementType.bytesMin();
    }

    static PackedNumbers ofWholes(GgufValueType elementType, long[] values) {
        MemorySegment bytes = allocate(elementType, values.length);
        for (int i = 0; i < values.length; i++) {
            write(bytes, (long) i * elementType.bytesMin(), new GgufValue.Whole(elementType, values[i]));
        }
        return new PackedNumbers(elementType, bytes.toArray(ValueLayout.JAVA_BYTE));
    }

    static PackedNumbers ofReals(GgufValueType elementType, double[] values) {
        MemorySegment bytes = allocate(elementType, values.length);
        for (int i = 0; i < values.length; i++) {
            write(bytes, (long) i * elementType.bytesMin(), new GgufValue.Real(elementType, values[i]));
        }
        return new PackedNumbers(elementType, bytes.toArray(ValueLayout.JAVA_BYTE));
    }

    static PackedNumbers ofInts(int[] values) {
        MemorySegment bytes = allocate(GgufValueType.INT32, values.length);
        MemorySegment.copy(values, 0, bytes, LittleEndian.INT32, 0, values.length);
        return new PackedNumbers(GgufValueType.INT32, bytes.toArray(ValueLayout.JAVA_BYTE));
    }

    static PackedNumbers ofFloats(float[] values) {
        MemorySegment bytes = allocate(GgufValueType.FLOAT32, values.length);
        MemorySegment.copy(values, 0, bytes, LittleEndian.FLOAT32, 0, values.length);
        return new PackedNumbers(GgufValueType.FLOAT32, bytes.toArray(ValueLayout.JAVA_BYTE));
    }

    static PackedNumbers ofBools(boolean[] values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) (values[i] ? 1 : 0);
        }
        return new PackedNumbers(GgufValueType.BOOL, bytes);
    }

    private static MemorySegment allocate(GgufValueType elementType, int length) {
        return MemorySegment.ofArray(new byte[Math.multiplyExact(length, elementType.bytesMin())]);
    }

    /** Writes a number or bool in the file's layout. */
    static void write(MemorySegment target, long offset, GgufValue value) {
        switch (value) {
            case GgufValue.Whole(GgufValueType type, long number) -> {
                switch (type) {
                    case UINT8, INT8 -> target.set(ValueLayout.JAVA_BYTE, offset, (byte) number);
                    case UINT16, INT16 -> target.set(LittleEndian.INT16, offset, (short) number);
                    case UINT32, INT32 -> target.set(LittleEndian.INT32, offset, (int) number);
                    case UINT64, INT64 -> target.set(LittleEndian.INT64, offset, number);
                    case FLOAT32, FLOAT64, BOOL, STRING, ARRAY -> throw new AssertionError(type);
                }
            }
            case GgufValue.Real(GgufValueType type, double number) -> {
                if (type == GgufValueType.FLOAT32) {
                    target.set(LittleEndian.FLOAT32, offset, (float) number);
                } else {
                    target.set(LittleEndian.FLOAT64, offset, number);
                }
            }
            case GgufValue.Bool(boolean flag) -> target.set(ValueLayout.JAVA_BYTE, offset, (byte) (flag ? 1 : 0));
            case GgufValue.Text text -> throw new IllegalArgumentException("number: " + text.type());
            case GgufValue.Array array -> throw new IllegalArgumentException("number: " + array.type());
        }
    }

    /** Reads a number or bool from the file's layout; any byte but 0 is true. */
    static GgufValue read(GgufValueType type, MemorySegment source, long offset) {
        return switch (type) {
            case UINT8 -> new GgufValue.Whole(type, LittleEndian.unsigned8(source, offset));
            case INT8 -> new GgufValue.Whole(type, LittleEndian.signed8(source, offset));
            case UINT16 -> new GgufValue.Whole(type, Short.toUnsignedInt(source.get(LittleEndian.INT16, offset)));
            case INT16 -> new GgufValue.Whole(type, source.get(LittleEndian.INT16, offset));
            case UINT32 -> new GgufValue.Whole(type, Integer.toUnsignedLong(source.get(LittleEndian.INT32, offset)));
            case INT32 -> new GgufValue.Whole(type, source.get(LittleEndian.INT32, offset));
            case UINT64, INT64 -> new GgufValue.Whole(type, source.get(LittleEndian.INT64, offset));
            case FLOAT32 -> new GgufValue.Real(type, source.get(LittleEndian.FLOAT32, offset));
            case FLOAT64 -> new GgufValue.Real(type, source.get(LittleEndian.FLOAT64, offset));
            case BOOL -> new GgufValue.Bool(LittleEndian.unsigned8(source, offset) != 0);
            case STRING, ARRAY -> throw new IllegalArgumentException("number: type " + type);
        };
    }

    MemorySegment bytes() {
        return bytes;
    }

    @Override
    public GgufValueType elementType() {
        return elementType;
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public GgufValue get(int index) {
        Objects.checkIndex(index, length);
        return read(elementType, bytes, (long) index * elementType.bytesMin());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PackedNumbers numbers
                && elementType == numbers.elementType
                && bytes.mismatch(numbers.bytes) == -1;
    }

    @Override
    public int hashCode() {
        return 31 * elementType.hashCode() + length;
    }

    @Override
    public String toString() {
        return display(80);
    }
}
