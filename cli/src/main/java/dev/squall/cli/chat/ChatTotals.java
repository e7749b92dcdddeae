package dev.squall.cli.chat;

import dev.squall.cli.answer.Statistics;
import dev.squall.cli.option.Sizes;
import dev.squall.cli.terminal.WrappedText;
import dev.squall.expert.CacheCounters;
import dev.squall.generate.GenerationMetrics;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;

/** The costs of a chat's answers, added up. */
final class ChatTotals {
    /** Answers that are listed one by one. */
    private static final int LISTED_MAX = 20;

    private final Deque<String> history = new ArrayDeque<>();
    private int answers;
    private int answersBegun;
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
        answersBegun += metrics.generatedTokens() > 0 ? 1 : 0;
        if (history.size() == LISTED_MAX) {
            history.removeFirst();
        }
        history.addLast(row(metrics));
    }

    private String row(GenerationMetrics metrics) {
        CacheCounters experts = metrics.experts();
        long tokens = Math.max(1, metrics.promptTokens() - metrics.promptTokensCached() + metrics.generatedTokens());
        boolean hasCache = experts.hits() + experts.misses() > 0;
        return String.format(
                Locale.ROOT,
                "%6d %8d %9.0f %8d %9.1f %10s %6s %10s %6s",
                answers,
                metrics.promptTokens(),
                metrics.prefillTokensPerSecond(),
                metrics.generatedTokens(),
                metrics.decodeTokensPerSecond(),
                metrics.generatedTokens() == 0 ? "-" : Statistics.milliseconds(metrics.firstTokenNanos()),
                hasCache ? Math.round(100 * experts.hitRate()) + " %" : "-",
                hasCache ? Sizes.bytes(experts.bytesLoaded() / tokens) : "-",
                hasCache ? Long.toString(experts.late()) : "-");
    }

    /**
     * For people.
     *
     * @param width of the terminal; 0 if it is not known
     */
    List<String> lines(int width) {
        if (answers == 0) {
            return List.of("no answers yet");
        }
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT,
                "%6s %8s %9s %8s %9s %10s %6s %10s %6s",
                "answer",
                "prompt",
                "prompt/s",
                "tokens",
                "tokens/s",
                "first",
                "hit",
                "read/token",
                "late"));
        lines.addAll(history);
        lines.addAll(WrappedText.lines(
                "prompt/s: tokens of the prompt a second; first: time to the first token; hit: experts there when they were"
                        + " asked for; read/token: bytes of experts read; late: experts loaded ahead, but not in time",
                width,
                0));
        lines.addAll(List.of(
                answersBegun == 0
                        ? "answers: %d".formatted(answers)
                        : "answers: %d, first token after %s on average"
                                .formatted(answers, Statistics.milliseconds(firstTokenNanos / answersBegun)),
                "prompts: %s, of which %d were cached, %s"
                        .formatted(
                                Statistics.tokens(promptTokens),
                                promptTokensCached,
                                rate(promptTokens - promptTokensCached, prefillNanos)),
                "generated: %s, %s".formatted(Statistics.tokens(generatedTokens), rate(decodedTokens, decodeNanos))));
        return lines;
    }

    private static String rate(long tokens, long nanos) {
        return String.format(Locale.ROOT, "%.1f tokens/s", nanos == 0 ? 0 : tokens * 1e9 / nanos);
    }
}
