package dev.squall.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.function.IntUnaryOperator;
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
    /** Belongs to the class of its own that an expression asks for. */
    static final char MEMBER = '\u00D6';

    private static final char WHITE_SPACE = '\u000B';

    /** An expression, and the class that it sees; null where it sees categories. */
    private record Step(Pattern pattern, @Nullable BitSet members) {}

    private final List<Step> steps;

    WordSplitter(PreTokenizer preTokenizer) {
        steps = preTokenizer.cuts().stream()
                .map(cut -> new Step(
                        Pattern.compile(cut.expression()), cut.members().isEmpty() ? null : members(cut.members())))
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
        for (Step step : steps) {
            if (step.members() != null) {
                BitSet members = step.members();
                String memberships = standIns(codePoints, length, codePoint -> membership(codePoint, members));
                ends = cut(step.pattern().matcher(memberships), ends);
            } else {
                if (categories.isEmpty()) {
                    categories = standIns(codePoints, length, WordSplitter::category);
                }
                ends = cut(step.pattern().matcher(categories), ends);
            }
        }
        return ends.toArray();
    }

    /** Cuts every piece into the matches within it and the gaps between them. */
    private static Ends cut(Matcher matcher, Ends pieces) {
        Ends result = new Ends(pieces.size * 2);
        int start = 0;
        for (int piece = 0; piece < pieces.size; piece++) {
            int end = pieces.ends[piece];
            matcher.region(start, end);
            int cutTo = start;
            while (matcher.find()) {
                if (matcher.start() > cutTo) {
                    result.add(matcher.start());
                }
                if (matcher.end() > matcher.start()) {
                    result.add(matcher.end());
                }
                cutTo = matcher.end();
            }
            if (cutTo < end) {
                result.add(end);
            }
            start = end;
        }
        return result;
    }

    private static String standIns(int[] codePoints, int length, IntUnaryOperator standIn) {
        byte[] standIns = new byte[length];
        for (int i = 0; i < length; i++) {
            standIns[i] = (byte) standIn.applyAsInt(codePoints[i]);
        }
        return new String(standIns, StandardCharsets.ISO_8859_1);
    }

    /** The code points of a class written as in a regular expression: characters, and ranges a-b. */
    private static BitSet members(String written) {
        int[] codePoints = written.codePoints().toArray();
        BitSet members = new BitSet();
        for (int i = 0; i < codePoints.length; i++) {
            int first = codePoints[i];
            if (i + 2 < codePoints.length && codePoints[i + 1] == '-') {
                i += 2;
            }
            members.set(first, codePoints[i] + 1);
        }
        return members;
    }

    private static char membership(int codePoint, BitSet members) {
        char category = codePoint < 0x80 ? (char) codePoint : isWhiteSpace(codePoint) ? WHITE_SPACE : OTHER;
        return category != WHITE_SPACE && members.get(codePoint) ? MEMBER : category;
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
