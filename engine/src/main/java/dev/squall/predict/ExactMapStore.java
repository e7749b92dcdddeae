package dev.squall.predict;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Expert maps in memory, searched one by one: the measure of every other store, and the faster one while there are few.
 * Searches are exact; what gives way in a full store is the most redundant of some maps of the same token, or of those of
 * the nearest tokens where there is none of it. Memory is that of the maps, and as much again for those who search by
 * trajectory.
 */
public final class ExactMapStore implements ExpertMapStore {
    /** Maps whose redundancy with a new one is weighed. */
    private static final int REDUNDANT_CANDIDATES = 16;

    private final MapShape shape;
    private final int capacity;
    private final double semanticShare;
    private final UsedExperts usedExperts;
    private final EmbeddingGroups groups;
    /** From the first search by trajectory on. */
    private @Nullable TrajectoryColumns columns;

    private Stored[] maps;
    private int size;
    private long lastConversation;
    private long offeredWhenFull;

    /**
     * A map without its embedding, which its group holds.
     *
     * @param directions L x J, every layer at unit length
     * @param lengths L, what they have to be multiplied by
     */
    private record Stored(float[] directions, float[] lengths, byte[] continuation, MapOrigin origin) {}

    /**
     * @param capacity most maps held, at least 1
     * @param prefetchDistance d, whose share of L the semantic score has in how redundant two maps are
     */
    public ExactMapStore(MapShape shape, int capacity, int prefetchDistance) {
        if (capacity < 1) {
            throw new IllegalArgumentException("a map store of " + capacity + " maps, expected at least 1");
        }
        this.shape = shape;
        this.capacity = capacity;
        semanticShare = Math.min(1.0, (double) prefetchDistance / shape.layerCount());
        usedExperts = new UsedExperts(shape);
        groups = new EmbeddingGroups(usedExperts.words());
        int room = Math.min(capacity, 64);
        maps = new Stored[room];
    }

    @Override
    public MapShape shape() {
        return shape;
    }

    @Override
    public synchronized long size() {
        return size;
    }

    @Override
    public long capacity() {
        return capacity;
    }

    @Override
    public synchronized long lastConversation() {
        return lastConversation;
    }

    @Override
    public synchronized void add(ExpertMap map) {
        float[] unit = MapVectors.unitEmbedding(shape, map.embedding());
        float[] direction = MapVectors.directions(shape, map.probabilities(), shape.layerCount());
        int place = size < capacity ? size : mostRedundant(unit, direction);
        if (place == size) {
            size++;
            grow();
        }
        groups.put(place, unit, usedExperts.of(map.probabilities()));
        maps[place] = new Stored(direction, lengths(map.probabilities()), map.continuation(), map.origin());
        lastConversation = Math.max(lastConversation, map.origin().conversation());
        if (columns != null) {
            columns.put(place, direction);
        }
    }

    @Override
    public synchronized void offer(ExpertMap map) {
        if (size < capacity || offeredWhenFull++ % KEPT_ONE_IN == 0) {
            add(map);
        }
    }

    private void grow() {
        if (size > maps.length) {
            maps = Arrays.copyOf(maps, (int) Math.min(capacity, size * 2L));
        }
    }

    private int mostRedundant(float[] unit, float[] direction) {
        RankedPlaces candidates = new RankedPlaces(Math.min(REDUNDANT_CANDIDATES, size));
        if (groups.has(unit)) {
            groups.oldest(unit, candidates.room(), candidates);
        } else {
            groups.nearest(unit, candidates.room(), candidates);
        }
        int most = 0;
        double highest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < candidates.count(); i++) {
            int place = candidates.place(i);
            double redundancy = semanticShare * candidates.score(i)
                    + (1 - semanticShare)
                            * MapVectors.product(maps[place].directions(), direction)
                            / shape.layerCount();
            if (redundancy > highest) {
                highest = redundancy;
                most = place;
            }
        }
        return most;
    }

    private float[] lengths(float[] probabilities) {
        float[] lengths = new float[shape.layerCount()];
        for (int layer = 0; layer < lengths.length; layer++) {
            lengths[layer] = MapVectors.length(probabilities, layer * shape.expertCount(), shape.expertCount());
        }
        return lengths;
    }

    @Override
    public synchronized MapMatches nearestByEmbedding(float[] embedding, int k) {
        RankedPlaces found = new RankedPlaces(Math.min(k, size));
        groups.nearest(MapVectors.unitEmbedding(shape, embedding), found.room(), found);
        return new Found(found);
    }

    @Override
    public synchronized MapMatches ofEmbedding(float[] embedding, float[] beginning, int considered, int k) {
        RankedPlaces alike = new RankedPlaces(Math.min(k, size));
        float[] unit = MapVectors.unitEmbedding(shape, embedding);
        groups.alike(unit, usedExperts.of(beginning), considered, alike);
        RankedPlaces found = new RankedPlaces(alike.count());
        for (int i = 0; i < alike.count(); i++) {
            found.offer(alike.place(i), 1);
        }
        return new Found(found);
    }

    @Override
    public synchronized MapMatches nearestByTrajectory(float[] query, int layers, int k) {
        RankedPlaces found = new RankedPlaces(Math.min(k, size));
        columns().nearest(query, layers, found);
        return new Found(found);
    }

    private TrajectoryColumns columns() {
        TrajectoryColumns made = columns;
        if (made == null) {
            made = new TrajectoryColumns(shape, maps.length);
            for (int place = 0; place < size; place++) {
                made.put(place, maps[place].directions());
            }
            columns = made;
        }
        return made;
    }

    @Override
    public void commit() {
        // Nothing outlives this store.
    }

    @Override
    public void close() {
        // Arrays only.
    }

    /** Matches as they were when they were found. */
    private final class Found implements MapMatches {
        private final RankedPlaces ranked;
        private final Stored[] found;

        Found(RankedPlaces ranked) {
            this.ranked = ranked;
            found = new Stored[ranked.count()];
            for (int i = 0; i < found.length; i++) {
                found[i] = maps[ranked.place(i)];
            }
        }

        @Override
        public int count() {
            return ranked.count();
        }

        @Override
        public float score(int i) {
            return ranked.score(i);
        }

        @Override
        public void probabilities(int i, int layer, float[] out, int outOffset) {
            int n = shape.expertCount();
            float length = found[i].lengths()[layer];
            for (int expert = 0; expert < n; expert++) {
                out[outOffset + expert] = length * found[i].directions()[layer * n + expert];
            }
        }

        @Override
        public float cosines(int i, int layers, float[] directions) {
            return MapVectors.product(found[i].directions(), directions, layers * shape.expertCount());
        }

        @Override
        public byte[] continuation(int i) {
            return found[i].continuation();
        }

        @Override
        public MapOrigin origin(int i) {
            return found[i].origin();
        }
    }
}
