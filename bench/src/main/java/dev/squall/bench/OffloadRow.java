package dev.squall.bench;

import dev.squall.expert.CacheCounters;
import dev.squall.generate.GenerationMetrics;
import dev.squall.predict.PredictionCounters;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What one engine or policy did with the measured prompts, prefill and decode apart. */
final class OffloadRow {
    static final String HEAD = """
            | policy | decode tokens/s | stalled ms/token | saved of what the oracle saves % | timely hits % | recall % | precision % \
            | MB/token | late | wasted | us a forecast | layers not forecast | prefill tokens/s | stalled ms/token | hits % | as fast as the first |
            |---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|""";

    /** Standard deviations on either side of the mean that hold 95 % of a normal distribution. */
    static final double NORMAL_95 = 1.96;

    private final String name;
    private final boolean hasCounters;
    private long prefillTokens;
    private long prefillNanos;
    private long decodedTokens;
    private long decodeNanos;
    /** By prompt. */
    private final List<Double> decodes = new ArrayList<>();

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
        decodes.add((double) metrics.decodeNanos());
        prefill = prefill.plus(cost.prefill());
        decode = decode.plus(cost.decode());
    }

    void add(LlamaChats.Cost cost) {
        prefillTokens += cost.promptTokens();
        prefillNanos += cost.prefillNanos();
        decodedTokens += cost.decoded();
        decodeNanos += cost.decodeNanos();
        decodes.add((double) cost.decodeNanos());
    }

    /** Nanoseconds of a decoded token. */
    double decodeNanosPerToken() {
        return (double) decodeNanos / decodedTokens;
    }

    /** Nanoseconds of all decoded tokens of a prompt. */
    double decodeNanos(int prompt) {
        return decodes.get(prompt);
    }

    /**
     * How many times as fast as another this decoded the same prompts, with the 95 % interval over prompts. That leaves
     * out what sets two loaded models apart for as long as they are loaded, such as where their memory lies.
     *
     * @return such as {@code 1.21 ± 0.03}
     */
    private String speedUp(OffloadRow other) {
        int prompts = decodes.size();
        double ratio = (double) other.decodeNanos / decodeNanos;
        double squares = 0;
        for (int i = 0; i < prompts; i++) {
            double residual = other.decodes.get(i) - ratio * decodes.get(i);
            squares += residual * residual;
        }
        // A ratio of sums, by its first-order expansion around the means.
        double deviation = Math.sqrt(squares * prompts / (prompts - 1)) / decodeNanos;
        return prompts < 2
                ? String.format(Locale.ROOT, "%.2f", ratio)
                : String.format(Locale.ROOT, "%.3f ± %.3f", ratio, NORMAL_95 * deviation);
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
     * @param first what it is compared with
     */
    String line(double lru, double oracle, OffloadRow first) {
        String rates = String.format(Locale.ROOT, "| %s | %.1f |", name, 1e9 / decodeNanosPerToken());
        String prefillRate = String.format(Locale.ROOT, " %.1f |", prefillTokens * 1e9 / prefillNanos);
        if (!hasCounters) {
            return rates + " - |".repeat(10) + prefillRate + " - | - | " + speedUp(first) + " |";
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
                        " %.2f | %.1f | %s |",
                        prefill.stalledNanos() / 1e6 / prefillTokens,
                        100 * prefill.hitRate(),
                        speedUp(first));
    }
}
