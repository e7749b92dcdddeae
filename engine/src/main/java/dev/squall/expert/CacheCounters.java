package dev.squall.expert;

/**
 * What an expert cache has done since it was made. Each expert that a layer asks for in a pass is one request.
 *
 * @param hits requests whose expert was complete in its slot when the layer asked
 * @param misses requests that had to wait for a load
 * @param bytesLoaded read from storage into slots
 * @param stalledNanos time in which a thread of the pass waited for a load, overlapping waits counted once
 */
public record CacheCounters(long hits, long misses, long bytesLoaded, long stalledNanos) {

    /** Nothing yet. */
    public static final CacheCounters ZERO = new CacheCounters(0, 0, 0, 0);

    /** Hits of all requests, from 0 to 1; 1 where there were none. */
    public double hitRate() {
        return hits + misses == 0 ? 1 : (double) hits / (hits + misses);
    }

    /** What happened after {@code earlier}. */
    public CacheCounters since(CacheCounters earlier) {
        return new CacheCounters(
                hits - earlier.hits,
                misses - earlier.misses,
                bytesLoaded - earlier.bytesLoaded,
                stalledNanos - earlier.stalledNanos);
    }
}
