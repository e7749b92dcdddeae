package dev.squall.expert;

import dev.squall.model.ExpertWeights;
import java.lang.foreign.MemorySegment;

/**
 * Lends experts as views of the mapped file and moves nothing, for experiments: behind {@link ThrottledExpertReader} it is a
 * link whose copies cost time but no processor, as those of a device's copy engine do. Slots stay empty.
 */
public final class LendingExpertReader implements ExpertReader {
    private final StoredExperts experts;

    public LendingExpertReader(StoredExperts experts) {
        this.experts = experts;
    }

    @Override
    public long slotBytes() {
        return 1;
    }

    @Override
    public long slotAlignment() {
        return 1;
    }

    @Override
    public ExpertWeights read(int layer, int expert, MemorySegment slot) {
        return experts.get(layer, expert).mapped();
    }

    @Override
    public void close() {
        // The mapping belongs to the file.
    }
}
