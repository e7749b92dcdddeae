package dev.squall.cli;

import dev.squall.gguf.GgufFile;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How much memory experts get: bytes, or a share of what all experts take.
 *
 * @param bytes 0 where a share was given
 * @param percent 0 where bytes were given
 */
record CacheSize(long bytes, double percent) {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,6})?)([KMGT%]?)I?B?");

    /** Reads {@code 512M}, {@code 8G}, {@code 1.5g}, {@code 25%}. */
    static CacheSize parse(String text) {
        Matcher matcher = SIZE.matcher(text.strip().toUpperCase(Locale.ROOT));
        if (!matcher.matches()) {
            throw new IllegalArgumentException("--expert-cache '" + text
                    + "': expected a size such as 512M or 8G, or a share of all experts: 25%");
        }
        BigDecimal number = new BigDecimal(matcher.group(1));
        if (matcher.group(2).equals("%")) {
            double percent = number.doubleValue();
            if (!(percent > 0 && percent <= 100)) {
                throw new IllegalArgumentException("--expert-cache " + text + ": expected above 0 to 100 %");
            }
            return new CacheSize(0, percent);
        }
        int shift = matcher.group(2).isEmpty() ? 0 : 10 * ("KMGT".indexOf(matcher.group(2)) + 1);
        long bytes = number.multiply(BigDecimal.valueOf(1L << shift)).longValue();
        if (bytes < 1) {
            throw new IllegalArgumentException("--expert-cache " + text + ": expected at least 1 byte");
        }
        return new CacheSize(bytes, 0);
    }

    /** The bytes that it means for a model. */
    long bytesFor(Path model) throws IOException {
        if (bytes > 0) {
            return bytes;
        }
        try (GgufFile file = GgufFile.open(model)) {
            long all = file.tensors().values().stream()
                    .filter(tensor -> tensor.name().endsWith("_exps.weight"))
                    .mapToLong(tensor -> tensor.bytes())
                    .sum();
            return Math.max(1, (long) Math.ceil(all * (percent / 100)));
        }
    }
}
