package dev.squall.gguf;

/** Text from a file made fit for one line of a terminal: a file must not be able to move the cursor or forge a line. */
final class Printable {
    private static final int QUOTED_CHARACTERS_MAX = 120;

    private Printable() {}

    /** The text with control and format characters and unpaired surrogates as escapes. */
    static String text(String text) {
        if (text.codePoints().noneMatch(Printable::isUnprintable)) {
            return text;
        }
        StringBuilder escaped = new StringBuilder(text.length() + 16);
        text.codePoints().forEach(codePoint -> {
            switch (codePoint) {
                case '\n' -> escaped.append("\\n");
                case '\r' -> escaped.append("\\r");
                case '\t' -> escaped.append("\\t");
                default -> {
                    if (isUnprintable(codePoint)) {
                        escaped.append("\\u{%x}".formatted(codePoint));
                    } else {
                        escaped.appendCodePoint(codePoint);
                    }
                }
            }
        });
        return escaped.toString();
    }

    /** The text on one line, cut to {@code charactersMax} characters with an ellipsis if it is longer. */
    static String shortened(String text, int charactersMax) {
        boolean cut = text.length() > charactersMax;
        String printable = text(cut ? text.substring(0, charactersMax) : text);
        return cut || printable.length() > charactersMax
                ? printable.substring(0, Math.min(printable.length(), Math.max(0, charactersMax - 3))) + "..."
                : printable;
    }

    /** A name in single quotes, on one line, not longer than a message bears. */
    static String quoted(String name) {
        return "'" + shortened(name, QUOTED_CHARACTERS_MAX) + "'";
    }

    private static boolean isUnprintable(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> true;
            default -> false;
        };
    }
}
