package dev.squall.index;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
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
 * Writes segments anew one by one, those that maps are gone from and those that lack graphs, and never joins them:
 * Lucene takes over the graph of a segment unless most of its maps are gone, while of graphs that it joins all but the
 * largest are built once more. The next writer joins what is worth it.
 */
final class SegmentBySegment extends FilterMergePolicy {
    private static final int THREADS = Math.max(1, Runtime.getRuntime().availableProcessors());

    private volatile IntConsumer written;
    private volatile Set<String> withoutGraphs = Set.of();

    private volatile boolean joinsIncoming;

    /** @param written hears, on any thread, of how many documents a segment was written */
    SegmentBySegment(IntConsumer written) {
        super(NoMergePolicy.INSTANCE);
        this.written = written;
    }

    /** How a writer is to be opened that does so, on all processors. */
    IndexWriterConfig writing() {
        ConcurrentMergeScheduler merges = new ConcurrentMergeScheduler() {
            @Override
            protected void handleMergeException(Throwable failure) {
                // The writer keeps it, and throws it where it is waited for.
            }
        };
        merges.setMaxMergesAndThreads(THREADS + 1, THREADS);
        return new IndexWriterConfig().setMergeScheduler(merges).setMergePolicy(this);
    }

    /** From now on another one hears of what was written. */
    void tell(IntConsumer listener) {
        written = listener;
    }

    /** Names segments that are to be written anew because their graphs are yet to be made. */
    void makeGraphsOf(Set<String> segments) {
        withoutGraphs = Set.copyOf(segments);
    }

    /** From now on segments of others that come in are joined to one for each processor, or not. */
    void joinIncoming(boolean areJoined) {
        joinsIncoming = areJoined;
    }

    /** A segment that is written anew. */
    private final class One extends OneMerge {
        One(List<CodecReader> readers) {
            super(readers.toArray(CodecReader[]::new));
        }

        One(SegmentCommitInfo segment) {
            super(List.of(segment));
        }

        @Override
        public CodecReader wrapForMerge(CodecReader reader) throws IOException {
            CodecReader wrapped = super.wrapForMerge(reader);
            return SegmentGraphs.areWorthTaking(reader) ? wrapped : new WithoutGraphs(wrapped);
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
        List<List<CodecReader>> segments = new ArrayList<>();
        for (int i = 0; i < (joinsIncoming ? Math.min(THREADS, readers.length) : readers.length); i++) {
            segments.add(new ArrayList<>());
        }
        // The largest first, each to where least is.
        Arrays.stream(readers)
                .sorted(Comparator.comparingInt(CodecReader::numDocs).reversed())
                .forEach(reader -> Collections.min(segments, Comparator.comparingInt(SegmentBySegment::maps))
                        .add(reader));
        MergeSpecification each = new MergeSpecification();
        segments.forEach(segment -> each.add(new One(segment)));
        return each;
    }

    private static int maps(List<CodecReader> segment) {
        return segment.stream().mapToInt(CodecReader::numDocs).sum();
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
