package dev.squall.gguf;

import java.util.Locale;
import java.util.Optional;

/** The types of metadata values, under the names and numbers of the GGUF specification. */
public enum GgufValueType {
    UINT8(0, 1),
    INT8(1, 1),
    UINT16(2, 2),
    INT16(3, 2),
    UINT32(4, 4),
    INT32(5, 4),
    FLOAT32(6, 4),
    BOOL(7, 1),
    STRING(8, 8),
    ARRAY(9, 12),
    UINT64(10, 8),
    INT64(11, 8),
    FLOAT64(12, 8);

    private static final GgufValueType[] VALUES = values();

    private final int id;
    private final int bytesMin;

    GgufValueType(int id, int bytesMin) {
        this.id = id;
        this.bytesMin = bytesMin;
    }

    /** The number of this type in a GGUF file. */
    public int id() {
        return id;
    }

    /** The bytes of a number or bool; the least bytes of a string (its length) and of an array (its type and count). */
    int bytesMin() {
        return bytesMin;
    }

    /** Whether values are whole numbers. */
    public boolean isInteger() {
        return switch (this) {
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> true;
            case FLOAT32, FLOAT64, BOOL, STRING, ARRAY -> false;
        };
    }

    /** Whether values are floating-point numbers. */
    public boolean isFloat() {
        return this == FLOAT32 || this == FLOAT64;
    }

    /** The type with this number, empty if the specification has none. */
    public static Optional<GgufValueType> fromId(int id) {
        for (GgufValueType type : VALUES) {
            if (type.id == id) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    /** The name in lower case, as messages and listings show it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
