package dev.squall.index;

import dev.squall.predict.MapShape;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.util.Bits;

/**
 * Has maps be worked on by all processors, and hands over what came of them in their order. Holds a few batches at a
 * time.
 */
final class MapBatches {
    private static final int BATCH = 256;

    private final List<LeafReader> leaves;
    private final MapShape shape;

    MapBatches(List<LeafReader> leaves, MapShape shape) {
        this.leaves = leaves;
        this.shape = shape;
    }

    <T> void forEach(Function<List<StoredMap>, T> work, Consumer<T> consumer) throws IOException {
        int threads = Runtime.getRuntime().availableProcessors();
        Queue<Future<T>> underWay = new ArrayDeque<>();
        try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
            try {
                for (LeafReader leaf : leaves) {
                    for (int from = 0; from < leaf.maxDoc(); from += BATCH) {
                        int first = from;
                        underWay.add(executor.submit(() -> work.apply(batch(leaf, first))));
                        if (underWay.size() > 2 * threads) {
                            consumer.accept(result(underWay.remove()));
                        }
                    }
                }
                while (!underWay.isEmpty()) {
                    consumer.accept(result(underWay.remove()));
                }
            } finally {
                executor.shutdownNow();
            }
        }
    }

    private List<StoredMap> batch(LeafReader leaf, int from) throws IOException {
        List<StoredMap> maps = new ArrayList<>();
        Bits live = leaf.getLiveDocs();
        MapColumns columns = new MapColumns(leaf, shape);
        for (int doc = from; doc < Math.min(from + BATCH, leaf.maxDoc()); doc++) {
            if (live == null || live.get(doc)) {
                maps.add(columns.map(doc));
            }
        }
        return maps;
    }

    private static <T> T result(Future<T> future) throws IOException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException io -> throw io;
                case RuntimeException runtime -> throw runtime;
                case null, default -> throw new IOException(e);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while maps were read", e);
        }
    }
}
