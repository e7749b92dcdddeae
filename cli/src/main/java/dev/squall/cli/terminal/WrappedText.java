package dev.squall.cli.terminal;

import java.util.ArrayList;
import java.util.List;

/** Breaks our own lines between words, so that a narrow terminal does not break them within one. */
public final class WrappedText {
    private static final int WIDTH_MIN = 20;

    private WrappedText() {}

    /**
     * The text in lines of at most {@code width} characters where words allow it.
     *
     * @param width the terminal's columns; 0 or few are no limit
     * @param indent spaces before every line but the first, and already taken on that
     */
    public static List<String> lines(String text, int width, int indent) {
        if (width < WIDTH_MIN + indent) {
            return List.of(text);
        }
        return broken(text, width - indent);
    }

    /** The words in lines of at most so many characters where they allow it. */
    static List<String> broken(String text, int width) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : text.split(" ")) {
            if (!line.isEmpty() && line.length() + 1 + word.length() > width) {
                lines.add(line.toString());
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        lines.add(line.toString());
        return lines;
    }

    /** The same as one string, ready to print. */
    public static String of(String text, int width, int indent) {
        return String.join("\n" + " ".repeat(width < WIDTH_MIN + indent ? 0 : indent), lines(text, width, indent));
    }
}
