package dev.squall.cli;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes and counts as people read them. */
final class Sizes {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,6})?)([KMGT]?)I?B?");

    private Sizes() {}

    /**
     * Reads {@code 512M}, {@code 8G}, {@code 1.5g} as bytes.
     *
     * @throws IllegalArgumentException if it is none; the message begins with the option
     */
    static long parse(String option, String text) {
        Matcher matcher = SIZE.matcher(text.strip().toUpperCase(Locale.ROOT));
        if (!matcher.matches()) {
            throw new IllegalArgumentException(option + " '" + text + "': expected a size such as 512M or 8G");
        }
        int shift = matcher.group(2).isEmpty() ? 0 : 10 * ("KMGT".indexOf(matcher.group(2)) + 1);
        long bytes = new BigDecimal(matcher.group(1))
                .multiply(BigDecimal.valueOf(1L << shift))
                .longValue();
        if (bytes < 1) {
            throw new IllegalArgumentException(option + " " + text + ": expected at least 1 byte");
        }
        return bytes;
    }

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
