package dev.squall.tokenizer;

import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/**
 * The values of a template and what Python says of them: texts are Strings, integers Longs, floats Doubles; then
 * Booleans, Lists, Maps, functions, {@link #NONE} and undefined values.
 */
final class TemplateValue {
    /** Python's None. */
    static final Object NONE = new Object() {
        @Override
        public String toString() {
            return "None";
        }
    };

    private TemplateValue() {}

    /** What a name that nobody set stands for: false and empty, but no value to compute with. */
    record Undefined(String name) {}

    /** Something that a template can call. */
    @FunctionalInterface
    interface Function {
        Object call(List<Object> positional, Map<String, Object> named);
    }

    static boolean isTrue(Object value) {
        return switch (value) {
            case Boolean bool -> bool;
            case String text -> !text.isEmpty();
            case Long number -> number != 0;
            case Double number -> number != 0;
            case List<?> list -> !list.isEmpty();
            case Map<?, ?> map -> !map.isEmpty();
            case Undefined _ -> false;
            default -> value != NONE;
        };
    }

    /** What printing a value writes. */
    static String text(Object value) {
        return switch (value) {
            case String text -> text;
            case Undefined _ -> "";
            default -> literal(value);
        };
    }

    /** A value as Python writes it within a list. */
    static String literal(Object value) {
        return switch (value) {
            case Boolean bool -> bool ? "True" : "False";
            case String text ->
                "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'";
            case List<?> list -> {
                StringJoiner items = new StringJoiner(", ", "[", "]");
                list.forEach(item -> items.add(literal(item)));
                yield items.toString();
            }
            case Map<?, ?> map -> {
                StringJoiner entries = new StringJoiner(", ", "{", "}");
                map.forEach((key, entry) -> entries.add(literal(key) + ": " + literal(entry)));
                yield entries.toString();
            }
            case Undefined _ -> "Undefined";
            default -> value.toString();
        };
    }

    /** What an error message calls a value. */
    static String kind(Object value) {
        return switch (value) {
            case Boolean _ -> "a boolean";
            case String _ -> "a text";
            case Long _ -> "an integer";
            case Double _ -> "a float";
            case List<?> _ -> "a list";
            case Map<?, ?> _ -> "a mapping";
            case Undefined(String name) -> "'" + name + "', which is undefined";
            case Function _ -> "a function";
            default -> "none";
        };
    }
}
