package dev.squall.bench;

import dev.squall.index.LuceneExpertMapStore;
import dev.squall.predict.PolicyOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Indexes of what policies have learnt, as a user's engine keeps one, in a folder that is deleted at the end. */
final class LearntIndexes implements AutoCloseable {
    private final Path folder;
    private final int capacity;
    private int count;

    /** @param capacity most maps of each */
    LearntIndexes(int capacity) throws IOException {
        folder = Files.createTempDirectory("squall-learnt");
        this.capacity = capacity;
    }

    /** Opens a new index that holds what was learnt. */
    PolicyOptions.MapStoreFactory of(LearntMaps learnt) {
        Path of = folder.resolve(Integer.toString(count++));
        return (shape, fingerprint) -> {
            LuceneExpertMapStore store =
                    LuceneExpertMapStore.open(of, shape, fingerprint, capacity, PolicyOptions.REDUNDANCY_DISTANCE);
            learnt.copyTo(store);
            store.commit();
            return store;
        };
    }

    @Override
    public void close() throws IOException {
        SearchCommand.delete(folder);
    }
}
