package dev.squall.routing;

import dev.squall.model.RowBatch;

/**
 * What one layer's router decided for the rows of a pass: R rows, J experts, K of them used. The arrays are the
 * router's own and hold until the same layer is routed again: an observer copies what it keeps and changes nothing.
 *
 * @param pass the number of the forward pass, from 0
 * @param layer the layer's index
 * @param rows the rows
 * @param expertCount J
 * @param usedCount K
 * @param probabilities R x J, how each row's router spreads over all experts, adding up to 1: one row of the layer's
 *     expert map
 * @param experts R x K, the experts of each row, best first
 * @param weights R x K, what each expert's output is multiplied by
 */
public record LayerRouting(
        long pass,
        int layer,
        RowBatch rows,
        int expertCount,
        int usedCount,
        float[] probabilities,
        int[] experts,
        float[] weights) {}
