package dev.squall.tornado;

import dev.squall.expert.ExpertCacheOptions;
import dev.squall.model.ModelException;
import org.jspecify.annotations.Nullable;

/**
 * How the memory of a device is divided, in bytes.
 *
 * @param all of it that may be used
 * @param weights beside the routed experts
 * @param cache keys and values
 * @param arrays hidden states, scratch memory and what crosses
 */
record MemoryBudget(long all, long weights, long cache, long arrays) {
    /** What TornadoVM adds to buffers. */
    private static final long SLACK_BYTES = 1 << 16;

    /**
     * How many slots there are to be: as many as are wanted, or else as fit.
     *
     * @param expertCount J
     * @param layerCount L, layers with experts
     * @throws ModelException if what is wanted does not fit, or not even one layer's experts do
     */
    int slots(long slotBytes, int expertCount, int layerCount, @Nullable ExpertCacheOptions wanted) {
        long taken = weights + cache + arrays + SLACK_BYTES;
        long fit = Math.max(0, all - taken) / slotBytes;
        long slots = wanted == null
                ? Math.min(Math.max(fit, expertCount), (long) layerCount * expertCount)
                : wanted.slots(slotBytes, expertCount, layerCount);
        if (slots > fit) {
            long experts = slots * slotBytes;
            throw new ModelException(
                    "device memory of %d bytes, expected at least %d: weights %d, keys and values %d, other arrays %d, %d experts %d: give --device-memory %d, a smaller --ctx-size or --expert-cache, or use --device cpu"
                            .formatted(
                                    all,
                                    taken + experts,
                                    weights,
                                    cache,
                                    arrays + SLACK_BYTES,
                                    slots,
                                    experts,
                                    taken + experts));
        }
        return (int) slots;
    }
}
