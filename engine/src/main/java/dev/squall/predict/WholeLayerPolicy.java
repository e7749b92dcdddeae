package dev.squall.predict;

import dev.squall.expert.CacheConditions;
import dev.squall.expert.Eviction;
import dev.squall.expert.Evictions;
import dev.squall.expert.PrefetchPlan;

/** Loads the whole next layer while a layer is computed, as DeepSpeed's inference offload does. */
record WholeLayerPolicy(MapShape shape) implements PrefetchPolicy {
    @Override
    public Eviction eviction() {
        return Evictions.LRU;
    }

    @Override
    public void onRouted(LayerObservation observed, CacheConditions conditions, PrefetchPlan plan) {
        plan.forecast(observed.visit() + 1);
        int layer = (int) ((observed.visit() + 1) % shape.layerCount());
        for (int expert = 0; expert < shape.expertCount(); expert++) {
            plan.setProbability(layer, expert, 1);
            plan.request(layer, expert, 1);
        }
    }
}
