package dev.squall.generate;

/** Hears an answer as it is made, on the thread that called {@code generate}. */
@FunctionalInterface
public interface TokenListener {
    /** A listener that ignores everything. */
    TokenListener NONE = (token, text) -> {};

    /**
     * One more token was chosen.
     *
     * @param token the token and its probabilities
     * @param text the text that became whole with it: empty while a character is still split over tokens
     */
    void onToken(ScoredToken token, String text);

    /**
     * A chunk of the prompt was evaluated.
     *
     * @param done prompt tokens evaluated or found in the cache so far
     * @param total prompt tokens in all
     */
    default void onPrefill(int done, int total) {}
}
