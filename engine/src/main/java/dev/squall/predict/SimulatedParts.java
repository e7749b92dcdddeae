package dev.squall.predict;

/**
 * What policies are made of in a simulation: the trace is the oracle's future, and maps are forgotten at the end.
 *
 * @param trace what is replayed
 * @param mapsMax expert maps that are kept
 * @param pooling what is learnt of a prefill
 */
public record SimulatedParts(RoutingTrace trace, int mapsMax, Pooling pooling) implements PolicyName.Parts {
    @Override
    public MapShape shape() {
        return trace.shape();
    }

    @Override
    public ExpertMapStore store(MapShape mapShape) {
        return new ExactMapStore(mapShape, mapsMax, PolicyOptions.REDUNDANCY_DISTANCE);
    }

    @Override
    public int prefetchDistance() {
        return 0;
    }
}
