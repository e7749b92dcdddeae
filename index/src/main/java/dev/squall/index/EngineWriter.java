package dev.squall.index;

import java.io.IOException;
import java.nio.file.Path;
import org.apache.lucene.index.ConcurrentMergeScheduler;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.TieredMergePolicy;
import org.apache.lucene.store.Directory;

/**
 * Lucene's writer of an index that an engine learns into: merges on threads that give way to it, few segments, graphs first
 * where they are due.
 *
 * @param reader sees what the writer holds
 */
record EngineWriter(IndexWriter writer, DirectoryReader reader) {
    private static final double RAM_BUFFER_MB = 48;
    private static final double SEGMENTS_PER_TIER = 2;

    /**
     * Opens an index, or begins one.
     *
     * @throws MapIndexException if it is another one than wanted
     */
    static EngineWriter open(Path folder, MapIndex wanted, Directory directory) throws IOException {
        boolean exists = DirectoryReader.indexExists(directory);
        if (exists) {
            MapIndex.read(directory, folder).require(wanted, folder);
        }
        ConcurrentMergeScheduler merges = new NiceThreads.Merges();
        merges.setMaxMergesAndThreads(2, 1);
        // Each segment's graph is searched, so few segments are worth more merging.
        TieredMergePolicy tiers = new TieredMergePolicy();
        tiers.setSegmentsPerTier(SEGMENTS_PER_TIER);
        GraphsFirst policy = new GraphsFirst(tiers);
        IndexWriter writer = new IndexWriter(
                directory,
                new IndexWriterConfig()
                        .setRAMBufferSizeMB(RAM_BUFFER_MB)
                        .setCodec(GraphsLater.besideAnEngine())
                        .setMergeScheduler(merges)
                        .setMergePolicy(policy));
        try {
            writer.setLiveCommitData(wanted.commitData().entrySet());
            if (!exists) {
                writer.commit();
            }
            DirectoryReader reader = DirectoryReader.open(writer);
            policy.see(reader);
            writer.maybeMerge();
            return new EngineWriter(writer, reader);
        } catch (IOException | RuntimeException e) {
            writer.rollback();
            throw e;
        }
    }
}
