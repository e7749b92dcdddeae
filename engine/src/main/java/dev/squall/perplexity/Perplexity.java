package dev.squall.perplexity;

/**
 * The perplexity of a text: e to the mean of {@code -ln p} of its tokens.
 *
 * @param value PPL
 * @param error its standard error, to first order: PPL times that of the mean
 * @param tokens how many were scored
 */
public record Perplexity(double value, double error, int tokens) {
    static Perplexity of(SampleStatistics negativeLogs) {
        double value = Math.exp(negativeLogs.mean());
        return new Perplexity(value, value * negativeLogs.error(), negativeLogs.count());
    }
}
