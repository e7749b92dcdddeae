package dev.squall.index;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.util.Bits;

/** Finds the maps of an index that an older one resembles, on all processors. Holds a few maps at a time, never all. */
final class RedundantMaps {
    /** Most similar maps among which an older one is looked for, in each segment. */
    private static final int NEIGHBOURS = 8;

    /** Documents that one thread takes at a time. */
    private static final int TAKEN = 512;

    private final MapIndexReader reader;
    private final double similarity;
    private final LongConsumer progress;
    private final MapSearch search;
    private final List<LeafReader> leaves;
    /** The oldest map of each segment. */
    private final long[] oldest;
    /** For each map that is alike to older ones: which. */
    private final Map<Long, List<Long>> alike = new ConcurrentSkipListMap<>();

    private final AtomicLong compared = new AtomicLong();

    /** Documents of a segment. */
    private record Range(LeafReader leaf, int from, int to) {}

    RedundantMaps(MapIndexReader reader, double similarity, LongConsumer progress) throws IOException {
        this.reader = reader;
        this.similarity = similarity;
        this.progress = progress;
        search = new MapSearch(new MapDocuments(reader.index().shape()), NEIGHBOURS);
        leaves = reader.leaves();
        oldest = new long[leaves.size()];
        for (int i = 0; i < oldest.length; i++) {
            oldest[i] = oldest(leaves.get(i));
        }
    }

    private long oldest(LeafReader leaf) throws IOException {
        MapColumns columns = new MapColumns(leaf, reader.index().shape());
        long least = Long.MAX_VALUE;
        for (int doc = 0; doc < leaf.maxDoc(); doc++) {
            least = Math.min(least, columns.id(doc));
        }
        return least;
    }

    /** Numbers of those that can go, rising; what makes one redundant stays. */
    List<Long> find() throws IOException {
        List<Range> ranges = new ArrayList<>();
        for (LeafReader leaf : leaves) {
            for (int from = 0; from < leaf.maxDoc(); from += TAKEN) {
                ranges.add(new Range(leaf, from, Math.min(from + TAKEN, leaf.maxDoc())));
            }
        }
        try {
            IntStream.range(0, ranges.size()).parallel().forEach(i -> compare(ranges.get(i)));
        } catch (UncheckedIOException e) {
            throw e.getCause() == null ? new IOException(e) : e.getCause();
        }
        Set<Long> dropped = new HashSet<>();
        List<Long> rising = new ArrayList<>();
        alike.forEach((id, older) -> {
            if (!dropped.containsAll(older)) {
                dropped.add(id);
                rising.add(id);
            }
        });
        return rising;
    }

    private void compare(Range range) {
        try {
            MapColumns columns = new MapColumns(range.leaf, reader.index().shape());
            Bits live = range.leaf.getLiveDocs();
            for (int doc = range.from; doc < range.to; doc++) {
                if (live == null || live.get(doc)) {
                    compare(columns.map(doc));
                    progress.accept(compared.incrementAndGet());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void compare(StoredMap map) throws IOException {
        MapQuery query = MapQuery.ofTrajectory(
                reader.index().shape(),
                map.probabilities(),
                reader.index().shape().layerCount());
        List<Long> older = new ArrayList<>();
        for (int i = 0; i < oldest.length; i++) {
            if (oldest[i] < map.id()) {
                FoundMaps found = new FoundMaps(reader.index().shape(), NEIGHBOURS);
                search.search(leaves.get(i), query, NEIGHBOURS, Set.of(), found);
                for (int match = 0; match < found.count(); match++) {
                    if (found.id(match) < map.id() && found.score(match) >= similarity) {
                        older.add(found.id(match));
                    }
                }
            }
        }
        if (!older.isEmpty()) {
            alike.put(map.id(), older);
        }
    }
}
