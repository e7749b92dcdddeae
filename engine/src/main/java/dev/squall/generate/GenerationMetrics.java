package dev.squall.generate;

import dev.squall.expert.CacheCounters;

/**
 * What one generation cost. Times are wall-clock nanoseconds.
 *
 * @param promptTokens tokens of the prompt; if it was cancelled before all were evaluated, only those that were
 * @param promptTokensCached how many of them the session had evaluated before
 * @param generatedTokens tokens of the answer
 * @param prefillNanos evaluating the rest of the prompt
 * @param decodeNanos from the end of prefill to the last token
 * @param firstTokenNanos from the call to the first token; 0 if there was none
 * @param experts what the expert cache did for it; nothing where there is none
 */
public record GenerationMetrics(
        int promptTokens,
        int promptTokensCached,
        int generatedTokens,
        long prefillNanos,
        long decodeNanos,
        long firstTokenNanos,
        CacheCounters experts) {

    /** Prompt tokens evaluated a second; 0 where none were. */
    public double prefillTokensPerSecond() {
        return rate(promptTokens - promptTokensCached, prefillNanos);
    }

    /** Tokens decoded a second, the first one (which prefill yields) aside; 0 where there was only that. */
    public double decodeTokensPerSecond() {
        return rate(generatedTokens - 1, decodeNanos);
    }

    private static double rate(int tokens, long nanos) {
        return tokens <= 0 || nanos <= 0 ? 0 : tokens * 1e9 / nanos;
    }
}
