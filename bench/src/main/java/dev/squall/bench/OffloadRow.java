package dev.squall.bench;

import dev.squall.expert.CacheCounters;
import dev.squall.generate.GenerationMetrics;
import dev.squall.predict.PredictionCounters;
import java.util.Locale;

/** What one engine or policy did with the measured prompts, prefill and decode apart. */
final class OffloadRow {
    static final String HEAD = """
            | policy | decode tokens/s | stalled ms/token | saved of what the oracle saves % | timely hits % | recall % | precision % \
            | MB/token | late | wasted | us a forecast | layers not forecast | prefill tokens/s | stalled ms/token | hits % |
            |---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|""";

    private final String name;
    private final boolean hasCounters;
    private long prefillTokens;
    private long prefillNanos;
    private long decodedTokens;
    private long decodeNanos;
    private CacheCounters prefill = CacheCounters.ZERO;
    private CacheCounters decode = CacheCounters.ZERO;
    private PredictionCounters predictions = PredictionCounters.ZERO;

    OffloadRow(String name, boolean hasCounters) {
        this.name = name;
        this.hasCounters = hasCounters;
    }

    String name() {
        return name;
    }

    /** Notes what the predictor did. */
    void predictions(PredictionCounters counters) {
        predictions = counters;
    }

    void add(Chats.Cost cost) {
        GenerationMetrics metrics = cost.metrics();
        prefillTokens += metrics.promptTokens();
        prefillNanos += metrics.prefillNanos();
        decodedTokens += metrics.generatedTokens() - 1;
        decodeNanos += metrics.decodeNanos();
        prefill = prefill.plus(cost.prefill());
        decode = decode.plus(cost.decode());
    }

    void add(LlamaChats.Cost cost) {
        prefillTokens += cost.promptTokens();
        prefillNanos += cost.prefillNanos();
        decodedTokens += cost.decoded();
        decodeNanos += cost.decodeNanos();
    }

    /** Nanoseconds of a decoded token. */
    double decodeNanosPerToken() {
        return (double) decodeNanos / decodedTokens;
    }

    /** Nanoseconds in which a decoded token waited for experts. */
    double stalledNanosPerToken() {
        return (double) decode.stalledNanos() / decodedTokens;
    }

    /** Bytes that decoding a token brought in. */
    double bytesPerToken() {
        return (double) decode.bytesLoaded() / decodedTokens;
    }

    /**
     * The row of a table.
     *
     * @param lru stall of LRU on demand, nanoseconds a token; NaN if it was not run
     * @param oracle stall of the oracle; NaN if it was not run
     */
    String line(double lru, double oracle) {
        String rates = String.format(Locale.ROOT, "| %s | %.1f |", name, 1e9 / decodeNanosPerToken());
        String prefillRate = String.format(Locale.ROOT, " %.1f |", prefillTokens * 1e9 / prefillNanos);
        if (!hasCounters) {
            return rates + " - |".repeat(10) + prefillRate + " - |".repeat(2);
        }
        double saved = 100 * (lru - stalledNanosPerToken()) / (lru - oracle);
        return rates
                + String.format(
                        Locale.ROOT,
                        " %.2f | %s | %.1f | %.1f | %.1f | %.2f | %d | %d | %.0f | %d |",
                        stalledNanosPerToken() / 1e6,
                        Double.isFinite(saved) ? String.format(Locale.ROOT, "%.0f", saved) : "-",
                        100 * decode.hitRate(),
                        100 * decode.predictionRecall(),
                        100 * decode.predictionPrecision(),
                        bytesPerToken() / 1e6,
                        decode.late(),
                        decode.wasted(),
                        predictions.predictionNanos() / 1e3 / Math.max(1, predictions.observed()),
                        predictions.dropped())
                + prefillRate
                + String.format(
                        Locale.ROOT,
                        " %.2f | %.1f |",
                        prefill.stalledNanos() / 1e6 / prefillTokens,
                        100 * prefill.hitRate());
    }
}
