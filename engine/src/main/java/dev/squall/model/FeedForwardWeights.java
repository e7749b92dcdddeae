package dev.squall.model;

import java.util.stream.Stream;

/** What stands behind a layer's attention: one network for all tokens, or experts. */
public sealed interface FeedForwardWeights permits ExpertWeights, MixtureWeights {
    /** Every matrix. */
    Stream<WeightMatrix> matrices();
}
