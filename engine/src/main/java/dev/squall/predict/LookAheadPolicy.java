package dev.squall.predict;

import dev.squall.expert.CacheConditions;
import dev.squall.expert.Eviction;
import dev.squall.expert.Evictions;
import dev.squall.expert.PrefetchPlan;
import java.util.Arrays;

/**
 * Asks the router of a later layer on this layer's hidden state and loads its best experts; each layer keeps its share
 * of the slots. One layer ahead and at most two experts it is Mixtral-Offloading, two layers ahead ProMoE without its
 * learned predictor.
 */
final class LookAheadPolicy implements PrefetchPolicy {
    private final MapShape shape;
    private final int distance;
    private final int expertsOfRow;
    private final float[] ahead;
    private final boolean[] isBest;

    LookAheadPolicy(MapShape shape, int distance, int expertsOfRow) {
        this.shape = shape;
        this.distance = distance;
        this.expertsOfRow = Math.min(expertsOfRow, shape.expertCount());
        ahead = new float[shape.expertCount()];
        isBest = new boolean[shape.expertCount()];
    }

    @Override
    public Eviction eviction() {
        return Evictions.LRU_OF_LAYER;
    }

    @Override
    public boolean looksAhead() {
        return true;
    }

    @Override
    public void onRouted(LayerObservation observed, CacheConditions conditions, PrefetchPlan plan) {
        int layer = observed.layer() + distance;
        if (layer >= shape.layerCount() || observed.lag() >= distance) {
            return;
        }
        Arrays.fill(isBest, false);
        for (int row = 0; row < observed.rowCount(); row++) {
            if (!observed.gates().distribution(row, distance, ahead, 0)) {
                return;
            }
            Best.mark(ahead, 0, shape.expertCount(), expertsOfRow, isBest);
        }
        if (!observed.ahead(distance, ahead)) {
            return;
        }
        plan.forecast(observed.visit() + distance);
        for (int expert = 0; expert < shape.expertCount(); expert++) {
            plan.setProbability(layer, expert, ahead[expert]);
            if (isBest[expert]) {
                plan.request(layer, expert, Math.max(ahead[expert], Float.MIN_NORMAL));
            }
        }
    }
}
