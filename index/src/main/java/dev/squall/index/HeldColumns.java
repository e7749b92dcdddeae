package dev.squall.index;

import dev.squall.predict.MapOrigin;
import dev.squall.predict.MapShape;
import dev.squall.predict.MapVectors;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Maps in memory, field by field: numbers, and rows of bytes, which are outside the heap until this is closed. One thread
 * adds; when none does any more, many may read.
 */
final class HeldColumns implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final MapDocuments documents;
    private final MapShape shape;
    private final int mapsMax;
    private int count;

    private final long[] ids;
    private final long[] times;
    private final long[] phases;
    private final long[] positions;
    private final long[] conversations;
    private final long[] hits;
    private final long[] misses;

    /** By map, h halves at unit length. */
    private final Rows embeddings;

    /** By map, L x J halves. */
    private final Rows probabilities;

    /** By map, the vector that finds trajectories like its own. */
    private final Rows trajectories;

    /** What followed each map; empty where that is not known. */
    private final List<byte[]> continuations = new ArrayList<>();

    private long continuationBytes;

    /** Rows of so many bytes. */
    record Rows(MemorySegment all, int length) {
        Rows(Arena arena, int count, int length) {
            this(arena.allocate((long) count * length, Float.BYTES), length);
        }

        long at(int row) {
            return (long) row * length;
        }

        void put(int row, byte[] bytes) {
            MemorySegment.copy(bytes, 0, all, ValueLayout.JAVA_BYTE, at(row), length);
        }

        void get(int row, byte[] bytes) {
            MemorySegment.copy(all, ValueLayout.JAVA_BYTE, at(row), bytes, 0, length);
        }
    }

    /** @param mapsMax how many there is room for, which is taken at once */
    HeldColumns(MapDocuments documents, int mapsMax) {
        this.documents = documents;
        this.mapsMax = mapsMax;
        shape = documents.shape();
        ids = new long[mapsMax];
        times = new long[mapsMax];
        phases = new long[mapsMax];
        positions = new long[mapsMax];
        conversations = new long[mapsMax];
        hits = new long[mapsMax];
        misses = new long[mapsMax];
        embeddings = new Rows(arena, mapsMax, 2 * shape.embeddingLength());
        probabilities = new Rows(arena, mapsMax, 2 * shape.probabilityCount());
        trajectories = new Rows(arena, mapsMax, Float.BYTES * documents.dimensions(MapDocuments.TRAJECTORY));
    }

    /** Bytes that a map takes, but for what followed it. */
    static int bytesOfMap(MapDocuments documents) {
        MapShape shape = documents.shape();
        return 2 * (shape.probabilityCount() + shape.embeddingLength())
                + Float.BYTES * documents.dimensions(MapDocuments.TRAJECTORY)
                + Long.BYTES * MapDocuments.NUMBERS.size();
    }

    /** Adds a map of the shape. */
    void add(long id, PackedMap map) {
        embeddings.put(count, map.embedding());
        probabilities.put(count, map.probabilities());
        float[] vector = documents.trajectoryVector(HalfFloats.decoded(map.probabilities()));
        MemorySegment.copy(
                vector, 0, trajectories.all(), ValueLayout.JAVA_FLOAT, trajectories.at(count), vector.length);
        continuations.add(map.continuation());
        continuationBytes += map.continuation().length;
        MapOrigin origin = map.origin();
        ids[count] = id;
        times[count] = origin.epochMillis();
        phases[count] = origin.phase().code();
        positions[count] = origin.position();
        conversations[count] = origin.conversation();
        hits[count] = origin.hits();
        misses[count] = origin.misses();
        count++;
    }

    /** Lets go of the maps, which nobody reads any more. */
    @Override
    public void close() {
        arena.close();
    }

    MapDocuments documents() {
        return documents;
    }

    int count() {
        return count;
    }

    boolean isFull() {
        return count == mapsMax;
    }

    /** Of all that was added. */
    long bytes() {
        return (long) count * bytesOfMap(documents) + continuationBytes;
    }

    /** Whether anything is known to have followed any of the maps. */
    boolean isAnyContinued() {
        return continuationBytes > 0;
    }

    /** The numbers of a field, of which the first {@link #count} are set. */
    long[] column(String field) {
        return switch (field) {
            case MapDocuments.ID -> ids;
            case MapDocuments.TIME -> times;
            case MapDocuments.PHASE -> phases;
            case MapDocuments.POSITION -> positions;
            case MapDocuments.CONVERSATION -> conversations;
            case MapDocuments.HITS -> hits;
            case MapDocuments.MISSES -> misses;
            default ->
                throw new IllegalArgumentException("field " + field + ", expected one of " + MapDocuments.NUMBERS);
        };
    }

    Rows embeddings() {
        return embeddings;
    }

    Rows probabilities() {
        return probabilities;
    }

    byte[] continuation(int doc) {
        return continuations.get(doc);
    }

    /** The vector of a map that finds embeddings like its own. */
    float[] semanticVector(int doc) {
        byte[] halves = new byte[embeddings.length()];
        embeddings.get(doc, halves);
        return documents.semanticVector(MapVectors.unitEmbedding(shape, HalfFloats.decoded(halves)), ids[doc]);
    }

    /** The vector of a map that finds trajectories like its own. */
    float[] trajectoryVector(int doc) {
        float[] vector = new float[trajectories.length() / Float.BYTES];
        MemorySegment.copy(trajectories.all(), ValueLayout.JAVA_FLOAT, trajectories.at(doc), vector, 0, vector.length);
        return vector;
    }
}
