package dev.squall.compute;

import dev.squall.model.ModelWeights;

/** Makes a backend for a model; the choice of one is its user's. */
@FunctionalInterface
public interface BackendFactory {
    ComputeBackend create(ModelWeights model, BackendOptions options);
}
