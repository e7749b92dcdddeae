package dev.squall.routing;

import dev.squall.model.ExpertGate;
import dev.squall.model.ExpertWeights;
import dev.squall.model.LayerWeights;
import dev.squall.model.MixtureWeights;
import dev.squall.model.ModelWeights;
import dev.squall.model.RowBatch;
import java.util.Arrays;
import java.util.List;

/**
 * Turns router logits into scores and the K best experts with their weights. Owns the buffers of every layer's
 * {@link LayerRouting}, allocated once; one thread.
 */
public final class Router {
    /** llama.cpp divides by at least this, so that tiny sums do not blow weights up. */
    private static final float WEIGHT_SUM_MIN = 0x1p-14f;

    private final ExpertGate gate;
    private final int expertCount;
    private final int usedCount;
    private final List<float[]> selectionBiases;
    private final float[] logits;
    private final float[][] probabilities;
    private final int[][] experts;
    private final float[][] weights;
    /** J, one row's scores: what selected experts are weighed by. */
    private final float[] scores;
    /** J, one row's scores with selection bias, experts of unused groups at minus infinity. */
    private final float[] ranking;

    private final float[] groupRanking;
    private final int[] groupsUsed;

    /** A router of a model's layers. */
    public static Router of(ModelWeights model, int rowsMax) {
        List<float[]> selectionBiases =
                model.layers().stream().map(Router::selectionBias).toList();
        return new Router(model.hyperparameters().gate(), selectionBiases, rowsMax);
    }

    private static float[] selectionBias(LayerWeights layer) {
        return switch (layer.feedForward()) {
            case MixtureWeights mixture when mixture.selectionBias() != null -> mixture.selectionBias();
            case MixtureWeights mixture -> new float[0];
            case ExpertWeights dense -> new float[0];
        };
    }

    /**
     * @param gate how experts are selected
     * @param selectionBiases for each layer J numbers, or none
     * @param rowsMax most rows of a batch
     */
    public Router(ExpertGate gate, List<float[]> selectionBiases, int rowsMax) {
        this.gate = gate;
        this.selectionBiases = List.copyOf(selectionBiases);
        expertCount = gate.expertCount();
        usedCount = gate.usedCount();
        int layers = selectionBiases.size();
        logits = new float[rowsMax * expertCount];
        probabilities = new float[layers][rowsMax * expertCount];
        experts = new int[layers][rowsMax * usedCount];
        weights = new float[layers][rowsMax * usedCount];
        scores = new float[expertCount];
        ranking = new float[expertCount];
        groupRanking = new float[gate.groupCount()];
        groupsUsed = new int[gate.groupUsedCount()];
    }

    /** R x J, where the backend puts the logits of the layer that is routed next. */
    public float[] logits() {
        return logits;
    }

    /** Routes the rows by {@link #logits()}. */
    public LayerRouting route(long pass, int layer, RowBatch rows) {
        for (int row = 0; row < rows.size(); row++) {
            int from = row * expertCount;
            score(from, probabilities[layer]);
            rank(selectionBiases.get(layer));
            selectBest(ranking, expertCount, experts[layer], row * usedCount, usedCount);
            weigh(experts[layer], weights[layer], row * usedCount);
        }
        return new LayerRouting(
                pass, layer, rows, expertCount, usedCount, probabilities[layer], experts[layer], weights[layer]);
    }

    /** Scores of one row, and the distribution over experts that observers see. */
    private void score(int from, float[] distribution) {
        switch (gate.scores()) {
            case SOFTMAX -> {
                softmax(logits, from, distribution, from, expertCount);
                System.arraycopy(distribution, from, scores, 0, expertCount);
            }
            case SELECTED_SOFTMAX -> {
                softmax(logits, from, distribution, from, expertCount);
                System.arraycopy(logits, from, scores, 0, expertCount);
            }
            case SIGMOID -> {
                double sum = 0;
                for (int expert = 0; expert < expertCount; expert++) {
                    scores[expert] = (float) (1 / (1 + Math.exp(-logits[from + expert])));
                    sum += scores[expert];
                }
                for (int expert = 0; expert < expertCount; expert++) {
                    distribution[from + expert] = (float) (scores[expert] / sum);
                }
            }
        }
    }

    private static void softmax(float[] from, int fromOffset, float[] to, int toOffset, int n) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, from[fromOffset + i]);
        }
        double sum = 0;
        for (int i = 0; i < n; i++) {
            float exponential = (float) Math.exp(from[fromOffset + i] - max);
            to[toOffset + i] = exponential;
            sum += exponential;
        }
        float scale = (float) (1 / sum);
        for (int i = 0; i < n; i++) {
            to[toOffset + i] *= scale;
        }
    }

    /** What experts are selected by: scores plus bias, within the groups whose two best add up to most. */
    private void rank(float[] selectionBias) {
        System.arraycopy(scores, 0, ranking, 0, expertCount);
        for (int expert = 0; expert < selectionBias.length; expert++) {
            ranking[expert] += selectionBias[expert];
        }
        if (gate.groupCount() == 1) {
            return;
        }
        int groupSize = expertCount / gate.groupCount();
        for (int group = 0; group < gate.groupCount(); group++) {
            float best = Float.NEGATIVE_INFINITY;
            float second = Float.NEGATIVE_INFINITY;
            for (int expert = group * groupSize; expert < (group + 1) * groupSize; expert++) {
                second = Math.max(second, Math.min(best, ranking[expert]));
                best = Math.max(best, ranking[expert]);
            }
            groupRanking[group] = best + second;
        }
        selectBest(groupRanking, gate.groupCount(), groupsUsed, 0, gate.groupUsedCount());
        Arrays.sort(groupsUsed);
        for (int group = 0; group < gate.groupCount(); group++) {
            if (Arrays.binarySearch(groupsUsed, group) < 0) {
                Arrays.fill(ranking, group * groupSize, (group + 1) * groupSize, Float.NEGATIVE_INFINITY);
            }
        }
    }

    /** The indices of the {@code count} largest of n values, largest first; of equals the lower index wins. */
    private static void selectBest(float[] values, int n, int[] best, int to, int count) {
        int found = 0;
        for (int i = 0; i < n; i++) {
            float value = values[i];
            if (found == count && !(value > values[best[to + found - 1]])) {
                continue;
            }
            int place = found < count ? found++ : found - 1;
            while (place > 0 && value > values[best[to + place - 1]]) {
                best[to + place] = best[to + place - 1];
                place--;
            }
            best[to + place] = i;
        }
    }

    private void weigh(int[] chosen, float[] weight, int at) {
        for (int rank = 0; rank < usedCount; rank++) {
            weight[at + rank] = scores[chosen[at + rank]];
        }
        if (gate.scores() == ExpertGate.Scores.SELECTED_SOFTMAX) {
            softmax(weight, at, weight, at, usedCount);
        }
        if (gate.renormalises()) {
            float sum = 0;
            for (int rank = 0; rank < usedCount; rank++) {
                sum += weight[at + rank];
            }
            sum = Math.max(sum, WEIGHT_SUM_MIN);
            for (int rank = 0; rank < usedCount; rank++) {
                weight[at + rank] /= sum;
            }
        }
        if (gate.weightScale() != 1) {
            for (int rank = 0; rank < usedCount; rank++) {
                weight[at + rank] *= gate.weightScale();
            }
        }
    }
}
