package dev.squall.index;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.function.IntConsumer;
import org.apache.lucene.index.CodecReader;
import org.apache.lucene.index.ConcurrentMergeScheduler;
import org.apache.lucene.index.FilterMergePolicy;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.NoMergePolicy;
import org.apache.lucene.index.SegmentCommitInfo;
import org.apache.lucene.index.SegmentInfos;

/**
 * Writes segments anew one by one, those that maps are gone from and those that lack graphs, and never joins them: Lucene takes over the graph of a segment unless most of its maps are
 * gone, while of graphs that it joins all but the largest are built once more. The next writer joins what is worth it.
 */
final class SegmentBySegment extends FilterMergePolicy {
    private static final int THREADS = Math.max(1, Runtime.getRuntime().availableProcessors());

    private volatile IntConsumer written;
    private volatile Set<String> withoutGraphs = Set.of();

    private SegmentBySegment(IntConsumer written) {
        super(NoMergePolicy.INSTANCE);
        this.written = written;
    }

    /**
     * How a writer is to be opened that does so, on all processors.
     *
     * @param written hears, on any thread, of how many documents a segment was written
     */
    static IndexWriterConfig writing(IntConsumer written) {
        ConcurrentMergeScheduler merges = new ConcurrentMergeScheduler() {
            @Override
            protected void handleMergeException(Throwable failure) {
                // The writer keeps it, and throws it where it is waited for.
            }
        };
        merges.setMaxMergesAndThreads(THREADS + 1, THREADS);
        return new IndexWriterConfig().setMergeScheduler(merges).setMergePolicy(new SegmentBySegment(written));
    }

    /** From now on another one hears of what was written. */
    void tell(IntConsumer listener) {
        written = listener;
    }

    /** Names segments that are to be written anew because their graphs are yet to be made. */
    void makeGraphsOf(Set<String> segments) {
        withoutGraphs = Set.copyOf(segments);
    }

    /** A segment that is written anew. */
    private final class One extends OneMerge {
        One(CodecReader reader) {
            super(reader);
        }

        One(SegmentCommitInfo segment) {
            super(List.of(segment));
        }

        @Override
        public void mergeFinished(boolean isWritten, boolean isDropped) throws IOException {
            super.mergeFinished(isWritten, isDropped);
            if (isWritten) {
                SegmentCommitInfo segment = getMergeInfo();
                written.accept(segment == null ? 0 : segment.info.maxDoc());
            }
        }
    }

    @Override
    public MergeSpecification findMerges(CodecReader... readers) throws IOException {
        MergeSpecification each = new MergeSpecification();
        for (CodecReader reader : readers) {
            each.add(new One(reader));
        }
        return each;
    }

    @Override
    public MergeSpecification findForcedDeletesMerges(SegmentInfos segments, MergeContext context) throws IOException {
        MergeSpecification each = new MergeSpecification();
        Set<SegmentCommitInfo> merging = context.getMergingSegments();
        for (SegmentCommitInfo segment : segments) {
            boolean isDue = context.numDeletesToMerge(segment) > 0 || withoutGraphs.contains(segment.info.name);
            if (isDue && !merging.contains(segment)) {
                each.add(new One(segment));
            }
        }
        return each;
    }
}
