package dev.squall.cli.option;

import dev.squall.predict.PolicyName;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.TypeConversionException;

/** Words of the command line. */
public final class Words {
    private Words() {}

    /**
     * The constant of that name, in any case.
     *
     * @throws TypeConversionException if there is none
     */
    public static <E extends Enum<E>> E choice(Class<E> type, String word) {
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
     * A policy, in any case.
     *
     * @throws TypeConversionException if there is none of that name
     */
    public static PolicyName policy(String word) {
        return Arrays.stream(PolicyName.values())
                .filter(policy -> policy.toString().equalsIgnoreCase(word))
                .findFirst()
                .orElseThrow(() -> new TypeConversionException("'" + word + "', expected one of " + PolicyName.all()));
    }

    /**
     * A whole number.
     *
     * @throws TypeConversionException if it is none, or beyond the bounds
     */
    public static long wholeNumber(String word, long least, long most) {
        if (!word.matches("[+-]?\\d+")) {
            throw new TypeConversionException("'" + word + "' is no whole number");
        }
        BigInteger number = new BigInteger(word);
        if (number.compareTo(BigInteger.valueOf(least)) < 0 || number.compareTo(BigInteger.valueOf(most)) > 0) {
            throw new TypeConversionException("'" + word + "', expected " + least + " to " + most);
        }
        return number.longValue();
    }

    /**
     * A file's name.
     *
     * @throws TypeConversionException if it is empty, which Java would take for the current folder
     */
    public static Path file(String word) {
        if (word.isEmpty()) {
            throw new TypeConversionException("'', expected a file name");
        }
        return Path.of(word);
    }
}
