package dev.squall.cli;

import dev.squall.generate.GenerationMetrics;
import java.util.List;
import java.util.Locale;

/** The costs of a chat's answers, added up. */
final class ChatTotals {
    private int answers;
    private long promptTokens;
    private long promptTokensCached;
    private long generatedTokens;
    private long decodedTokens;
    private long prefillNanos;
    private long decodeNanos;
    private long firstTokenNanos;

    void add(GenerationMetrics metrics) {
        answers++;
        promptTokens += metrics.promptTokens();
        promptTokensCached += metrics.promptTokensCached();
        generatedTokens += metrics.generatedTokens();
        decodedTokens += Math.max(0, metrics.generatedTokens() - 1);
        prefillNanos += metrics.prefillNanos();
        decodeNanos += metrics.decodeNanos();
        firstTokenNanos += metrics.firstTokenNanos();
    }

    /** For people. */
    List<String> lines() {
        if (answers == 0) {
            return List.of("no answers yet");
        }
        return List.of(
                "answers: %d, first token after %s on average"
                        .formatted(answers, Statistics.milliseconds(firstTokenNanos / answers)),
                "prompts: %s, of which %d were cached, %s"
                        .formatted(
                                Statistics.tokens(promptTokens),
                                promptTokensCached,
                                rate(promptTokens - promptTokensCached, prefillNanos)),
                "generated: %s, %s".formatted(Statistics.tokens(generatedTokens), rate(decodedTokens, decodeNanos)));
    }

    private static String rate(long tokens, long nanos) {
        return String.format(Locale.ROOT, "%.1f tokens/s", nanos == 0 ? 0 : tokens * 1e9 / nanos);
    }
}
