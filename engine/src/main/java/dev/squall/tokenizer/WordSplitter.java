package dev.squall.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Applies a {@link PreTokenizer} to text. Most expressions only ask of which Unicode category a character is, so they
 * run over a copy of the text with one Latin-1 character a code point, as llama.cpp does it: ASCII stays, white space
 * beyond it becomes a vertical tab, everything else the character of its category below. Categories are those of the
 * JDK's Unicode version; llama.cpp's table is older and knows fewer characters, but agrees on those it knows.
 * Immutable; any thread may use it.
 */
final class WordSplitter {
    static final char OTHER = '\u00D0';
    static final char NUMBER = '\u00D1';
    static final char LETTER = '\u00D2';
    static final char PUNCTUATION = '\u00D3';
    static final char MARK = '\u00D4';
    static final char SYMBOL = '\u00D5';
    private static final char WHITE_SPACE = '\u000B';

    private record Step(Pattern pattern, boolean seesCategories) {}

    private final List<Step> steps;

    WordSplitter(PreTokenizer preTokenizer) {
        steps = preTokenizer.cuts().stream()
                .map(cut -> new Step(Pattern.compile(cut.expression()), cut.seesCategories()))
                .toList();
    }

    /** Where each word of a text of code points ends; the last word ends at {@code length}. */
    int[] wordEnds(int[] codePoints, int length) {
        if (length == 0) {
            return new int[0];
        }
        Ends ends = new Ends(1);
        ends.add(length);
        String categories = "";
        @Nullable CharacterView characters = null;
        for (Step step : steps) {
            if (step.seesCategories()) {
                if (categories.isEmpty()) {
                    categories = categories(codePoints, length);
                }
                ends = cut(step.pattern().matcher(categories), ends, null);
            } else {
                if (characters == null) {
                    characters = CharacterView.of(codePoints, length);
                }
                ends = cut(step.pattern().matcher(characters.text()), ends, characters);
            }
        }
        return ends.toArray();
    }

    /** Cuts every piece into the matches within it and the gaps between them. */
    private static Ends cut(Matcher matcher, Ends pieces, @Nullable CharacterView view) {
        Ends result = new Ends(pieces.size * 2);
        int start = 0;
        for (int piece = 0; piece < pieces.size; piece++) {
            int end = pieces.ends[piece];
            matcher.region(view == null ? start : view.offset(start), view == null ? end : view.offset(end));
            int cutTo = start;
            while (matcher.find()) {
                int from = view == null ? matcher.start() : view.codePoint(matcher.start());
                int to = view == null ? matcher.end() : view.codePoint(matcher.end());
                if (from > cutTo) {
                    result.add(from);
                }
                if (to > from) {
                    result.add(to);
                }
                cutTo = to;
            }
            if (cutTo < end) {
                result.add(end);
            }
            start = end;
        }
        return result;
    }

    private static String categories(int[] codePoints, int length) {
        byte[] categories = new byte[length];
        for (int i = 0; i < length; i++) {
            categories[i] = (byte) category(codePoints[i]);
        }
        return new String(categories, StandardCharsets.ISO_8859_1);
    }

    static char category(int codePoint) {
        if (codePoint < 0x80) {
            return (char) codePoint;
        }
        if (isWhiteSpace(codePoint)) {
            return WHITE_SPACE;
        }
        return switch (Character.getType(codePoint)) {
            case Character.UPPERCASE_LETTER,
                    Character.LOWERCASE_LETTER,
                    Character.TITLECASE_LETTER,
                    Character.MODIFIER_LETTER,
                    Character.OTHER_LETTER -> LETTER;
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> NUMBER;
            case Character.NON_SPACING_MARK, Character.COMBINING_SPACING_MARK, Character.ENCLOSING_MARK -> MARK;
            case Character.CONNECTOR_PUNCTUATION,
                    Character.DASH_PUNCTUATION,
                    Character.START_PUNCTUATION,
                    Character.END_PUNCTUATION,
                    Character.INITIAL_QUOTE_PUNCTUATION,
                    Character.FINAL_QUOTE_PUNCTUATION,
                    Character.OTHER_PUNCTUATION -> PUNCTUATION;
            case Character.MATH_SYMBOL, Character.CURRENCY_SYMBOL, Character.MODIFIER_SYMBOL, Character.OTHER_SYMBOL ->
                SYMBOL;
            default -> OTHER;
        };
    }

    /** Unicode's White_Space beyond ASCII. */
    private static boolean isWhiteSpace(int codePoint) {
        return codePoint == 0x85
                || codePoint == 0xA0
                || codePoint == 0x1680
                || (codePoint >= 0x2000 && codePoint <= 0x200A)
                || codePoint == 0x2028
                || codePoint == 0x2029
                || codePoint == 0x202F
                || codePoint == 0x205F
                || codePoint == 0x3000;
    }

    /**
     * The characters themselves, white space beyond ASCII as a vertical tab, and the way between offsets in UTF-16 and
     * in code points.
     */
    private record CharacterView(String text, int[] offsets) {
        static CharacterView of(int[] codePoints, int length) {
            StringBuilder text = new StringBuilder(length);
            int[] offsets = new int[length + 1];
            for (int i = 0; i < length; i++) {
                offsets[i] = text.length();
                int codePoint = codePoints[i];
                text.appendCodePoint(codePoint >= 0x80 && isWhiteSpace(codePoint) ? WHITE_SPACE : codePoint);
            }
            offsets[length] = text.length();
            return new CharacterView(text.toString(), offsets);
        }

        int offset(int codePoint) {
            return offsets[codePoint];
        }

        int codePoint(int offset) {
            return text.length() == offsets.length - 1 ? offset : Arrays.binarySearch(offsets, offset);
        }
    }

    private static final class Ends {
        private int[] ends;
        private int size;

        Ends(int expected) {
            ends = new int[Math.max(16, expected)];
        }

        void add(int end) {
            if (size == ends.length) {
                ends = Arrays.copyOf(ends, size * 2);
            }
            ends[size++] = end;
        }

        int[] toArray() {
            return Arrays.copyOf(ends, size);
        }
    }
}
