package dev.squall.predict;

import dev.squall.expert.CacheConditions;
import dev.squall.expert.Eviction;
import dev.squall.expert.PrefetchPlan;

/**
 * Decides which experts are loaded ahead and which give up their slots. Hears every pass in order, one thread at a time,
 * beside the forward pass; whatever it says changes the time that an answer takes and nothing else.
 */
public interface PrefetchPolicy {

    /** How experts in slots are ranked. Asked once. */
    Eviction eviction();

    /** Whether it wants to hear of passes at all. Asked once. */
    default boolean observes() {
        return true;
    }

    /** Whether it asks {@link LayerObservation#ahead}, so that hidden states must be copied for it. Asked once. */
    default boolean looksAhead() {
        return false;
    }

    /**
     * A pass begins, no layer of it is routed yet.
     *
     * @param plan what the cache shall do; empty
     */
    default void onPass(PassObservation pass, CacheConditions conditions, PrefetchPlan plan) {}

    /**
     * A layer has been routed; its experts are being computed while this runs.
     *
     * @param plan what the cache shall do; empty
     */
    default void onRouted(LayerObservation layer, CacheConditions conditions, PrefetchPlan plan) {}

    /** How closely it follows the pass that it heard of last, and those after it until it says otherwise. */
    default Attention attention() {
        return Attention.PLANNING;
    }

    /** No pass follows; what is held back is learnt now. */
    default void onEnd() {}
}
