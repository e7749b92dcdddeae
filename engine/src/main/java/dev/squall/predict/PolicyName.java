package dev.squall.predict;

import dev.squall.expert.Evictions;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The policies, by the names that users give. */
public enum PolicyName {
    /** On demand; the least recently used goes. */
    LRU(Needs.NOTHING),
    /** On demand; the least often used goes. */
    LFU(Needs.NOTHING),
    /** On demand; the one loaded first goes. */
    FIFO(Needs.NOTHING),
    /** On demand; any goes. */
    RANDOM(Needs.NOTHING),
    /** The whole next layer is loaded ahead (DeepSpeed inference). */
    DEEPSPEED(Needs.NOTHING),
    /** The next layer's router on this layer's hidden state, its two best experts (Mixtral-Offloading). */
    MIXTRAL_OFFLOADING(Needs.NOTHING),
    /** The router two layers ahead (ProMoE without its learned predictor). */
    PROMOE(Needs.NOTHING),
    /** The most similar earlier request (MoE-Infinity). */
    MOE_INFINITY(Needs.NOTHING),
    /** The most similar expert map (FineMoE). */
    FINEMOE(Needs.MAPS),
    /** Similar expert maps, routers ahead and habits, calibrated by what came of them. */
    SQUALL(Needs.MAPS),
    /** On demand; what a recorded trace uses last goes. */
    BELADY(Needs.TRACE),
    /** What a recorded trace uses next is loaded ahead. */
    ORACLE(Needs.TRACE);

    private static final int REQUESTS_MAX = 1000;

    private final Needs needs;

    private enum Needs {
        NOTHING,
        MAPS,
        TRACE
    }

    PolicyName(Needs needs) {
        this.needs = needs;
    }

    /** What a policy is made of. */
    public interface Parts {
        MapShape shape();

        /** The store of expert maps of that shape; asked at most once, and only if {@link PolicyName#needsMaps}. */
        ExpertMapStore store(MapShape mapShape);

        /** The recorded future; asked only if {@link PolicyName#needsTrace}. */
        RoutingTrace trace();

        /** How many layers ahead experts are loaded; 0 for what suits policy and machine. */
        int prefetchDistance();

        Pooling pooling();
    }

    /** Whether it learns expert maps. */
    public boolean needsMaps() {
        return needs == Needs.MAPS;
    }

    /** Whether it replays a recorded trace. */
    public boolean needsTrace() {
        return needs == Needs.TRACE;
    }

    /** Whether it loads ahead by as many layers as it is told. */
    public boolean takesDistance() {
        return switch (this) {
            case MIXTRAL_OFFLOADING, PROMOE, FINEMOE, SQUALL -> true;
            case LRU, LFU, FIFO, RANDOM, DEEPSPEED, MOE_INFINITY, BELADY, ORACLE -> false;
        };
    }

    /** A new policy of that name. */
    public PrefetchPolicy create(Parts parts) {
        MapShape shape = parts.shape();
        int distance = parts.prefetchDistance();
        return switch (this) {
            case LRU -> new OnDemandPolicy(Evictions.LRU);
            case LFU -> new OnDemandPolicy(Evictions.LFU);
            case FIFO -> new OnDemandPolicy(Evictions.FIFO);
            case RANDOM -> new OnDemandPolicy(Evictions.RANDOM);
            case DEEPSPEED -> new WholeLayerPolicy(shape);
            case MIXTRAL_OFFLOADING -> new LookAheadPolicy(shape, distance == 0 ? 1 : distance, 2);
            case PROMOE -> new LookAheadPolicy(shape, distance == 0 ? 2 : distance, shape.usedCount());
            case MOE_INFINITY -> new ActivationMatrixPolicy(shape, REQUESTS_MAX);
            case FINEMOE -> new FineMoePolicy(parts.store(shape), distance == 0 ? 3 : distance, parts.pooling());
            case SQUALL -> new SquallPolicy(shape, parts.store(ContextMaps.storeShape(shape)), distance);
            case BELADY -> new OraclePolicy(parts.trace(), false);
            case ORACLE -> new OraclePolicy(parts.trace(), true);
        };
    }

    /**
     * The policy of that name.
     *
     * @throws IllegalArgumentException if there is none; the message lists those there are
     */
    public static PolicyName named(String name) {
        for (PolicyName policy : values()) {
            if (policy.toString().equals(name)) {
                return policy;
            }
        }
        throw new IllegalArgumentException("policy '" + name + "', expected one of " + all());
    }

    /** All names with commas between. */
    public static String all() {
        return Arrays.stream(values()).map(PolicyName::toString).collect(Collectors.joining(", "));
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
