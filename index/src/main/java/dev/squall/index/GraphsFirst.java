package dev.squall.index;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.FilterMergePolicy;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.MergePolicy;
import org.apache.lucene.index.MergeTrigger;
import org.apache.lucene.index.SegmentCommitInfo;
import org.apache.lucene.index.SegmentInfos;

/** Has segments whose graphs an interrupted command left to others be written anew before any are joined. */
final class GraphsFirst extends FilterMergePolicy {
    private volatile Set<String> withoutGraphs = Set.of();

    GraphsFirst(MergePolicy joining) {
        super(joining);
    }

    /** Sees which segments of an index that was just opened lack graphs. */
    void see(DirectoryReader reader) throws IOException {
        Set<String> seen = new HashSet<>();
        for (LeafReaderContext context : reader.leaves()) {
            if (SegmentGraphs.areDue(context.reader())) {
                seen.add(SegmentGraphs.name(context.reader()));
            }
        }
        withoutGraphs = Set.copyOf(seen);
    }

    @Override
    public MergeSpecification findMerges(MergeTrigger trigger, SegmentInfos segments, MergeContext context)
            throws IOException {
        MergeSpecification each = new MergeSpecification();
        Set<SegmentCommitInfo> merging = context.getMergingSegments();
        for (SegmentCommitInfo segment : segments) {
            if (withoutGraphs.contains(segment.info.name) && !merging.contains(segment)) {
                each.add(new OneMerge(List.of(segment)));
            }
        }
        return each.merges.isEmpty() ? super.findMerges(trigger, segments, context) : each;
    }
}
