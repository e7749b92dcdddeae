package dev.squall.cli.answer;

import dev.squall.cli.option.Sizes;
import dev.squall.expert.CacheCounters;
import dev.squall.generate.GenerationMetrics;
import dev.squall.generate.GenerationResult;
import java.util.Locale;

/** What an answer cost, on one line. */
public final class Statistics {
    private Statistics() {}

    /** Prompt and generation speed, time to first token, why it ended if not by itself, and the seed in force. */
    public static String line(GenerationResult result, long seed) {
        GenerationMetrics metrics = result.metrics();
        StringBuilder line = new StringBuilder();
        line.append("prompt ").append(tokens(metrics.promptTokens()));
        if (metrics.promptTokensCached() > 0) {
            line.append(" (").append(metrics.promptTokensCached()).append(" cached)");
        }
        appendRate(line, metrics.prefillTokensPerSecond());
        line.append(" | answer ").append(tokens(metrics.generatedTokens()));
        appendRate(line, metrics.decodeTokensPerSecond());
        if (metrics.generatedTokens() > 0) {
            line.append(" | first after ").append(milliseconds(metrics.firstTokenNanos()));
        }
        CacheCounters experts = metrics.experts();
        if (experts.hits() + experts.misses() > 0) {
            long tokens =
                    Math.max(1, metrics.promptTokens() - metrics.promptTokensCached() + metrics.generatedTokens());
            line.append(String.format(
                    Locale.ROOT,
                    " | experts %.0f %% hit, %s/token, stalled %s",
                    100 * experts.hitRate(),
                    Sizes.bytes(experts.bytesLoaded() / tokens),
                    milliseconds(experts.stalledNanos())));
            if (experts.bytesLoadedAhead() > 0 || experts.late() > 0) {
                line.append(String.format(
                        Locale.ROOT,
                        ", loaded ahead: %d timely, %d late, %d wasted",
                        experts.timely(),
                        experts.late(),
                        experts.wasted()));
            }
        }
        switch (result.stopReason()) {
            case END_OF_GENERATION -> {}
            case TOKEN_LIMIT -> line.append(" | stopped at the token limit");
            case CONTEXT_FULL -> line.append(" | stopped: context full");
            case CANCELLED -> line.append(" | stopped by you");
        }
        return line.append(" | seed ").append(seed).toString();
    }

    public static String tokens(long count) {
        return count + (count == 1 ? " token" : " tokens");
    }

    public static String milliseconds(long nanos) {
        return String.format(Locale.ROOT, nanos < 10_000_000 ? "%.1f ms" : "%.0f ms", nanos / 1e6);
    }

    private static void appendRate(StringBuilder line, double tokensPerSecond) {
        if (tokensPerSecond > 0) {
            line.append(String.format(Locale.ROOT, tokensPerSecond < 100 ? " %.1f/s" : " %.0f/s", tokensPerSecond));
        }
    }
}
