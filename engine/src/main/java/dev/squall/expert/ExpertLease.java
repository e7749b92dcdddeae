package dev.squall.expert;

import dev.squall.model.ExpertWeights;

/** Experts of one layer that stay where they are until the lease is closed. */
public interface ExpertLease extends AutoCloseable {
    /** Whether the expert can be used at once, for a backend that would rather begin with those. */
    boolean isReady(int expert);

    /**
     * The expert's weights; waits until they are there. The expert is one that the lease was asked for. Any thread may
     * call it while the lease is open.
     */
    ExpertWeights weights(int expert);

    @Override
    void close();
}
