package dev.squall.gguf;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Predicate;

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
        if (values.get(key) instanceof GgufValue.Text(String text)) {
            return text;
        }
        throw unfit(key, "a string");
    }

    public String stringOrElse(String key, String fallback) {
        return contains(key) ? string(key) : fallback;
    }

    /** The whole number under the key, of any integer type, if it fits an int. */
    public int int32(String key) {
        if (values.get(key) instanceof GgufValue.Whole whole && fitsInt(whole)) {
            return (int) whole.value();
        }
        throw unfit(key, "an integer from -2^31 to 2^31-1");
    }

    public int int32OrElse(String key, int fallback) {
        return contains(key) ? int32(key) : fallback;
    }

    /** The whole number under the key, of any integer type, if it fits a long. */
    public long int64(String key) {
        if (values.get(key) instanceof GgufValue.Whole whole && whole.fitsLong()) {
            return whole.value();
        }
        throw unfit(key, "an integer from -2^63 to 2^63-1");
    }

    /** The floating-point number under the key, of either float type, rounded to a float. */
    public float float32(String key) {
        if (values.get(key) instanceof GgufValue.Real real) {
            return (float) real.value();
        }
        throw unfit(key, "a floating-point number");
    }

    /** The truth value under the key. */
    public boolean bool(String key) {
        if (values.get(key) instanceof GgufValue.Bool(boolean bool)) {
            return bool;
        }
        throw unfit(key, "a bool");
    }

    public boolean boolOrElse(String key, boolean fallback) {
        return contains(key) ? bool(key) : fallback;
    }

    /** The strings under the key, as a view that makes each string on each call. */
    public List<String> strings(String key) {
        if (values.get(key) instanceof PackedTexts texts) {
            return texts.asList();
        }
        throw unfit(key, "an array of strings");
    }

    /** The whole numbers under the key, an array of any integer type whose numbers all fit an int. */
    public int[] ints(String key) {
        String expected = "an array of integers from -2^31 to 2^31-1";
        PackedNumbers numbers = numbers(key, GgufValueType::isInteger, expected);
        int[] ints = new int[numbers.length()];
        for (int i = 0; i < ints.length; i++) {
            GgufValue.Whole whole = (GgufValue.Whole) numbers.get(i);
            if (!fitsInt(whole)) {
                throw unfit(key, expected);
            }
            ints[i] = (int) whole.value();
        }
        return ints;
    }

    /** The floating-point numbers under the key, an array of either float type, rounded to floats. */
    public float[] floats(String key) {
        PackedNumbers numbers = numbers(key, GgufValueType::isFloat, "an array of floating-point numbers");
        float[] floats = new float[numbers.length()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) ((GgufValue.Real) numbers.get(i)).value();
        }
        return floats;
    }

    /** The truth values under the key. */
    public boolean[] bools(String key) {
        PackedNumbers numbers = numbers(key, type -> type == GgufValueType.BOOL, "an array of bools");
        boolean[] bools = new boolean[numbers.length()];
        for (int i = 0; i < bools.length; i++) {
            bools[i] = ((GgufValue.Bool) numbers.get(i)).value();
        }
        return bools;
    }

    private PackedNumbers numbers(String key, Predicate<GgufValueType> elementType, String expected) {
        if (values.get(key) instanceof PackedNumbers numbers && elementType.test(numbers.elementType())) {
            return numbers;
        }
        throw unfit(key, expected);
    }

    private static boolean fitsInt(GgufValue.Whole whole) {
        return whole.fitsLong() && whole.value() == (int) whole.value();
    }

    private GgufFormatException unfit(String key, String expected) {
        String actual =
                switch (values.get(key)) {
                    case null -> "missing";
                    case GgufValue.Array array -> array.display(DISPLAY_CHARACTERS_MAX);
                    case GgufValue value -> value.type() + " " + value.display(DISPLAY_CHARACTERS_MAX);
                };
        return new GgufFormatException(file, subject(key), actual, expected, null);
    }

    static String subject(String key) {
        return "metadata " + Printable.quoted(key);
    }
}
