package dev.squall.compute;

import dev.squall.model.RowBatch;

/** Makes the heads' queries, keys and values of a batch, and takes what attention gives back to the heads' values. */
interface AttentionHeads {
    /**
     * Writes the rows' keys and values to the cache.
     *
     * @param input R x E
     * @param queries R·H rows, one for each head of each row, padded with zeros as the cache's keys are, out
     */
    void prepare(int layer, RowBatch rows, FloatRows input, FloatRows queries);

    /**
     * The heads' values, which the output projection takes.
     *
     * @param attended R x H · value length of the cache; may be the result
     */
    FloatRows values(int layer, FloatRows attended, int count);
}
