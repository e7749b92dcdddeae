package dev.squall.gguf;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The key-value pairs of a GGUF file, in the file's order. Immutable, safe for any thread, and valid after the file is
 * closed. Getters check type and range: they throw {@link GgufFormatException} naming key and file, and the
 * {@code OrElse} variants take their fallback only for an absent key, never for one of the wrong type.
 */
public final class GgufMetadata {
    static final String ALIGNMENT = "general.alignment";

    private static final int DISPLAY_CHARACTERS_MAX = 60;

    private final Path file;
    private final SequencedMap<String, GgufValue> values;

    /**
     * @param file where the values come from, for messages
     * @param values in the order in which they are to be shown
     */
    public GgufMetadata(Path file, Map<String, GgufValue> values) {
        this.file = file;
        this.values = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(values));
    }

    /** The file that the values come from. */
    public Path file() {
        return file;
    }

    /** All entries in the file's order. */
    public SequencedMap<String, GgufValue> entries() {
        return values;
    }

    /** Whether there is a value of any type. */
    public boolean contains(String key) {
        return values.containsKey(key);
    }

    /** The value of any type, if there is one: for keys that may hold one number or an array with one per layer. */
    public Optional<GgufValue> find(String key) {
        return Optional.ofNullable(values.get(key));
    }

    /** The string under the key. */
    public String string(String key) {
        return require(key, "a string", GgufMetadata::asString);
    }

    public String stringOrElse(String key, String fallback) {
        return contains(key) ? string(key) : fallback;
    }

    /** The whole number under the key, of any integer type, if it fits an int. */
    public int int32(String key) {
        return Math.toIntExact(require(key, "an integer from -2^31 to 2^31-1", GgufMetadata::asInt32));
    }

    public int int32OrElse(String key, int fallback) {
        return contains(key) ? int32(key) : fallback;
    }

    /** The whole number under the key, of any integer type, if it fits a long. */
    public long int64(String key) {
        return require(key, "an integer from -2^63 to 2^63-1", GgufMetadata::asInt64);
    }

    public long int64OrElse(String key, long fallback) {
        return contains(key) ? int64(key) : fallback;
    }

    /** The floating-point number under the key, of either float type, rounded to a float. */
    public float float32(String key) {
        return require(key, "a floating-point number", GgufMetadata::asFloat32);
    }

    public float float32OrElse(String key, float fallback) {
        return contains(key) ? float32(key) : fallback;
    }

    /** The truth value under the key. */
    public boolean bool(String key) {
        return require(key, "a bool", GgufMetadata::asBool);
    }

    public boolean boolOrElse(String key, boolean fallback) {
        return contains(key) ? bool(key) : fallback;
    }

    /** The strings under the key, as a view that makes each string on each call. */
    public List<String> strings(String key) {
        return require(key, "an array of strings", value -> value instanceof PackedTexts texts ? texts.asList() : null);
    }

    /** The whole numbers under the key, an array of any integer type whose numbers all fit an int. */
    public int[] ints(String key) {
        return require(key, "an array of integers from -2^31 to 2^31-1", GgufMetadata::asInts);
    }

    /** The floating-point numbers under the key, an array of either float type, rounded to floats. */
    public float[] floats(String key) {
        return require(key, "an array of floating-point numbers", GgufMetadata::asFloats);
    }

    /** The truth values under the key. */
    public boolean[] bools(String key) {
        return require(key, "an array of bools", GgufMetadata::asBools);
    }

    private <T> T require(String key, String expected, Function<GgufValue, @Nullable T> as) {
        GgufValue value = values.get(key);
        if (value == null) {
            throw new GgufFormatException(file, subject(key), "missing", expected, null);
        }
        T result = as.apply(value);
        if (result == null) {
            String actual = value instanceof GgufValue.Array
                    ? value.display(DISPLAY_CHARACTERS_MAX)
                    : value.type() + " " + value.display(DISPLAY_CHARACTERS_MAX);
            throw new GgufFormatException(file, subject(key), actual, expected, null);
        }
        return result;
    }

    private static @Nullable String asString(GgufValue value) {
        return value instanceof GgufValue.Text(String text) ? text : null;
    }

    private static @Nullable Long asInt64(GgufValue value) {
        return value instanceof GgufValue.Whole whole && whole.fitsLong() ? whole.value() : null;
    }

    private static @Nullable Long asInt32(GgufValue value) {
        Long number = asInt64(value);
        return number != null && number == number.intValue() ? number : null;
    }

    private static @Nullable Float asFloat32(GgufValue value) {
        return value instanceof GgufValue.Real(GgufValueType type, double number) ? (float) number : null;
    }

    private static @Nullable Boolean asBool(GgufValue value) {
        return value instanceof GgufValue.Bool(boolean bool) ? bool : null;
    }

    private static int @Nullable [] asInts(GgufValue value) {
        if (!(value instanceof PackedNumbers numbers) || !numbers.elementType().isInteger()) {
            return null;
        }
        int[] ints = new int[numbers.length()];
        for (int i = 0; i < ints.length; i++) {
            Long number = asInt32(numbers.get(i));
            if (number == null) {
                return null;
            }
            ints[i] = number.intValue();
        }
        return ints;
    }

    private static float @Nullable [] asFloats(GgufValue value) {
        if (!(value instanceof PackedNumbers numbers) || !numbers.elementType().isFloat()) {
            return null;
        }
        float[] floats = new float[numbers.length()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) ((GgufValue.Real) numbers.get(i)).value();
        }
        return floats;
    }

    private static boolean @Nullable [] asBools(GgufValue value) {
        if (!(value instanceof PackedNumbers numbers) || numbers.elementType() != GgufValueType.BOOL) {
            return null;
        }
        boolean[] bools = new boolean[numbers.length()];
        for (int i = 0; i < bools.length; i++) {
            bools[i] = ((GgufValue.Bool) numbers.get(i)).value();
        }
        return bools;
    }

    static String subject(String key) {
        return "metadata " + Printable.quoted(key);
    }
}
