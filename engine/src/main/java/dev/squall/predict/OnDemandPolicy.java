package dev.squall.predict;

import dev.squall.expert.Eviction;

/** Predicts nothing: experts are loaded when their layer asks. */
record OnDemandPolicy(Eviction eviction) implements PrefetchPolicy {
    @Override
    public boolean observes() {
        return false;
    }
}
