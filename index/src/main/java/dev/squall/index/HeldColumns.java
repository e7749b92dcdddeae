package dev.squall.index;

import dev.squall.predict.ExpertMap;
import dev.squall.predict.MapOrigin;
import dev.squall.predict.MapShape;
import dev.squall.predict.MapVectors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Maps in memory, field by field: an array of numbers or of bytes for each, which all maps share. One thread adds; when none
 * does any more, many may read.
 */
final class HeldColumns {
    private static final int MAPS_AT_FIRST = 64;

    private final MapDocuments documents;
    private final MapShape shape;
    private final int mapsMax;
    private int count;

    /** By field, a number a map. */
    private final Map<String, long[]> numbers = new LinkedHashMap<>();

    /** h halves a map, at unit length. */
    private byte[] embeddings = {};

    /** L x J halves a map. */
    private byte[] probabilities = {};

    /** What followed each map; empty where that is not known. */
    private final List<byte[]> continuations = new ArrayList<>();

    private long continuationBytes;

    /** @param mapsMax how many there is room for */
    HeldColumns(MapDocuments documents, int mapsMax) {
        this.documents = documents;
        this.mapsMax = mapsMax;
        shape = documents.shape();
        MapDocuments.NUMBERS.forEach(field -> numbers.put(field, new long[0]));
        reserve(Math.min(MAPS_AT_FIRST, mapsMax));
    }

    /** Bytes that the arrays of a map take. */
    static int bytesOfMap(MapShape shape) {
        return 2 * (shape.probabilityCount() + shape.embeddingLength()) + Long.BYTES * MapDocuments.NUMBERS.size();
    }

    private void reserve(int maps) {
        numbers.replaceAll((field, column) -> Arrays.copyOf(column, maps));
        embeddings = Arrays.copyOf(embeddings, Math.multiplyExact(maps, 2 * shape.embeddingLength()));
        probabilities = Arrays.copyOf(probabilities, Math.multiplyExact(maps, 2 * shape.probabilityCount()));
    }

    /**
     * Adds a map.
     *
     * @throws IllegalArgumentException if its arrays do not have the shape or hold what is not finite
     */
    void add(long id, ExpertMap map) {
        byte[] embedding = documents.embeddingHalves(map);
        byte[] halves = documents.probabilityHalves(map);
        if (count == column(MapDocuments.ID).length) {
            reserve(Math.min(2 * count, mapsMax));
        }
        System.arraycopy(embedding, 0, embeddings, count * embedding.length, embedding.length);
        System.arraycopy(halves, 0, probabilities, count * halves.length, halves.length);
        continuations.add(map.continuation());
        continuationBytes += map.continuation().length;
        MapOrigin origin = map.origin();
        column(MapDocuments.ID)[count] = id;
        column(MapDocuments.TIME)[count] = origin.epochMillis();
        column(MapDocuments.PHASE)[count] = origin.phase().code();
        column(MapDocuments.POSITION)[count] = origin.position();
        column(MapDocuments.CONVERSATION)[count] = origin.conversation();
        column(MapDocuments.HITS)[count] = origin.hits();
        column(MapDocuments.MISSES)[count] = origin.misses();
        count++;
    }

    MapDocuments documents() {
        return documents;
    }

    MapShape shape() {
        return shape;
    }

    int count() {
        return count;
    }

    /** Of all that was added. */
    long bytes() {
        return (long) count * bytesOfMap(shape) + continuationBytes;
    }

    boolean isFull() {
        return count == mapsMax;
    }

    /** Whether anything is known to have followed any of the maps. */
    boolean isAnyContinued() {
        return continuationBytes > 0;
    }

    /** The numbers of a field, of which the first {@link #count} are set. */
    long[] column(String field) {
        long[] column = numbers.get(field);
        if (column == null) {
            throw new IllegalArgumentException("field " + field + ", expected one of " + numbers.keySet());
        }
        return column;
    }

    byte[] embeddings() {
        return embeddings;
    }

    byte[] probabilities() {
        return probabilities;
    }

    byte[] continuation(int doc) {
        return continuations.get(doc);
    }

    /** The vector of a map that finds embeddings like its own. */
    float[] semanticVector(int doc) {
        float[] embedding = floats(embeddings, doc, shape.embeddingLength());
        return documents.semanticVector(MapVectors.unitEmbedding(shape, embedding), column(MapDocuments.ID)[doc]);
    }

    /** The vector of a map that finds trajectories like its own. */
    float[] trajectoryVector(int doc) {
        return documents.trajectoryVector(floats(probabilities, doc, shape.probabilityCount()));
    }

    private static float[] floats(byte[] halves, int doc, int count) {
        float[] floats = new float[count];
        HalfFloats.decode(halves, 2 * doc * count, 0, count, floats, 0);
        return floats;
    }
}
