package dev.squall.index;

import dev.squall.predict.ExactMapStore;
import dev.squall.predict.ExpertMap;
import dev.squall.predict.MapMatches;
import dev.squall.predict.MapShape;
import dev.squall.predict.MapVectors;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.util.Bits;
import org.jspecify.annotations.Nullable;

/**
 * An index's maps once more, in memory and by their embedding: those of one token are found in microseconds, which a
 * forecast of each token needs and a graph cannot give. The newest ones, as many as fit in {@value #BYTES_MAX} bytes. One
 * thread adds and searches; another may load.
 */
final class TokenMaps {
    private static final long BYTES_MAX = 64L << 20;

    private final MapShape shape;
    private final int capacity;
    private final int prefetchDistance;
    /** What was added before {@link #load} was done. */
    private final List<ExpertMap> waiting = new ArrayList<>();

    private @Nullable ExactMapStore maps;

    /**
     * @param capacity most maps of the index
     * @param prefetchDistance as in {@link ExactMapStore}
     */
    TokenMaps(MapShape shape, int capacity, int prefetchDistance) {
        this.shape = shape;
        this.prefetchDistance = prefetchDistance;
        long mapBytes = 4L * (shape.probabilityCount() + shape.embeddingLength())
                + shape.probabilityCount()
                + shape.probabilityCount() / Byte.SIZE;
        this.capacity = Math.clamp(BYTES_MAX / mapBytes, 1, capacity);
    }

    /**
     * Takes in the newest maps that a reader sees. Until then nothing is found.
     *
     * @param isWanted asked again and again; once it is not, the rest is left out
     */
    void load(DirectoryReader reader, BooleanSupplier isWanted) throws IOException {
        ExactMapStore loaded = new ExactMapStore(shape, capacity, prefetchDistance);
        for (StoredMap stored : newest(reader, isWanted)) {
            if (!isWanted.getAsBoolean()) {
                break;
            }
            loaded.add(stored.map());
        }
        synchronized (this) {
            waiting.forEach(loaded::add);
            waiting.clear();
            maps = loaded;
        }
    }

    /** The oldest of them first. */
    private List<StoredMap> newest(DirectoryReader reader, BooleanSupplier isWanted) throws IOException {
        List<StoredMap> newest = new ArrayList<>();
        long first = firstOfNewest(reader);
        for (LeafReaderContext context : reader.leaves()) {
            LeafReader leaf = context.reader();
            MapColumns columns = new MapColumns(leaf, shape);
            Bits live = leaf.getLiveDocs();
            for (int doc = 0; doc < leaf.maxDoc() && isWanted.getAsBoolean(); doc++) {
                if ((live == null || live.get(doc)) && columns.id(doc) >= first) {
                    newest.add(columns.map(doc));
                }
            }
        }
        newest.sort(Comparator.comparingLong(StoredMap::id));
        return newest;
    }

    /** The number from which on there are as many maps as fit. */
    private long firstOfNewest(DirectoryReader reader) throws IOException {
        long[] ids = new long[reader.numDocs()];
        int count = 0;
        for (LeafReaderContext context : reader.leaves()) {
            MapColumns columns = new MapColumns(context.reader(), shape);
            Bits live = context.reader().getLiveDocs();
            for (int doc = 0; doc < context.reader().maxDoc(); doc++) {
                if (live == null || live.get(doc)) {
                    ids[count++] = columns.id(doc);
                }
            }
        }
        Arrays.sort(ids);
        return count <= capacity ? 0 : ids[count - capacity];
    }

    /** Takes in a map, as {@link ExactMapStore#offer} does. */
    synchronized void offer(ExpertMap map) {
        ExpertMap asStored =
                new ExpertMap(asStored(map.embedding()), map.probabilities(), map.continuation(), map.origin());
        if (maps == null) {
            waiting.add(asStored);
        } else {
            maps.offer(asStored);
        }
    }

    /** Of the newest maps with this very embedding those that began most alike, as {@link ExactMapStore} finds them. */
    synchronized MapMatches of(float[] embedding, float[] beginning, int considered, int k) {
        return maps == null ? MapMatches.NONE : maps.ofEmbedding(asStored(embedding), beginning, considered, k);
    }

    /** An embedding as it comes back from the index, so that a token's is the same before and after. */
    private float[] asStored(float[] embedding) {
        byte[] halves = HalfFloats.encode(MapVectors.unitEmbedding(shape, embedding));
        float[] stored = new float[embedding.length];
        HalfFloats.decode(halves, 0, 0, stored.length, stored, 0);
        return stored;
    }
}
