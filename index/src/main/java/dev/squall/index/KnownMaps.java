package dev.squall.index;

import dev.squall.predict.MapShape;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.FixedBitSet;

/** Which maps an index has, so that none is added twice. Any thread may ask once they are read. */
final class KnownMaps {
    private final IndexWriter writer;
    private final MapShape shape;
    private final Set<MapIdentity> identities = new HashSet<>();
    private volatile boolean isToDate;

    /** @param writer of the index; what it has written counts, committed or not */
    KnownMaps(IndexWriter writer, MapShape shape) {
        this.writer = writer;
        this.shape = shape;
    }

    /** Reads what the index has, unless that is known; one thread does, and others wait. */
    void read() throws IOException {
        if (!isToDate) {
            readAnew();
        }
    }

    private synchronized void readAnew() throws IOException {
        if (isToDate) {
            return;
        }
        identities.clear();
        try (DirectoryReader reader = DirectoryReader.open(writer)) {
            for (LeafReaderContext context : reader.leaves()) {
                LeafReader leaf = context.reader();
                MapColumns columns = new MapColumns(leaf, shape);
                for (int doc = 0; doc < leaf.maxDoc(); doc++) {
                    if (isLive(leaf, doc)) {
                        identities.add(columns.identity(doc));
                    }
                }
            }
        }
        isToDate = true;
    }

    /** Has the index read again before the next maps are added. No thread may ask meanwhile. */
    void outdate() {
        isToDate = false;
    }

    boolean contains(PackedMap map) {
        return !identities.isEmpty()
                && identities.contains(MapIdentity.of(map.origin(), new BytesRef(map.probabilities())));
    }

    /** The maps of another index's segment that are not there yet. */
    FixedBitSet unknown(LeafReader leaf) throws IOException {
        FixedBitSet unknown = new FixedBitSet(leaf.maxDoc());
        MapColumns columns = new MapColumns(leaf, shape);
        for (int doc = 0; doc < leaf.maxDoc(); doc++) {
            if (isLive(leaf, doc) && (identities.isEmpty() || !identities.contains(columns.identity(doc)))) {
                unknown.set(doc);
            }
        }
        return unknown;
    }

    private static boolean isLive(LeafReader leaf, int doc) {
        return leaf.getLiveDocs() == null || leaf.getLiveDocs().get(doc);
    }
}
