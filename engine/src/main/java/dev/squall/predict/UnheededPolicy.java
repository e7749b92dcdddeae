package dev.squall.predict;

import dev.squall.expert.CacheConditions;
import dev.squall.expert.Eviction;
import dev.squall.expert.PrefetchPlan;

/** A policy that hears and plans as another one does, but keeps its plans to itself: what remains is what planning costs. */
final class UnheededPolicy implements PrefetchPolicy {
    private final PrefetchPolicy policy;
    private final PrefetchPlan unheeded;

    UnheededPolicy(PrefetchPolicy policy, MapShape shape) {
        this.policy = policy;
        unheeded = new PrefetchPlan(shape.layerCount(), shape.expertCount());
    }

    @Override
    public Eviction eviction() {
        return policy.eviction();
    }

    @Override
    public boolean observes() {
        return policy.observes();
    }

    @Override
    public boolean looksAhead() {
        return policy.looksAhead();
    }

    @Override
    public void onPass(PassObservation pass, CacheConditions conditions, PrefetchPlan plan) {
        unheeded.clear();
        policy.onPass(pass, conditions, unheeded);
    }

    @Override
    public void onRouted(LayerObservation layer, CacheConditions conditions, PrefetchPlan plan) {
        unheeded.clear();
        policy.onRouted(layer, conditions, unheeded);
    }

    @Override
    public Attention attention() {
        return policy.attention();
    }

    @Override
    public void onEnd() {
        policy.onEnd();
    }
}
