package dev.squall.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * Python's methods of texts. Texts are compared and searched without their {@link ContentMarks}, and cut with them, so
 * that a template reads a message as it was written and every character keeps its origin.
 */
final class TemplateText {
    private final ContentMarks marks;

    TemplateText(ContentMarks marks) {
        this.marks = marks;
    }

    /** White space as Python's str.strip and Jinja know it. */
    static boolean isSpace(int character) {
        return Character.isWhitespace(character)
                || Character.isSpaceChar(character)
                || character == 0x85
                || (character >= 0x1C && character <= 0x1F);
    }

    /**
     * Calls a method.
     *
     * @throws IllegalArgumentException if there is no such method or its arguments do not fit
     */
    Object call(String text, String method, List<Object> arguments, Map<String, Object> named) {
        if (!named.isEmpty()) {
            throw new IllegalArgumentException("the method '" + method + "' takes no named arguments here");
        }
        return switch (method) {
            case "strip" -> strip(text, characters(arguments), true, true);
            case "lstrip" -> strip(text, characters(arguments), true, false);
            case "rstrip" -> strip(text, characters(arguments), false, true);
            case "split" -> split(text, arguments);
            case "rsplit" -> splitFromRight(text, arguments);
            case "splitlines" -> lines(text);
            case "startswith" -> anyAffix(arguments, affix -> marks.plain(text).startsWith(affix));
            case "endswith" -> anyAffix(arguments, affix -> marks.plain(text).endsWith(affix));
            case "replace" ->
                replace(text, string(arguments, 0), string(arguments, 1), integer(arguments, 2, Integer.MAX_VALUE));
            case "find" -> (long) marks.plain(text).indexOf(marks.plain(string(arguments, 0)));
            case "rfind" -> (long) marks.plain(text).lastIndexOf(marks.plain(string(arguments, 0)));
            case "count" ->
                (long) (pieces(text, string(arguments, 0), Integer.MAX_VALUE).size() - 1);
            case "upper" -> mapped(text, plain -> plain.toUpperCase(Locale.ROOT));
            case "lower" -> mapped(text, plain -> plain.toLowerCase(Locale.ROOT));
            case "title" -> mapped(text, TemplateText::title);
            case "capitalize" -> mapped(text, TemplateText::capitalize);
            case "isdigit" -> matches(text, Character::isDigit);
            case "isalpha" -> matches(text, Character::isLetter);
            case "isspace" -> matches(text, TemplateText::isSpace);
            case "format" -> format(text, arguments);
            default -> throw new IllegalArgumentException("a text has no method '" + method + "' here");
        };
    }

    /** Applies a function that may change lengths: what it makes of a marked text is marked as a whole. */
    String mapped(String text, UnaryOperator<String> function) {
        return marks.isMarked(text) ? marks.mark(function.apply(marks.plain(text))) : function.apply(text);
    }

    boolean contains(String text, String part) {
        return marks.plain(text).contains(marks.plain(part));
    }

    boolean equal(String left, String right) {
        return marks.plain(left).equals(marks.plain(right));
    }

    String plain(String text) {
        return marks.plain(text);
    }

    String mark(String text) {
        return marks.mark(text);
    }

    /** The number of characters. */
    long length(String text) {
        String plain = marks.plain(text);
        return plain.codePointCount(0, plain.length());
    }

    /** Each character as a text. */
    List<Object> characters(String text) {
        String plain = marks.plain(text);
        List<Object> characters = new ArrayList<>();
        for (int i = 0; i < text.length(); ) {
            int end = plain.offsetByCodePoints(i, 1);
            characters.add(text.substring(i, end));
            i = end;
        }
        return characters;
    }

    String strip(String text, String characters, boolean left, boolean right) {
        String plain = marks.plain(text);
        String stripped = marks.plain(characters);
        int from = 0;
        int to = text.length();
        while (left && from < to && isStripped(plain.charAt(from), stripped)) {
            from++;
        }
        while (right && from < to && isStripped(plain.charAt(to - 1), stripped)) {
            to--;
        }
        return text.substring(from, to);
    }

    private static boolean isStripped(char character, String characters) {
        return characters.isEmpty() ? isSpace(character) : characters.indexOf(character) >= 0;
    }

    String replace(String text, String old, String replacement, int times) {
        if (old.isEmpty()) {
            throw new IllegalArgumentException("an empty text cannot be replaced");
        }
        return String.join(replacement, pieces(text, old, times));
    }

    private List<Object> split(String text, List<Object> arguments) {
        int times = integer(arguments, 1, Integer.MAX_VALUE);
        if (arguments.isEmpty() || arguments.getFirst() == TemplateValue.NONE) {
            return words(text, times);
        }
        return new ArrayList<>(pieces(text, string(arguments, 0), times));
    }

