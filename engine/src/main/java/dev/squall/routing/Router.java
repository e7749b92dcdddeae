package dev.squall.routing;

import dev.squall.model.Hyperparameters;
import dev.squall.model.RowBatch;

/**
 * Turns router logits into probabilities and the K most probable experts with their weights. Owns the buffers of every
 * layer's {@link LayerRouting}, allocated once; one thread.
 */
public final class Router {
    /** llama.cpp divides by at least this, so that tiny sums do not blow weights up. */
    private static final float WEIGHT_SUM_MIN = 0x1p-14f;

    private final int expertCount;
    private final int usedCount;
    private final boolean renormalises;
    private final float[] logits;
    private final float[][] probabilities;
    private final int[][] experts;
    private final float[][] weights;

    public Router(Hyperparameters h, int rowsMax) {
        expertCount = h.expertCount();
        usedCount = h.expertUsedCount();
        renormalises = h.architecture().renormalisesExpertWeights();
        logits = new float[rowsMax * expertCount];
        probabilities = new float[h.blockCount()][rowsMax * expertCount];
        experts = new int[h.blockCount()][rowsMax * usedCount];
        weights = new float[h.blockCount()][rowsMax * usedCount];
    }

    /** R x J, where the backend puts the logits of the layer that is routed next. */
    public float[] logits() {
        return logits;
    }

    /** Routes the rows by {@link #logits()}. */
    public LayerRouting route(int layer, RowBatch rows) {
        for (int row = 0; row < rows.size(); row++) {
            softmax(logits, probabilities[layer], row * expertCount);
            select(probabilities[layer], row * expertCount, experts[layer], weights[layer], row * usedCount);
        }
        return new LayerRouting(
                layer, rows, expertCount, usedCount, probabilities[layer], experts[layer], weights[layer]);
    }

    private void softmax(float[] from, float[] to, int offset) {
        float max = Float.NEGATIVE_INFINITY;
        for (int expert = 0; expert < expertCount; expert++) {
            max = Math.max(max, from[offset + expert]);
        }
        double sum = 0;
        for (int expert = 0; expert < expertCount; expert++) {
            float exponential = (float) Math.exp(from[offset + expert] - max);
            to[offset + expert] = exponential;
            sum += exponential;
        }
        float scale = (float) (1 / sum);
        for (int expert = 0; expert < expertCount; expert++) {
            to[offset + expert] *= scale;
        }
    }

    /** Insertion into the K best so far; of equals the lower index wins. */
    private void select(float[] distribution, int from, int[] chosen, float[] weight, int to) {
        int found = 0;
        for (int expert = 0; expert < expertCount; expert++) {
            float probability = distribution[from + expert];
            if (found == usedCount && !(probability > weight[to + found - 1])) {
                continue;
            }
            int place = found < usedCount ? found++ : found - 1;
            while (place > 0 && probability > weight[to + place - 1]) {
                weight[to + place] = weight[to + place - 1];
                chosen[to + place] = chosen[to + place - 1];
                place--;
            }
            weight[to + place] = probability;
            chosen[to + place] = expert;
        }
        if (renormalises) {
            float sum = 0;
            for (int rank = 0; rank < usedCount; rank++) {
                sum += weight[to + rank];
            }
            sum = Math.max(sum, WEIGHT_SUM_MIN);
            for (int rank = 0; rank < usedCount; rank++) {
                weight[to + rank] /= sum;
            }
        }
    }
}
