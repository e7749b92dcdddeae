package dev.squall.compute;

import dev.squall.expert.ExpertCacheOptions;
import org.jspecify.annotations.Nullable;

/**
 * Limits that a backend allocates for at start.
 *
 * @param threads threads that compute, the caller's included
 * @param rowsMax most rows of a batch
 * @param sequencesMax sequences of the KV cache
 * @param positionsMax positions of each sequence
 * @param experts size of the memory for experts; null for what suits the backend
 */
public record BackendOptions(
        int threads,
        int rowsMax,
        int sequencesMax,
        int positionsMax,
        @Nullable ExpertCacheOptions experts) {
    public BackendOptions {
        require(threads, "threads");
        require(rowsMax, "rows of a batch");
        require(sequencesMax, "sequences");
        require(positionsMax, "positions");
    }

    private static void require(int value, String what) {
        if (value < 1) {
            throw new IllegalArgumentException(what + "=" + value + ", expected at least 1");
        }
    }
}
