package dev.squall.expert;

/**
 * What an expert cache has done since it was made. Each expert that a layer asks for in a pass is one request.
 *
 * @param hits requests whose expert was complete in its slot when the layer asked
 * @param misses requests that had to wait for a load
 * @param timely hits on an expert that was loaded ahead and used for the first time
 * @param late misses whose expert was already being loaded ahead
 * @param wasted experts loaded ahead and evicted without a use
 * @param loads experts read from storage into slots
 * @param bytesLoaded read from storage into slots
 * @param bytesLoadedAhead how many of them before a layer asked
 * @param predicted experts that the policy named for a visit, when its layer asked
 * @param predictedUsed how many of them the layer asked for
 * @param stalledNanos time in which a thread of the pass waited for a load, overlapping waits counted once
 */
public record CacheCounters(
        long hits,
        long misses,
        long timely,
        long late,
        long wasted,
        long loads,
        long bytesLoaded,
        long bytesLoadedAhead,
        long predicted,
        long predictedUsed,
        long stalledNanos) {

    /** Nothing yet. */
    public static final CacheCounters ZERO = new CacheCounters(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    /** Hits of all requests, from 0 to 1; 1 where there were none. */
    public double hitRate() {
        return share(hits, hits + misses);
    }

    /** Requests that the policy had named, of all, from 0 to 1. */
    public double predictionRecall() {
        return share(predictedUsed, hits + misses);
    }

    /** Named experts that were asked for, of all named, from 0 to 1. */
    public double predictionPrecision() {
        return share(predictedUsed, predicted);
    }

    private static double share(long part, long whole) {
        return whole == 0 ? 1 : (double) part / whole;
    }

    /** What happened here and there. */
    public CacheCounters plus(CacheCounters other) {
        return since(ZERO.since(other));
    }

    /** What happened after {@code earlier}. */
    public CacheCounters since(CacheCounters earlier) {
        return new CacheCounters(
                hits - earlier.hits,
                misses - earlier.misses,
                timely - earlier.timely,
                late - earlier.late,
                wasted - earlier.wasted,
                loads - earlier.loads,
                bytesLoaded - earlier.bytesLoaded,
                bytesLoadedAhead - earlier.bytesLoadedAhead,
                predicted - earlier.predicted,
                predictedUsed - earlier.predictedUsed,
                stalledNanos - earlier.stalledNanos);
    }
}
