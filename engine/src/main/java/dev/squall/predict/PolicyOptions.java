package dev.squall.predict;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The policy of an expert cache to be made.
 *
 * @param name which
 * @param prefetchDistance how many layers ahead experts are loaded; 0 for what suits policy and machine
 * @param pooling what becomes of the rows of a prefill
 * @param maps where expert maps are kept
 * @param trace the recorded future; null unless the policy needs it
 * @param plansIgnored whether the cache is not told what the policy plans, for those who measure what planning costs
 */
public record PolicyOptions(
        PolicyName name,
        int prefetchDistance,
        Pooling pooling,
        MapStoreFactory maps,
        @Nullable Path trace,
        boolean plansIgnored) {

    /** Most maps kept where nothing else is said; the paper on FineMoE keeps 1,000. */
    public static final int MAPS_MAX_DEFAULT = 32_000;

    /** Most maps of a policy that compares all of them at each layer, as far as a processor with other work can. */
    private static final int COMPARED_MAPS_MAX = 10_000;

    /** FineMoE's d where redundancy of maps is weighed. */
    public static final int REDUNDANCY_DISTANCE = 3;

    /** Most memory for the maps of {@link #of}; some policies search them by a copy of the same size. */
    private static final long MAP_BYTES_MAX = 64L << 20;

    /** Opens the store of expert maps of a model. */
    @FunctionalInterface
    public interface MapStoreFactory {
        /** @param model the fingerprint of model and quantisation, which maps of another one do not fit */
        ExpertMapStore open(MapShape shape, String model);
    }

    /** The policy as it is by default, with maps in memory that are forgotten at the end. */
    public static PolicyOptions of(PolicyName name) {
        return new PolicyOptions(
                name,
                0,
                Pooling.MEAN,
                (shape, model) -> new ExactMapStore(shape, mapsMax(name, shape), REDUNDANCY_DISTANCE),
                null,
                false);
    }

    /** Most maps that a policy keeps in memory where nothing else is said. */
    public static int mapsMax(PolicyName name, MapShape shape) {
        long mapBytes = 4L * (shape.probabilityCount() + shape.embeddingLength()) + shape.probabilityCount();
        int most = name == PolicyName.SQUALL ? MAPS_MAX_DEFAULT : COMPARED_MAPS_MAX;
        return Math.clamp(MAP_BYTES_MAX / mapBytes, 1, most);
    }

    /** A new policy. */
    public PrefetchPolicy create(PolicyName.Parts parts) {
        PrefetchPolicy policy = name.create(parts);
        return plansIgnored ? new UnheededPolicy(policy, parts.shape()) : policy;
    }

    /** The same with another prefetch distance. */
    public PolicyOptions withPrefetchDistance(int distance) {
        return new PolicyOptions(name, distance, pooling, maps, trace, plansIgnored);
    }

    /** The same with other maps of prompts. */
    public PolicyOptions withPooling(Pooling other) {
        return new PolicyOptions(name, prefetchDistance, other, maps, trace, plansIgnored);
    }

    /** The same with maps kept elsewhere. */
    public PolicyOptions withMaps(MapStoreFactory factory) {
        return new PolicyOptions(name, prefetchDistance, pooling, factory, trace, plansIgnored);
    }

    /** The same with a recorded future. */
    public PolicyOptions withTrace(@Nullable Path future) {
        return new PolicyOptions(name, prefetchDistance, pooling, maps, future, plansIgnored);
    }

    /** The same with plans that nobody obeys. */
    public PolicyOptions withPlansIgnored() {
        return new PolicyOptions(name, prefetchDistance, pooling, maps, trace, true);
    }
}
