package dev.squall.predict;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Expert maps in memory, searched one by one: the measure of every other store, and the faster one while there are few.
 * Numbers are kept in columns, one for each place of a vector, so that a search adds up whole columns; and as a pass goes
 * on, each search of its longer prefix adds to the sums of the last one. Where enough maps have the very embedding that is
 * looked for, which is a token's, no other is looked at. Searches are exact; what gives way in a full store is the most
 * redundant of some maps of the same token, or of all where there is none of it. Searches allocate their matches and a
 * normalised copy of the query.
 */
public final class ExactMapStore implements ExpertMapStore {
    /** Maps of the same token whose redundancy with a new one is weighed. */
    private static final int REDUNDANT_CANDIDATES = 16;

    private final MapShape shape;
    private final int capacity;
    private final double semanticShare;
    /** h columns: unit embeddings. */
    private final float[][] embeddings;
    /** L x J columns: whole maps with every layer normalised to unit length. */
    private final float[][] directions;
    /** L columns: what to multiply a layer's direction by to have its probabilities again. */
    private final float[][] lengths;

    /** By the hash of its embedding, 64 bits, which maps have that embedding: those of the same token. */
    private final Map<Long, SortedSet<Integer>> placesOf = new HashMap<>();

    private long[] embeddingHashes;
    private MapOrigin[] origins;
    private byte[][] continuations;
    private int size;
    private int lastReplaced = -1;
    private long lastConversation;

    /** Inner products of each map with a prefix, and that prefix. */
    private float[] sums;

