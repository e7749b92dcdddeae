package dev.squall.generate;

import java.util.List;

/**
 * A token of the prompt or of the answer, with what the model thought of it.
 *
 * @param token the token's id
 * @param logProbability natural logarithm of its probability given everything before it; NaN for the first token of a
 *     prompt, which nothing precedes, and where the request asked for no log-probabilities
 * @param likeliest the likeliest tokens at this step, likeliest first; empty unless the request asked for them
 */
public record ScoredToken(int token, double logProbability, List<TokenProbability> likeliest) {
    public ScoredToken {
        likeliest = List.copyOf(likeliest);
    }

    /** A token of which nothing was asked. */
    static ScoredToken unscored(int token) {
        return new ScoredToken(token, Double.NaN, List.of());
    }
}
