package dev.squall.predict;

import dev.squall.expert.CacheCounters;

/**
 * What a policy learns when a pass begins. R observed rows, h the length of an embedding. The arrays are reused.
 */
public final class PassObservation {
    private final float[] embeddings;
    private final int[] positions = new int[LayerObservation.ROWS_MAX];
    private final long[] conversations = new long[LayerObservation.ROWS_MAX];
    private long firstVisit;
    private Phase phase = Phase.PREFILL;
    private int rowCount;
    private CacheCounters counters = CacheCounters.ZERO;
    private long startNanos;
    private LayerObservation.GateAhead gates = (row, distance, out, outOffset) -> false;

    PassObservation(MapShape shape) {
        embeddings = new float[LayerObservation.ROWS_MAX * shape.embeddingLength()];
    }

    void set(
            long newFirstVisit,
            Phase newPhase,
            int newRowCount,
            CacheCounters newCounters,
            LayerObservation.GateAhead newGates) {
        counters = newCounters;
        gates = newGates;
        firstVisit = newFirstVisit;
        phase = newPhase;
        rowCount = newRowCount;
    }

    /** The visit of the pass's first layer with experts. */
    public long firstVisit() {
        return firstVisit;
    }

    public Phase phase() {
        return phase;
    }

    /** What the cache had counted when the pass began: what it counted before, less that, is how the pass before fared. */
    public CacheCounters counters() {
        return counters;
    }

    /** When the pass began, by {@link System#nanoTime}; 0 where nothing takes time. */
    public long startNanos() {
        return startNanos;
    }

    void setStartNanos(long nanos) {
        startNanos = nanos;
    }

    /** R. */
    public int rowCount() {
        return rowCount;
    }

    /** R x h, the token embedding of each observed row. */
    public float[] embeddings() {
        return embeddings;
    }

    /** R, each observed row's position in its sequence. */
    public int[] positions() {
        return positions;
    }

    /** R, a number for each observed row's conversation. */
    public long[] conversations() {
        return conversations;
    }

    /** What the routers of the first layers (distance 1, 2, ...) would say of the embeddings as they are. */
    LayerObservation.GateAhead gates() {
        return gates;
    }
}
