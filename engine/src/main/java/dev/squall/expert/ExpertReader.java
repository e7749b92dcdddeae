package dev.squall.expert;

import dev.squall.model.ExpertWeights;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Brings an expert's three matrices from storage into a slot. Several threads may read at once, into different slots. */
public interface ExpertReader extends AutoCloseable {
    /** Bytes of a slot that any expert of the model fits into. */
    long slotBytes();

    /** What slots must be aligned to, a power of two. */
    long slotAlignment();

    /**
     * Reads an expert.
     *
     * @param slot native memory of {@link #slotBytes()}, aligned
     * @return the expert's weights as views of the slot
     */
    ExpertWeights read(int layer, int expert, MemorySegment slot) throws IOException;

    @Override
    void close();
}
