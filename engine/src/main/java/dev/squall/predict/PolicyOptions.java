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
 */
public record PolicyOptions(
        PolicyName name, int prefetchDistance, Pooling pooling, MapStoreFactory maps, @Nullable Path trace) {

    /** Maps kept where nothing else is said: FineMoE's capacity. */
    public static final int MAPS_MAX_DEFAULT = 1000;

    /** Opens the store of expert maps of a model. */
    @FunctionalInterface
    public interface MapStoreFactory {
        /** @param model the fingerprint of model and quantisation, which maps of another one do not fit */
        ExpertMapStore open(MapShape shape, String model);
    }

    /** The policy as it is by default, with maps in memory that are forgotten at the end. */
    public static PolicyOptions of(PolicyName name) {
        return new PolicyOptions(
                name, 0, Pooling.MEAN, (shape, model) -> new ExactMapStore(shape, MAPS_MAX_DEFAULT, 3), null);
    }
}
