package dev.squall.expert;

import dev.squall.model.ExpertWeights;
import java.io.IOException;

/** The memory behind a cache's slots, on whatever device experts are computed. Several slots may be loaded at once. */
public interface SlotMemory extends AutoCloseable {
    /** How many experts fit. */
    int slotCount();

    /**
     * Brings an expert into a slot.
     *
     * @param layer the layer's index in the model
     * @return the expert's weights as views of the slot
     */
    ExpertWeights load(int layer, int expert, int slot) throws IOException;

    @Override
    void close();
}
