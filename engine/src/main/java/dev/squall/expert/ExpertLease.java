package dev.squall.expert;

import dev.squall.model.ExpertWeights;

/** Experts of one layer that stay where they are until the lease is closed. */
public interface ExpertLease extends AutoCloseable {
    /** The expert's weights; the expert is one that the lease was asked for. */
    ExpertWeights weights(int expert);

    @Override
    void close();
}
