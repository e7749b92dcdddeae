package dev.squall.tokenizer;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Python's strftime, as far as chat templates use it. */
final class DateFormat {
    private DateFormat() {}

    /** @throws IllegalArgumentException if the format has a directive that is not known */
    static String format(String format, LocalDateTime time) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char character = format.charAt(i);
            if (character != '%' || i + 1 == format.length()) {
                text.append(character);
                continue;
            }
            char directive = format.charAt(++i);
            boolean unpadded = directive == '-' && i + 1 < format.length();
            if (unpadded) {
                directive = format.charAt(++i);
            }
            if (directive == '%') {
                text.append('%');
            } else {
                String pattern = pattern(directive);
                text.append(DateTimeFormatter.ofPattern(
                                unpadded && pattern.length() == 2 ? pattern.substring(1) : pattern, Locale.ENGLISH)
                        .format(time));
            }
        }
        return text.toString();
    }

    private static String pattern(char directive) {
        return switch (directive) {
            case 'Y' -> "uuuu";
            case 'y' -> "uu";
            case 'm' -> "MM";
            case 'd' -> "dd";
            case 'B' -> "MMMM";
            case 'b' -> "MMM";
            case 'A' -> "EEEE";
            case 'a' -> "EEE";
            case 'H' -> "HH";
            case 'I' -> "hh";
            case 'M' -> "mm";
            case 'S' -> "ss";
            case 'p' -> "a";
            case 'j' -> "DDD";
            case 'F' -> "uuuu-MM-dd";
            case 'T' -> "HH:mm:ss";
            default -> throw new IllegalArgumentException("the date format '%" + directive + "' is not supported");
        };
    }
}
