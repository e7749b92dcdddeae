package dev.squall.index;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.lucene.index.ConcurrentMergeScheduler;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.TieredMergePolicy;
import org.apache.lucene.store.Directory;
import org.apache.lucene.util.IOUtils;

/**
 * Lucene's writer of an index that an engine learns into: merges on threads that give way to it, few segments, graphs first
 * where they are due. Owned by whoever opened it: all three are to be closed.
 *
 * @param reader sees what the writer holds
 */
record EngineWriter(Directory directory, IndexWriter writer, DirectoryReader reader) implements Closeable {
    private static final double RAM_BUFFER_MB = 48;
    private static final double SEGMENTS_PER_TIER = 2;

    /**
     * Opens the index in a folder, or begins one.
     *
     * @throws MapIndexException if it is another one than wanted, damaged or in use
     */
    static EngineWriter open(Path folder, MapIndex wanted) {
        MapIndex.quietenLucene();
        List<Closeable> opened = new ArrayList<>();
        try {
            try {
                return open(folder, wanted, opened);
            } catch (IOException | RuntimeException e) {
                IOUtils.closeWhileHandlingException(opened.reversed());
                throw e;
            }
        } catch (IOException e) {
            throw MapIndex.failed(folder, e);
        }
    }

    /** @param opened what has to be closed if this fails, in the order in which it was opened */
    private static EngineWriter open(Path folder, MapIndex wanted, List<Closeable> opened) throws IOException {
        Directory directory = MapIndex.open(folder);
        opened.add(directory);
        boolean exists = DirectoryReader.indexExists(directory);
        if (exists) {
            MapIndex.read(directory, folder).require(wanted, folder);
        }
        GraphsFirst policy = new GraphsFirst(tiers());
        IndexWriter writer = new IndexWriter(
                directory,
                new IndexWriterConfig()
                        .setRAMBufferSizeMB(RAM_BUFFER_MB)
                        .setCodec(GraphsLater.besideAnEngine())
                        .setMergeScheduler(merges())
                        .setMergePolicy(policy));
        opened.add(writer::rollback);
        writer.setLiveCommitData(wanted.commitData().entrySet());
        if (!exists) {
            writer.commit();
        }
        DirectoryReader reader = DirectoryReader.open(writer);
        opened.add(reader);
        policy.see(reader);
        writer.maybeMerge();
        return new EngineWriter(directory, writer, reader);
    }

    private static TieredMergePolicy tiers() {
        // Each segment's graph is searched, so few segments are worth more merging.
        TieredMergePolicy tiers = new TieredMergePolicy();
        tiers.setSegmentsPerTier(SEGMENTS_PER_TIER);
        return tiers;
    }

    private static ConcurrentMergeScheduler merges() {
        ConcurrentMergeScheduler merges = new NiceThreads.Merges();
        merges.setMaxMergesAndThreads(2, 1);
        return merges;
    }

    /** Closes everything without a commit; merges that still run are not waited for. */
    @Override
    public void close() throws IOException {
        IOUtils.close(writer::rollback, reader, directory);
    }
}
