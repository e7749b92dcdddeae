package dev.squall.expert;

import dev.squall.model.ExpertWeights;
import dev.squall.model.WeightMatrix;
import java.lang.foreign.MemorySegment;

/** Copies experts out of the mapped file, through the operating system's page cache. */
public final class MappedExpertReader implements ExpertReader {
    private static final long ALIGNMENT = 64;

    private final StoredExperts experts;

    public MappedExpertReader(StoredExperts experts) {
        this.experts = experts;
    }

    @Override
    public long slotBytes() {
        return experts.slotBytes(ALIGNMENT, 0);
    }

    @Override
    public long slotAlignment() {
        return ALIGNMENT;
    }

    @Override
    public ExpertWeights read(int layer, int expert, MemorySegment slot) {
        WeightMatrix[] matrices = new WeightMatrix[3];
        long at = 0;
        for (int i = 0; i < matrices.length; i++) {
            StoredExperts.Slice slice = experts.get(layer, expert).slices().get(i);
            MemorySegment place = slot.asSlice(at, slice.bytes());
            place.copyFrom(slice.mapped().data());
            matrices[i] = slice.at(place);
            at = StoredExperts.alignUp(at + slice.bytes(), ALIGNMENT);
        }
        return new ExpertWeights(matrices[0], matrices[1], matrices[2]);
    }

    @Override
    public void close() {
        // The mapping belongs to the file.
    }
}
