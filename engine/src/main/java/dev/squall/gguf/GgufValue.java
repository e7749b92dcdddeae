package dev.squall.gguf;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** One metadata value. Values are immutable, hold no part of the mapped file and outlive it. */
public sealed interface GgufValue {
    /** The type in the file. */
    GgufValueType type();

    /** The value on one line of at most {@code charactersMax} characters, fit for a terminal. */
    String display(int charactersMax);

    /**
     * A whole number.
     *
     * @param type one of the integer types
     * @param value the number; for UINT64 its 64 bits, so that numbers from 2^63 on are negative here
     */
    record Whole(GgufValueType type, long value) implements GgufValue {
        public Whole {
            boolean fits =
                    switch (type) {
                        case UINT8 -> value >= 0 && value <= 0xFF;
                        case INT8 -> value == (byte) value;
                        case UINT16 -> value >= 0 && value <= 0xFFFF;
                        case INT16 -> value == (short) value;
                        case UINT32 -> value >= 0 && value <= 0xFFFF_FFFFL;
                        case INT32 -> value == (int) value;
                        case UINT64, INT64 -> true;
                        case FLOAT32, FLOAT64, BOOL, STRING, ARRAY ->
                            throw new IllegalArgumentException("whole number: type " + type + ", expected an integer");
                    };
            if (!fits) {
                throw new IllegalArgumentException("whole number: " + value + ", expected the range of " + type);
            }
        }

        /** Whether {@link #value()} is the number itself, which only a UINT64 from 2^63 on is not. */
        public boolean fitsLong() {
            return type != GgufValueType.UINT64 || value >= 0;
        }

        @Override
        public String display(int charactersMax) {
            return type == GgufValueType.UINT64 ? Long.toUnsignedString(value) : Long.toString(value);
        }
    }

    /**
     * A floating-point number.
     *
     * @param type FLOAT32 or FLOAT64
     */
    record Real(GgufValueType type, double value) implements GgufValue {
        public Real {
            if (!type.isFloat()) {
                throw new IllegalArgumentException("floating-point number: type " + type + ", expected a float");
            }
        }

        @Override
        public String display(int charactersMax) {
            return type == GgufValueType.FLOAT32 ? Float.toString((float) value) : Double.toString(value);
        }
    }

    /** A truth value. */
    record Bool(boolean value) implements GgufValue {
        @Override
        public GgufValueType type() {
            return GgufValueType.BOOL;
        }

        @Override
        public String display(int charactersMax) {
            return Boolean.toString(value);
        }
    }

    /** A string. Bytes in the file that are no UTF-8 read as U+FFFD. */
    record Text(String value) implements GgufValue {
        @Override
        public GgufValueType type() {
            return GgufValueType.STRING;
        }

        @Override
        public String display(int charactersMax) {
            return Printable.shortened(value, charactersMax);
        }
    }

    /** An array of numbers, bools, strings or arrays, kept packed as it is in the file. */
    sealed interface Array extends GgufValue permits PackedNumbers, PackedTexts, NestedArrays {
        /** The type of every element. */
        GgufValueType elementType();

        /** How many elements there are. */
        int length();

        /**
         * Element {@code index}, made on each call.
         *
         * @throws IndexOutOfBoundsException if there is none
         */
        GgufValue get(int index);

        @Override
        default GgufValueType type() {
            return GgufValueType.ARRAY;
        }

        @Override
        default String display(int charactersMax) {
            StringBuilder line = new StringBuilder(elementType() + "[" + length() + "] {");
            for (int i = 0; i < length() && line.length() <= charactersMax; i++) {
                line.append(i == 0 ? "" : ", ").append(get(i).display(charactersMax));
            }
            return Printable.shortened(line.append('}').toString(), charactersMax);
        }
    }

    static GgufValue uint32(long value) {
        return new Whole(GgufValueType.UINT32, value);
    }

    static GgufValue int32(int value) {
        return new Whole(GgufValueType.INT32, value);
    }

    static GgufValue int64(long value) {
        return new Whole(GgufValueType.INT64, value);
    }

    static GgufValue float32(float value) {
        return new Real(GgufValueType.FLOAT32, value);
    }

    static GgufValue bool(boolean value) {
        return new Bool(value);
    }

    static GgufValue string(String value) {
        return new Text(value);
    }

    static Array strings(List<String> values) {
        return PackedTexts.of(values.stream()
                .map(value -> value.getBytes(StandardCharsets.UTF_8))
                .toList());
    }

    static Array int32s(int... values) {
        return PackedNumbers.ofInts(values);
    }

    static Array float32s(float... values) {
        return PackedNumbers.ofFloats(values);
    }

    static Array bools(boolean... values) {
        return PackedNumbers.ofBools(values);
    }

    /**
     * An array of whole numbers of any integer type.
     *
     * @throws IllegalArgumentException if a number is out of the type's range
     */
    static Array wholes(GgufValueType elementType, long... values) {
        return PackedNumbers.ofWholes(elementType, values);
    }

    /** An array of FLOAT32 or FLOAT64 numbers. */
    static Array reals(GgufValueType elementType, double... values) {
        return PackedNumbers.ofReals(elementType, values);
    }

    /** An array of arrays. */
    static Array arrays(List<? extends Array> values) {
        return new NestedArrays(List.copyOf(values));
    }
}
