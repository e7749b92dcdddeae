package dev.squall.cli.batch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.squall.expert.CacheCounters;
import dev.squall.generate.GenerationMetrics;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class BatchHistoryTest {
    private long nanos = 5;
    private CacheCounters counters = hits(100, 50);

    private static CacheCounters hits(long hits, long misses) {
        return new CacheCounters(hits, misses, 0, 0, 0, 0, 1000 * misses, 0, 0, 0, 0);
    }

    private static GenerationMetrics metrics(long firstMillis, long decodeMillis) {
        long first = TimeUnit.MILLISECONDS.toNanos(firstMillis);
        return new GenerationMetrics(
                1, 0, 1, first, TimeUnit.MILLISECONDS.toNanos(decodeMillis), first, CacheCounters.ZERO);
    }

    @Test
    void putsWhatHappensWhereItHappens() {
        BatchHistory history = new BatchHistory(() -> nanos, () -> counters);
        counters = hits(103, 51);
        history.addPass(10, 2);
        nanos += TimeUnit.MILLISECONDS.toNanos(600);
        counters = hits(103, 55);
        history.addPass(0, 3);
        history.addAnswer(metrics(100, 200));
        history.addAnswer(metrics(300, 900));

        assertThat(history.spans()).hasSize(3);
        assertThat(history.spans().get(0).promptTokens()).isEqualTo(10);
        assertThat(history.spans().get(0).experts().hitRate()).isEqualTo(0.75);
        assertThat(history.spans().get(0).answerSeconds(0.5)).isNaN();
        assertThat(history.spans().get(1).answers()).isZero();
        assertThat(history.spans().get(2).answerTokens()).isEqualTo(3);
        assertThat(history.spans().get(2).experts().bytesLoaded()).isEqualTo(4000);
        assertThat(history.spans().get(2).firstTokenSeconds(0.95)).isEqualTo(0.3);
        assertThat(history.spans().get(2).answerSeconds(0.95)).isEqualTo(1.2);
        assertThat(history.seconds()).isEqualTo(0.6);
    }

    @Test
    void keepsTotalsHoweverLongItLasts() {
        BatchHistory history = new BatchHistory(() -> nanos, () -> counters);
        int passes = 5000;
        for (int i = 0; i < passes; i++) {
            nanos += TimeUnit.MILLISECONDS.toNanos(700);
            counters = counters.plus(hits(2, 1));
            history.addPass(1, 2);
            history.addAnswer(metrics(1, 1));
        }

        assertThat(history.spans()).hasSizeBetween(BatchHistory.SPANS_MAX / 2, BatchHistory.SPANS_MAX);
        assertThat(history.spans().stream()
                        .mapToLong(BatchHistory.Span::answerTokens)
                        .sum())
                .isEqualTo(2L * passes)
                .isEqualTo(history.answerTokens());
        assertThat(history.spans().stream().mapToInt(BatchHistory.Span::answers).sum())
                .isEqualTo(passes);
        assertThat(history.spans().stream()
                        .mapToLong(span -> span.experts().misses())
                        .sum())
                .isEqualTo(passes);
        assertThat(history.spans().size() * history.spanSeconds()).isGreaterThanOrEqualTo(history.seconds() - 1);
    }
}
