package dev.squall.predict;

import java.util.Arrays;

/**
 * Expert maps in memory, searched one by one: exact, the measure of every other store, and the faster one while there are
 * few. Searches allocate their matches and nothing else.
 */
public final class ExactMapStore implements ExpertMapStore {
    private final MapShape shape;
    private final int capacity;
    private final double semanticShare;
    /** Unit embeddings, h each. */
    private float[] embeddings;
    /** Whole maps with every layer normalised to unit length, L x J each. */
    private float[] directions;
    /** What to multiply a layer's direction by to have its probabilities again, L each. */
    private float[] lengths;

    private MapOrigin[] origins;
    private byte[][] continuations;
    private int size;
    private long lastConversation;

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
        int room = Math.min(capacity, 64);
        embeddings = new float[room * shape.embeddingLength()];
        directions = new float[room * shape.probabilityCount()];
        lengths = new float[room * shape.layerCount()];
        origins = new MapOrigin[room];
        continuations = new byte[room][];
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
        float[] embedding = MapVectors.unitEmbedding(shape, map.embedding());
        float[] direction = MapVectors.directions(shape, map.probabilities(), shape.layerCount());
        int place = size < capacity ? size : mostRedundant(embedding, direction);
        if (place == size) {
            size++;
            grow();
        }
        System.arraycopy(embedding, 0, embeddings, place * embedding.length, embedding.length);
        System.arraycopy(direction, 0, directions, place * direction.length, direction.length);
        for (int layer = 0; layer < shape.layerCount(); layer++) {
            lengths[place * shape.layerCount() + layer] =
                    MapVectors.length(map.probabilities(), layer * shape.expertCount(), shape.expertCount());
        }
        origins[place] = map.origin();
        lastConversation = Math.max(lastConversation, map.origin().conversation());
        continuations[place] = map.continuation();
    }

    private void grow() {
        if (size > origins.length) {
            int room = (int) Math.min(capacity, size * 2L);
            embeddings = Arrays.copyOf(embeddings, Math.multiplyExact(room, shape.embeddingLength()));
            directions = Arrays.copyOf(directions, Math.multiplyExact(room, shape.probabilityCount()));
            lengths = Arrays.copyOf(lengths, Math.multiplyExact(room, shape.layerCount()));
            origins = Arrays.copyOf(origins, room);
            continuations = Arrays.copyOf(continuations, room);
        }
    }

    private int mostRedundant(float[] embedding, float[] direction) {
        int most = 0;
        double highest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < size; i++) {
            double redundancy = semanticShare * dot(embeddings, i, embedding, embedding.length)
                    + (1 - semanticShare) * dot(directions, i, direction, direction.length) / shape.layerCount();
            if (redundancy > highest) {
                highest = redundancy;
                most = i;
            }
        }
        return most;
    }

    @Override
    public synchronized MapMatches nearestByEmbedding(float[] embedding, int k) {
        float[] unit = MapVectors.unitEmbedding(shape, embedding);
        return nearest(embeddings, unit, unit.length, 1, k);
    }

    @Override
    public synchronized MapMatches nearestByTrajectory(float[] probabilities, int layers, int k) {
        float[] prefix = MapVectors.directions(shape, probabilities, layers);
        return nearest(directions, prefix, layers * shape.expertCount(), layers, k);
    }

    /** The k stored vectors whose first n numbers have the largest inner product with the query's. */
    private Found nearest(float[] stored, float[] query, int n, float scale, int k) {
        Found found = new Found(Math.min(k, size));
        for (int i = 0; i < size; i++) {
            found.offer(i, (float) dot(stored, i, query, n) / scale);
        }
        return found;
    }

    /** Inner product of the first n numbers of stored vector {@code i} with the query's, with eight running sums. */
    private static double dot(float[] stored, int i, float[] query, int n) {
        int at = i * query.length;
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        float s4 = 0;
        float s5 = 0;
        float s6 = 0;
        float s7 = 0;
        int j = 0;
        for (; j + 8 <= n; j += 8) {
            s0 = Math.fma(stored[at + j], query[j], s0);
            s1 = Math.fma(stored[at + j + 1], query[j + 1], s1);
            s2 = Math.fma(stored[at + j + 2], query[j + 2], s2);
            s3 = Math.fma(stored[at + j + 3], query[j + 3], s3);
            s4 = Math.fma(stored[at + j + 4], query[j + 4], s4);
            s5 = Math.fma(stored[at + j + 5], query[j + 5], s5);
            s6 = Math.fma(stored[at + j + 6], query[j + 6], s6);
            s7 = Math.fma(stored[at + j + 7], query[j + 7], s7);
        }
        for (; j < n; j++) {
            s0 = Math.fma(stored[at + j], query[j], s0);
        }
        return (double) ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));
    }

    @Override
    public void commit() {
        // Nothing outlives this store.
    }

    @Override
    public void close() {
        // Arrays only.
    }

    /** Matches by their place, the best k of those offered. A place may be overwritten by the next {@code add}. */
    private final class Found implements MapMatches {
        private final int[] places;
        private final float[] scores;
        private int count;

        Found(int k) {
            places = new int[k];
            scores = new float[k];
        }

        void offer(int place, float score) {
            if (count == places.length && (count == 0 || score <= scores[count - 1])) {
                return;
            }
            int at = count < places.length ? count++ : count - 1;
            while (at > 0 && score > scores[at - 1]) {
                places[at] = places[at - 1];
                scores[at] = scores[at - 1];
                at--;
            }
            places[at] = place;
            scores[at] = score;
        }

        @Override
        public int count() {
            return count;
        }

        @Override
        public float score(int i) {
            return scores[i];
        }

        @Override
        public void probabilities(int i, int layer, float[] out, int outOffset) {
            synchronized (ExactMapStore.this) {
                int row = places[i] * shape.layerCount() + layer;
                int from = row * shape.expertCount();
                for (int expert = 0; expert < shape.expertCount(); expert++) {
                    out[outOffset + expert] = directions[from + expert] * lengths[row];
                }
            }
        }

        @Override
        public byte[] continuation(int i) {
            synchronized (ExactMapStore.this) {
                return continuations[places[i]];
            }
        }

        @Override
        public MapOrigin origin(int i) {
            synchronized (ExactMapStore.this) {
                return origins[places[i]];
            }
        }
    }
}