    private final float[] prefix;
    private int prefixLayers;
    private float[] semanticScores;

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
        embeddings = new float[shape.embeddingLength()][room];
        directions = new float[shape.probabilityCount()][room];
        lengths = new float[shape.layerCount()][room];
        embeddingHashes = new long[room];
        origins = new MapOrigin[room];
        continuations = new byte[room][];
        sums = new float[room];
        semanticScores = new float[room];
        prefix = new float[shape.probabilityCount()];
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
        prefixLayers = 0;
        noteEmbedding(place, embedding);
        put(embeddings, place, embedding);
        put(directions, place, direction);
        for (int layer = 0; layer < shape.layerCount(); layer++) {
            lengths[layer][place] =
                    MapVectors.length(map.probabilities(), layer * shape.expertCount(), shape.expertCount());
        }
        origins[place] = map.origin();
        lastConversation = Math.max(lastConversation, map.origin().conversation());
        continuations[place] = map.continuation();
    }

    private void noteEmbedding(int place, float[] embedding) {
        if (origins[place] != null) {
            placesOf.computeIfPresent(embeddingHashes[place], (hash, places) -> {
                places.remove(place);
                return places.isEmpty() ? null : places;
            });
        }
        embeddingHashes[place] = hash(embedding);
        placesOf.computeIfAbsent(embeddingHashes[place], hash -> new TreeSet<>())
                .add(place);
    }

    private static long hash(float[] vector) {
        long hash = 1;
        for (float number : vector) {
            hash = (hash ^ Float.floatToRawIntBits(number)) * 0x9E3779B97F4A7C15L;
            hash ^= hash >>> 32;
        }
        return hash;
    }

    private static void put(float[][] columns, int place, float[] vector) {
        for (int j = 0; j < vector.length; j++) {
            columns[j][place] = vector[j];
        }
    }

    private void grow() {
        if (size > origins.length) {
            int room = (int) Math.min(capacity, size * 2L);
            grow(embeddings, room);
            grow(directions, room);
            grow(lengths, room);
            embeddingHashes = Arrays.copyOf(embeddingHashes, room);
            origins = Arrays.copyOf(origins, room);
            continuations = Arrays.copyOf(continuations, room);
            sums = new float[room];
            semanticScores = new float[room];
        }
    }

    private static void grow(float[][] columns, int room) {
        for (int j = 0; j < columns.length; j++) {
            columns[j] = Arrays.copyOf(columns[j], room);
        }
    }

    private int mostRedundant(float[] embedding, float[] direction) {
        SortedSet<Integer> same = placesOf.get(hash(embedding));
        return same == null ? mostRedundantOfAll(embedding, direction) : mostRedundantOf(same, direction);
    }

    /** Of some maps of the same token, whose semantic score is the highest there is; others next time. */
    private int mostRedundantOf(SortedSet<Integer> same, float[] direction) {
        int[] candidates = new int[Math.min(REDUNDANT_CANDIDATES, same.size())];
        Iterator<Integer> places = same.tailSet(lastReplaced + 1).iterator();
        for (int i = 0; i < candidates.length; i++) {
            if (!places.hasNext()) {
                places = same.iterator();
            }
            candidates[i] = places.next();
        }
        float[] scores = new float[candidates.length];
        for (int j = 0; j < direction.length; j++) {
            float[] column = directions[j];
            for (int i = 0; i < candidates.length; i++) {
                scores[i] += direction[j] * column[candidates[i]];
            }
        }
        int best = 0;
        for (int i = 1; i < candidates.length; i++) {
            best = scores[i] > scores[best] ? i : best;
        }
        lastReplaced = candidates[best];
        return lastReplaced;
    }

    private int mostRedundantOfAll(float[] embedding, float[] direction) {
        Arrays.fill(semanticScores, 0, size, 0);
        addProducts(embeddings, embedding, 0, embedding.length, semanticScores, size);
        prefixLayers = 0;
        Arrays.fill(sums, 0, size, 0);
        addProducts(directions, direction, 0, direction.length, sums, size);
        int most = 0;
        double highest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < size; i++) {
            double redundancy = semanticShare * semanticScores[i] + (1 - semanticShare) * sums[i] / shape.layerCount();
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
        SortedSet<Integer> same = placesOf.get(hash(unit));
        if (same != null && same.size() >= Math.min(k, size)) {
            return ofSameToken(same, k);
        }
        Arrays.fill(semanticScores, 0, size, 0);
        addProducts(embeddings, unit, 0, unit.length, semanticScores, size);
        return nearest(semanticScores, 1, k);
    }

    /** The first k of maps with the very embedding: nothing is nearer. */
    private Found ofSameToken(SortedSet<Integer> places, int k) {
        Found found = new Found(Math.min(k, size));
        for (int place : places) {
            if (found.count() == k) {
                break;
            }
            found.offer(place, 1);
        }
        return found;
    }

    @Override
    public synchronized MapMatches nearestByTrajectory(float[] probabilities, int layers, int k) {
        int n = shape.expertCount();
        if (prefixLayers > layers || !Arrays.equals(prefix, 0, prefixLayers * n, probabilities, 0, prefixLayers * n)) {
            prefixLayers = 0;
        }
        if (prefixLayers == 0) {
            Arrays.fill(sums, 0, size, 0);
        }
        float[] direction = MapVectors.directions(shape, probabilities, layers);
        for (int layer = prefixLayers; layer < layers; layer++) {
            addProducts(directions, direction, layer * n, (layer + 1) * n, sums, size);
        }
        System.arraycopy(probabilities, prefixLayers * n, prefix, prefixLayers * n, (layers - prefixLayers) * n);
        prefixLayers = layers;
        return nearest(sums, layers, k);
    }

    /** Adds to each map's sum the products of its numbers from {@code from} to {@code to} with the query's. */
    private static void addProducts(float[][] columns, float[] query, int from, int to, float[] sums, int size) {
        int j = from;
        for (; j + 4 <= to; j += 4) {
            addFour(columns, query, j, sums, size);
        }
        for (; j < to; j++) {
            float q = query[j];
            float[] column = columns[j];
            for (int i = 0; i < size; i++) {
                sums[i] += q * column[i];
            }
        }
    }

    private static void addFour(float[][] columns, float[] query, int j, float[] sums, int size) {
        float q0 = query[j];
        float q1 = query[j + 1];
        float q2 = query[j + 2];
        float q3 = query[j + 3];
        float[] column0 = columns[j];
        float[] column1 = columns[j + 1];
        float[] column2 = columns[j + 2];
        float[] column3 = columns[j + 3];
        for (int i = 0; i < size; i++) {
            sums[i] += q0 * column0[i] + q1 * column1[i] + q2 * column2[i] + q3 * column3[i];
        }
    }

    /** The k maps with the largest sums. */
    private Found nearest(float[] found, float scale, int k) {
        Found best = new Found(Math.min(k, size));
        if (best.places.length == 0) {
            return best;
        }
        float least = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < size; i++) {
            if (found[i] > least) {
                least = best.offer(i, found[i]);
            }
        }
        best.divide(scale);
        return best;
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

        /** Takes in a map that has more than the least of those kept; returns that least. */
        float offer(int place, float score) {
            int at = count < places.length ? count++ : count - 1;
            while (at > 0 && score > scores[at - 1]) {
                places[at] = places[at - 1];
                scores[at] = scores[at - 1];
                at--;
            }
            places[at] = place;
            scores[at] = score;
            return count < places.length ? Float.NEGATIVE_INFINITY : scores[count - 1];
        }

        void divide(float scale) {
            for (int i = 0; i < count; i++) {
                scores[i] /= scale;
            }
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
                float length = lengths[layer][places[i]];
                int from = layer * shape.expertCount();
                for (int expert = 0; expert < shape.expertCount(); expert++) {
                    out[outOffset + expert] = directions[from + expert][places[i]] * length;
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
