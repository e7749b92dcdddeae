package dev.squall.cli.option;

import dev.squall.cli.process.CommandFailure;
import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes and counts as people read them. */
public final class Sizes {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,18}(?:\\.\\d{1,6})?)([KMGT]?)I?B?");

    /** More than any machine has, and few enough to count with. */
    private static final BigDecimal BYTES_MAX = BigDecimal.valueOf(1L << 60);

    private Sizes() {}

    /**
     * Reads {@code 512M}, {@code 8G}, {@code 1.5g}, {@code 8589934592} as bytes.
     *
     * @param expected what the option takes, for the complaint
     * @throws CommandFailure if it is none; the message begins with the option
     */
    public static long parse(String option, String text, String expected) {
        Matcher matcher = SIZE.matcher(text.strip().toUpperCase(Locale.ROOT));
        if (!matcher.matches()) {
            throw CommandFailure.ofUsage(option + " '" + text + "': expected " + expected);
        }
        int shift = matcher.group(2).isEmpty() ? 0 : 10 * ("KMGT".indexOf(matcher.group(2)) + 1);
        BigDecimal bytes = new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(1L << shift));
        if (bytes.compareTo(BigDecimal.ONE) < 0 || bytes.compareTo(BYTES_MAX) > 0) {
            throw CommandFailure.ofUsage(option + " " + text + ": expected 1 byte to 1048576T");
        }
        return bytes.longValue();
    }

    /** Bytes in binary units, with three digits. */
    public static String bytes(long bytes) {
        return scaled(bytes, 1024, " bytes", " KiB", " MiB", " GiB", " TiB");
    }

    /** A count in thousands, millions or billions, with three digits. */
    public static String count(long count) {
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
