package dev.squall.generate;

import dev.squall.sampling.SamplingOptions;

/**
 * What to continue and how.
 *
 * @param prompt the whole timeline as token ids; what the session has already evaluated of it is not evaluated again
 * @param tokensMax most tokens to generate; 0 evaluates the prompt only
 * @param sampling how tokens are chosen
 * @param likeliest how many of the likeliest tokens to report at each step of prompt and answer; -1 reports no
 *     log-probabilities at all, 0 only those of the tokens themselves
 * @param cancellation stops the generation from another thread
 */
public record GenerationRequest(
        int[] prompt, int tokensMax, SamplingOptions sampling, int likeliest, Cancellation cancellation) {

    /** The most alternatives that may be asked for at each step. */
    public static final int LIKELIEST_MAX = 1000;

    public GenerationRequest {
        if (prompt.length == 0) {
            throw new IllegalArgumentException("prompt has 0 tokens, expected at least 1");
        }
        if (tokensMax < 0) {
            throw new IllegalArgumentException("tokens to generate=" + tokensMax + ", expected 0 or more");
        }
        if (likeliest < -1 || likeliest > LIKELIEST_MAX) {
            throw new IllegalArgumentException(
                    "log-probabilities asked for=" + likeliest + ", expected -1 (none) to " + LIKELIEST_MAX);
        }
        prompt = prompt.clone();
    }

    public static GenerationRequest of(int[] prompt, int tokensMax, SamplingOptions sampling) {
        return new GenerationRequest(prompt, tokensMax, sampling, -1, new Cancellation());
    }
}
