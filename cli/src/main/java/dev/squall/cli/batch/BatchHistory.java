package dev.squall.cli.batch;

import dev.squall.expert.CacheCounters;
import dev.squall.generate.GenerationMetrics;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * How a batch went over time, in spans of equal length. When there are too many, two become one, so that a night takes no
 * more room than a minute. For the one thread that runs the batch.
 */
final class BatchHistory {
    /** Spans at most; at least half as many once there have been so many. */
    static final int SPANS_MAX = 120;

    private static final long SPAN_NANOS_FIRST = 250_000_000;

    private final LongSupplier nanoTime;
    private final Supplier<CacheCounters> counters;
    private final List<Span> spans = new ArrayList<>();
    private final long started;
    private CacheCounters countersBefore;
    private long spanNanos = SPAN_NANOS_FIRST;
    private long promptTokens;
    private long answerTokens;

    /** What happened within one span of time. */
    static final class Span {
        private long promptTokens;
        private long answerTokens;
        private CacheCounters experts = CacheCounters.ZERO;
        private final List<Long> firstTokenNanos = new ArrayList<>();
        private final List<Long> answerNanos = new ArrayList<>();

        private void take(Span later) {
            promptTokens += later.promptTokens;
            answerTokens += later.answerTokens;
            experts = experts.plus(later.experts);
            firstTokenNanos.addAll(later.firstTokenNanos);
            answerNanos.addAll(later.answerNanos);
        }

        long promptTokens() {
            return promptTokens;
        }

        long answerTokens() {
            return answerTokens;
        }

        CacheCounters experts() {
            return experts;
        }

        int answers() {
            return answerNanos.size();
        }

        /** Seconds until the first token, below which that share of the span's answers stayed; NaN if there are none. */
        double firstTokenSeconds(double share) {
            return quantile(firstTokenNanos, share);
        }

        /** Seconds from an answer's beginning to its end, likewise. */
        double answerSeconds(double share) {
            return quantile(answerNanos, share);
        }

        private static double quantile(List<Long> nanos, double share) {
            if (nanos.isEmpty()) {
                return Double.NaN;
            }
            long[] sorted = nanos.stream().mapToLong(Long::longValue).toArray();
            Arrays.sort(sorted);
            return sorted[(int) Math.min(sorted.length - 1L, (long) (share * sorted.length))] / 1e9;
        }
    }

    /**
     * @param nanoTime a clock
     * @param counters what the expert cache has done so far
     */
    BatchHistory(LongSupplier nanoTime, Supplier<CacheCounters> counters) {
        this.nanoTime = nanoTime;
        this.counters = counters;
        started = nanoTime.getAsLong();
        countersBefore = counters.get();
    }

    /** A pass was made of so many tokens of prompts, and so many tokens of answers came of it. */
    void addPass(int promptTokensOfPass, int answerTokensOfPass) {
        promptTokens += promptTokensOfPass;
        answerTokens += answerTokensOfPass;
        Span span = current();
        span.promptTokens += promptTokensOfPass;
        span.answerTokens += answerTokensOfPass;
        CacheCounters now = counters.get();
        span.experts = span.experts.plus(now.since(countersBefore));
        countersBefore = now;
    }

    void addAnswer(GenerationMetrics metrics) {
        Span span = current();
        span.firstTokenNanos.add(metrics.firstTokenNanos());
        span.answerNanos.add(metrics.prefillNanos() + metrics.decodeNanos());
    }

    private Span current() {
        long elapsed = nanoTime.getAsLong() - started;
        while (elapsed / spanNanos >= SPANS_MAX) {
            spanNanos *= 2;
            List<Span> halved = new ArrayList<>();
            for (int i = 0; i < spans.size(); i += 2) {
                Span span = spans.get(i);
                if (i + 1 < spans.size()) {
                    span.take(spans.get(i + 1));
                }
                halved.add(span);
            }
            spans.clear();
            spans.addAll(halved);
        }
        while (spans.size() <= elapsed / spanNanos) {
            spans.add(new Span());
        }
        return spans.getLast();
    }

    /** One after the other, from the start on; the last one may not be over. */
    List<Span> spans() {
        return List.copyOf(spans);
    }

    double spanSeconds() {
        return spanNanos / 1e9;
    }

    /** Since the start. */
    double seconds() {
        return (nanoTime.getAsLong() - started) / 1e9;
    }

    /** Tokens of prompts that have been evaluated. */
    long promptTokens() {
        return promptTokens;
    }

    /** Tokens of answers that have been chosen, of those under way too. */
    long answerTokens() {
        return answerTokens;
    }
}
