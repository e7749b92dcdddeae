package dev.squall.predict;

import java.util.concurrent.Future;

/** A store that counts its searches and the time they take. One thread searches, any may ask. Owns the store it wraps. */
public final class TimedMapStore implements ExpertMapStore {
    private final ExpertMapStore store;
    private volatile long searches;
    private volatile long searchNanos;

    public TimedMapStore(ExpertMapStore store) {
        this.store = store;
    }

    /** Searches so far. */
    public long searches() {
        return searches;
    }

    /** Nanoseconds that they took. */
    public long searchNanos() {
        return searchNanos;
    }

    @Override
    public MapShape shape() {
        return store.shape();
    }

    @Override
    public long size() {
        return store.size();
    }

    @Override
    public long capacity() {
        return store.capacity();
    }

    @Override
    public long lastConversation() {
        return store.lastConversation();
    }

    @Override
    public void add(ExpertMap map) {
        store.add(map);
    }

    @Override
    public void offer(ExpertMap map) {
        store.offer(map);
    }

    @Override
    public MapMatches nearestByEmbedding(float[] embedding, int k) {
        long start = System.nanoTime();
        MapMatches matches = store.nearestByEmbedding(embedding, k);
        note(start);
        return matches;
    }

    @Override
    public Future<MapMatches> searchByEmbedding(float[] embedding, int k) {
        long start = System.nanoTime();
        Future<MapMatches> search = store.searchByEmbedding(embedding, k);
        note(start);
        return search;
    }

    @Override
    public MapMatches ofEmbedding(float[] embedding, float[] beginning, int considered, int k) {
        long start = System.nanoTime();
        MapMatches matches = store.ofEmbedding(embedding, beginning, considered, k);
        note(start);
        return matches;
    }

    @Override
    public MapMatches nearestByTrajectory(float[] probabilities, int layers, int k) {
        long start = System.nanoTime();
        MapMatches matches = store.nearestByTrajectory(probabilities, layers, k);
        note(start);
        return matches;
    }

    /** Only the searching thread writes. */
    @SuppressWarnings("NonAtomicVolatileUpdate")
    private void note(long start) {
        searchNanos += System.nanoTime() - start;
        searches++;
    }

    @Override
    public void keepWeights(String kind, WeightsWriter writer) {
        store.keepWeights(kind, writer);
    }

    @Override
    public boolean readWeights(String kind, WeightsReader reader) {
        return store.readWeights(kind, reader);
    }

    @Override
    public void commit() {
        store.commit();
    }

    @Override
    public void close() {
        store.close();
    }
}
