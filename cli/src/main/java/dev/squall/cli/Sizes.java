package dev.squall.cli;

import java.util.Locale;

/** Sizes and counts as people read them. */
final class Sizes {
    private Sizes() {}

    /** Bytes in binary units, with three digits. */
    static String bytes(long bytes) {
        return scaled(bytes, 1024, " bytes", " KiB", " MiB", " GiB", " TiB");
    }

    /** A count in thousands, millions or billions, with three digits. */
    static String count(long count) {
        return scaled(count, 1000, "", " thousand", " million", " billion", " trillion");
    }

    private static String scaled(long number, int step, String... units) {
        double value = number;
        int unit = 0;
        while (value >= step && unit < units.length - 1) {
            value /= step;
            unit++;
        }
        if (unit == 0) {
            return number + units[0];
        }
        return String.format(
                Locale.ROOT, value < 10 ? "%.2f%s" : value < 100 ? "%.1f%s" : "%.0f%s", value, units[unit]);
    }
}