    /** The texts between the separators, of which only so many count. */
    private List<String> pieces(String text, String separator, int times) {
        String plain = marks.plain(text);
        String plainSeparator = marks.plain(separator);
        if (plainSeparator.isEmpty()) {
            throw new IllegalArgumentException("the separator is empty");
        }
        List<String> pieces = new ArrayList<>();
        int start = 0;
        for (int at = plain.indexOf(plainSeparator);
                at >= 0 && pieces.size() < times;
                at = plain.indexOf(plainSeparator, start)) {
            pieces.add(text.substring(start, at));
            start = at + plainSeparator.length();
        }
        pieces.add(text.substring(start));
        return pieces;
    }

    private List<Object> splitFromRight(String text, List<Object> arguments) {
        int times = integer(arguments, 1, Integer.MAX_VALUE);
        String separator = string(arguments, 0);
        List<String> pieces = pieces(text, separator, Integer.MAX_VALUE);
        int joined = pieces.size() - 1 <= times ? 1 : pieces.size() - times;
        List<Object> result = new ArrayList<>();
        // The separators of the joined part are cut out of the text, so that they keep their marks.
        int end = text.length();
        for (int i = pieces.size() - 1; i >= joined; i--) {
            result.addFirst(pieces.get(i));
            end -= pieces.get(i).length() + separator.length();
        }
        result.addFirst(text.substring(0, end));
        return result;
    }

    private List<Object> words(String text, int times) {
        String plain = marks.plain(text);
        List<Object> words = new ArrayList<>();
        int at = 0;
        while (true) {
            while (at < plain.length() && isSpace(plain.charAt(at))) {
                at++;
            }
            if (at == plain.length()) {
                return words;
            }
            int end = at;
            while (end < plain.length() && (words.size() == times || !isSpace(plain.charAt(end)))) {
                end++;
            }
            words.add(text.substring(at, end));
            at = end;
        }
    }

    private List<Object> lines(String text) {
        List<String> lines = pieces(
                marks.plain(text).contains("\r") ? replace(text, "\r\n", "\n", Integer.MAX_VALUE) : text,
                "\n",
                Integer.MAX_VALUE);
        if (lines.getLast().isEmpty()) {
            lines.removeLast();
        }
        return new ArrayList<>(lines);
    }

    /** Puts the arguments, one after the other, where {@code {}} stands. */
    private static String format(String text, List<Object> arguments) {
        StringBuilder result = new StringBuilder();
        int start = 0;
        for (Object argument : arguments) {
            int at = text.indexOf("{}", start);
            if (at < 0) {
                break;
            }
            result.append(text, start, at).append(TemplateValue.text(argument));
            start = at + 2;
        }
        String rest = text.substring(start);
        if (rest.contains("{")) {
            throw new IllegalArgumentException("format() knows only '{}', one for each argument");
        }
        return result.append(rest).toString();
    }

    private static String title(String text) {
        StringBuilder result = new StringBuilder(text.length());
        boolean inWord = false;
        for (int i = 0; i < text.length(); i++) {
            char character = text.charAt(i);
            result.append(inWord ? Character.toLowerCase(character) : Character.toTitleCase(character));
            inWord = Character.isLetter(character);
        }
        return result.toString();
    }

    private static String capitalize(String text) {
        return text.isEmpty()
                ? text
                : text.substring(0, 1).toUpperCase(Locale.ROOT)
                        + text.substring(1).toLowerCase(Locale.ROOT);
    }

    private boolean matches(String text, IntPredicate predicate) {
        return !text.isEmpty() && marks.plain(text).codePoints().allMatch(predicate);
    }

    private boolean anyAffix(List<Object> arguments, Predicate<String> predicate) {
        Object affixes = arguments.isEmpty() ? TemplateValue.NONE : arguments.getFirst();
        List<?> all = affixes instanceof List<?> list ? list : List.of(affixes);
        return all.stream().anyMatch(affix -> predicate.test(marks.plain(string(List.of(affix), 0))));
    }

    private static String characters(List<Object> arguments) {
        return arguments.isEmpty() || arguments.getFirst() == TemplateValue.NONE ? "" : string(arguments, 0);
    }

    private static String string(List<Object> arguments, int place) {
        if (place < arguments.size() && arguments.get(place) instanceof String text) {
            return text;
        }
        throw new IllegalArgumentException("argument " + (place + 1) + " is "
                + (place < arguments.size() ? TemplateValue.kind(arguments.get(place)) : "missing")
                + ", expected a text");
    }

    private static int integer(List<Object> arguments, int place, int fallback) {
        if (place >= arguments.size()) {
            return fallback;
        }
        if (arguments.get(place) instanceof Long number) {
            return number < 0 ? fallback : (int) Math.min(number, Integer.MAX_VALUE);
        }
        throw new IllegalArgumentException("argument " + (place + 1) + " is " + TemplateValue.kind(arguments.get(place))
                + ", expected an integer");
    }
}
