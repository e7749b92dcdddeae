package dev.squall.predict;

/**
 * What a predictor has done since it was made.
 *
 * @param observed layers that the policy heard of
 * @param dropped layers that it did not, because it was still busy with earlier ones
 * @param predictionNanos time the policy took, on its own thread
 * @param searches searches for similar maps
 * @param searchNanos time they took, part of that
 */
public record PredictionCounters(long observed, long dropped, long predictionNanos, long searches, long searchNanos) {

    /** Nothing yet. */
    public static final PredictionCounters ZERO = new PredictionCounters(0, 0, 0, 0, 0);

    /** What happened after {@code earlier}. */
    public PredictionCounters since(PredictionCounters earlier) {
        return new PredictionCounters(
                observed - earlier.observed,
                dropped - earlier.dropped,
                predictionNanos - earlier.predictionNanos,
                searches - earlier.searches,
                searchNanos - earlier.searchNanos);
    }

    /** The same with the searches of a store. */
    public PredictionCounters withSearches(long count, long nanos) {
        return new PredictionCounters(observed, dropped, predictionNanos, count, nanos);
    }
}
