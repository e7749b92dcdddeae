package dev.squall.expert;

import dev.squall.model.ExpertWeights;
import org.jspecify.annotations.Nullable;

/** Room for one expert. Belongs to a {@link SlotTable}; fields are guarded as the table is, but for what is volatile. */
public final class Slot {
    private final int index;

    int layer;
    int expert = -1;
    /** Part of the open lease. */
    boolean isHeld;

    boolean isLoading;
    /** Loaded ahead, and no layer has asked for it yet. */
    boolean isSpeculative;
    /** The visit that a speculative load is for. */
    long wantedVisit;

    long lastUseVisit;
    long loadOrder;
    long loadStartNanos;

    /** Whether its expert is complete. */
    volatile boolean isReady;

    /** What the cache put there, before the slot is ready. */
    @Nullable
    ExpertWeights weights;

    volatile @Nullable Throwable failure;

    Slot(int index) {
        this.index = index;
    }

    /** Its place among the slots, from 0. */
    public int index() {
        return index;
    }

    /** The layer of its expert, dense layers not counted. */
    public int layer() {
        return layer;
    }

    /** Whether its expert is complete. */
    public boolean isReady() {
        return isReady;
    }

    /** Its expert; -1 before the first. */
    public int expert() {
        return expert;
    }
}
