package dev.squall.compute;

import dev.squall.expert.ExpertCacheOptions;
import dev.squall.model.RowBatch;
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

    /**
     * Checks a batch before a pass.
     *
     * @param tokenCount tokens that there are
     * @throws IllegalArgumentException if it has more rows, or one of them a token, sequence or position that there is not
     */
    public void check(RowBatch batch, int tokenCount) {
        if (batch.size() > rowsMax) {
            throw new IllegalArgumentException("a batch of " + batch.size() + " rows, expected at most " + rowsMax);
        }
        for (int row = 0; row < batch.size(); row++) {
            checkIndex(batch.tokens()[row], tokenCount, "token");
            checkIndex(batch.sequences()[row], sequencesMax, "sequence");
            checkIndex(batch.positions()[row], positionsMax, "position");
        }
    }

    /** @throws IllegalArgumentException if an index is not from 0 to below a limit */
    public static void checkIndex(int index, int limit, String what) {
        if (index < 0 || index >= limit) {
            throw new IllegalArgumentException(what + "=" + index + ", expected from 0 to " + (limit - 1));
        }
    }

    private static void require(int value, String what) {
        if (value < 1) {
            throw new IllegalArgumentException(what + "=" + value + ", expected at least 1");
        }
    }
}
