package dev.squall.cli.plot;

import java.util.Locale;

/** Text and numbers as they stand in HTML and SVG. */
final class Markup {
    private Markup() {}

    /** Text in which nothing is markup. */
    static String text(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    /** A coordinate, to a tenth of a pixel. */
    static String at(double coordinate) {
        String text = String.format(Locale.ROOT, "%.1f", coordinate);
        return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
    }
}
