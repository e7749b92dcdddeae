package dev.squall.cli;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.TypeConversionException;

/** Words of the command line. */
final class Words {
    private Words() {}

    /**
     * The constant of that name, in any case.
     *
     * @throws TypeConversionException if there is none
     */
    static <E extends Enum<E>> E choice(Class<E> type, String word) {
        for (E constant : type.getEnumConstants()) {
            if (constant.name().equalsIgnoreCase(word)) {
                return constant;
            }
        }
        throw new TypeConversionException("'" + word + "', expected "
                + Arrays.stream(type.getEnumConstants())
                        .map(constant -> constant.name().toLowerCase(Locale.ROOT))
                        .collect(Collectors.joining(" or ")));
    }

    /**
     * A file's name.
     *
     * @throws TypeConversionException if it is empty, which Java would take for the current folder
     */
    static Path file(String word) {
        if (word.isEmpty()) {
            throw new TypeConversionException("'', expected a file name");
        }
        return Path.of(word);
    }

    /** A sentence as the continuation of another. */
    static String uncapitalised(String sentence) {
        return sentence.isEmpty() ? sentence : Character.toLowerCase(sentence.charAt(0)) + sentence.substring(1);
    }
}
