package dev.squall.cli.option;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;
import java.util.function.ToIntFunction;

/** What a mistyped word was meant to be. */
public final class Spelling {
    /** One letter in so many may be wrong in a word that is still taken for the one meant. */
    private static final int LETTERS_OF_A_MISTAKE = 4;

    private Spelling() {}

    /** The known word with the fewest mistakes, the first in the alphabet of several; empty if none is alike. */
    public static Optional<String> likeliest(String typed, Collection<String> known) {
        return likeliest(typed, known, word -> mistakes(typed, word));
    }

    /** The same where mistakes are counted in another way. */
    public static Optional<String> likeliest(String typed, Collection<String> known, ToIntFunction<String> mistakes) {
        int mistakesMax = Math.max(1, typed.length() / LETTERS_OF_A_MISTAKE);
        return known.stream()
                .filter(word -> mistakes.applyAsInt(word) <= mistakesMax)
                .min(Comparator.comparingInt(mistakes).thenComparing(Comparator.naturalOrder()));
    }

    /**
     * Letters to put in, leave out or change, and neighbours to exchange, to make one word of the other (the optimal string
     * alignment distance).
     */
    public static int mistakes(String one, String other) {
        int[][] d = new int[one.length() + 1][other.length() + 1];
        for (int i = 0; i <= one.length(); i++) {
            for (int j = 0; j <= other.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                int changed = d[i - 1][j - 1] + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
                d[i][j] = Math.min(changed, 1 + Math.min(d[i - 1][j], d[i][j - 1]));
                if (i > 1
                        && j > 1
                        && one.charAt(i - 1) == other.charAt(j - 2)
                        && one.charAt(i - 2) == other.charAt(j - 1)) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[one.length()][other.length()];
    }
}
