package dev.squall.generate;

import dev.squall.compute.ComputeBackend;
import dev.squall.expert.CacheCounters;
import dev.squall.expert.DirectExpertReader;
import dev.squall.expert.ExpertCache;
import dev.squall.expert.ExpertCacheOptions;
import dev.squall.expert.ExpertReader;
import dev.squall.expert.ExpertSource;
import dev.squall.expert.LendingExpertReader;
import dev.squall.expert.MappedExpertReader;
import dev.squall.expert.MappedExperts;
import dev.squall.expert.StoredExperts;
import dev.squall.expert.ThrottledExpertReader;
import dev.squall.gguf.GgufFile;
import dev.squall.model.Hyperparameters;
import dev.squall.model.ModelFingerprint;
import dev.squall.model.ModelWeights;
import dev.squall.predict.ExpertMapStore;
import dev.squall.predict.MapShape;
import dev.squall.predict.PolicyName;
import dev.squall.predict.PolicyOptions;
import dev.squall.predict.Pooling;
import dev.squall.predict.PredictionCounters;
import dev.squall.predict.Predictor;
import dev.squall.predict.PrefetchPolicy;
import dev.squall.predict.RoutingTrace;
import dev.squall.predict.TimedMapStore;
import dev.squall.predict.TraceComparison;
import dev.squall.predict.TraceWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Where the experts of a model come from: the mapped file, or a cache with its policy, the predictor that runs it and the
 * store of expert maps that it learns. Also records traces, with a cache or without.
 */
final class ExpertSupply implements AutoCloseable {
    /** Reads of experts that may be under way at once: enough to keep a disk busy while one is being waited for. */
    private static final int LOADERS = 4;

    private final GgufFile file;
    private final ModelWeights model;
    private final Hyperparameters h;
    private final MapShape shape;
    private final @Nullable ExpertCache cache;
    private final @Nullable PrefetchPolicy policy;
    private @Nullable TraceComparison comparison;
    private @Nullable TimedMapStore store;
    private @Nullable Predictor predictor;

    /**
     * @param options the cache; null to use experts where they lie in the mapped file, if the backend can
     * @throws IOException if the file cannot be read directly, or the policy's trace not at all
     */
    ExpertSupply(
            GgufFile file,
            ModelWeights model,
            @Nullable ExpertCacheOptions options,
            PolicyOptions policyOptions,
            ComputeBackend backend)
            throws IOException {
        this.file = file;
        this.model = model;
        h = model.hyperparameters();
        shape = new MapShape(h.expertLayerCount(), h.expertCount(), h.expertUsedCount(), h.embeddingLength());
        boolean made = false;
        try {
            policy = options == null && !backend.needsSlots() ? null : newPolicy(policyOptions);
            cache = policy == null ? null : newCache(options, policy, backend);
            made = true;
        } finally {
            if (!made && store != null) {
                store.close();
            }
        }
    }

    private PrefetchPolicy newPolicy(PolicyOptions options) throws IOException {
        PolicyName name = options.name();
        Path traceFile = options.trace();
        if (name.needsTrace() && traceFile == null) {
            throw new IllegalArgumentException(
                    "policy " + name + " replays a recorded trace: record one with --trace-out and give it");
        }
        RoutingTrace trace = traceFile == null ? null : RoutingTrace.read(traceFile);
        if (trace != null && !trace.shape().equals(shape)) {
            throw new IllegalArgumentException("the trace " + traceFile + " is of " + trace.shape() + ", expected "
                    + shape + ": record one of this model");
        }
        if (trace != null && name.needsTrace()) {
            comparison = new TraceComparison(trace, h.denseBlockCount());
        }
        return options.create(new Parts(options, trace));
    }

    /** What the policy is made of; opens the store that this supply then owns. */
    private final class Parts implements PolicyName.Parts {
        private final PolicyOptions options;
        private final @Nullable RoutingTrace future;

        Parts(PolicyOptions options, @Nullable RoutingTrace future) {
            this.options = options;
            this.future = future;
        }

        @Override
        public MapShape shape() {
            return shape;
        }

        @Override
        public int prefetchDistance() {
            return options.prefetchDistance();
        }

        @Override
        public Pooling pooling() {
            return options.pooling();
        }

        @Override
        public ExpertMapStore store(MapShape mapShape) {
            TimedMapStore opened = new TimedMapStore(options.maps().open(mapShape, ModelFingerprint.of(file)));
            store = opened;
            return opened;
        }

        @Override
        public RoutingTrace trace() {
            if (future == null) {
                throw new IllegalStateException("no trace");
            }
            return future;
        }
    }

    private ExpertCache newCache(@Nullable ExpertCacheOptions options, PrefetchPolicy newPolicy, ComputeBackend backend)
            throws IOException {
        StoredExperts stored = StoredExperts.of(file, model);
        ExpertReader source =
                switch (options == null ? ExpertCacheOptions.Reads.COPIED : options.reads()) {
                    case DIRECT -> new DirectExpertReader(stored);
                    case COPIED -> new MappedExpertReader(stored);
                    case LENT -> new LendingExpertReader(stored);
                };
        ExpertReader reader = options != null && options.linkBytesPerSecond() > 0
                ? new ThrottledExpertReader(source, options.linkBytesPerSecond())
                : source;
        boolean made = false;
        try {
            ExpertCache newCache = new ExpertCache(
                    backend.slots(reader),
                    h.denseBlockCount(),
                    shape.layerCount(),
                    shape.expertCount(),
                    newPolicy.eviction(),
                    LOADERS);
            made = true;
            return newCache;
        } finally {
            if (!made) {
                reader.close();
            }
        }
    }

    ExpertSource source() {
        return cache == null ? new MappedExperts(model) : cache;
    }

    /**
     * Lets policy and trace see the passes from now on.
     *
     * @param traceOut the trace to record; null for none
     */
    void observe(ForwardPass pass, ComputeBackend backend, @Nullable Path traceOut) throws IOException {
        if (comparison != null) {
            pass.addObserver(comparison);
        }
        if ((policy == null || !policy.observes()) && traceOut == null) {
            return;
        }
        TraceWriter trace = traceOut == null
                ? null
                : new TraceWriter(
                        traceOut, shape, StoredExperts.of(file, model).bytesOfLayers(), ModelFingerprint.of(file));
        long lastConversation = store == null ? 0 : store.lastConversation();
        predictor = new Predictor(
                model,
                shape,
                backend.options().sequencesMax(),
                lastConversation,
                backend::hidden,
                backend::sendBeside,
                policy,
                cache,
                trace);
        pass.addObserver(predictor);
    }

    /** Whether policy and trace see the passes. */
    void setPredicting(ForwardPass pass, boolean predicting) {
        if (predictor != null) {
            pass.removeObserver(predictor);
            if (predicting) {
                pass.addObserver(predictor);
            }
        }
    }

    CacheCounters counters() {
        return cache == null ? CacheCounters.ZERO : cache.counters();
    }

    PredictionCounters predictionCounters() {
        PredictionCounters counters = predictor == null ? PredictionCounters.ZERO : predictor.counters();
        return store == null ? counters : counters.withSearches(store.searches(), store.searchNanos());
    }

    /** Whether the policy replays a trace that some pass so far has differed from. */
    boolean differsFromTrace() {
        return comparison != null && comparison.differs();
    }

    Optional<ExpertMapStore> maps() {
        return Optional.ofNullable(store);
    }

    OptionalInt slots() {
        return cache == null ? OptionalInt.empty() : OptionalInt.of(cache.slotCount());
    }

    @Nullable
    ExpertCache cache() {
        return cache;
    }

    @Override
    public void close() {
        try {
            if (predictor != null) {
                predictor.close();
            }
        } finally {
            try {
                if (cache != null) {
                    cache.close();
                }
            } finally {
                closeStore();
            }
        }
    }

    private void closeStore() {
        if (store != null) {
            try {
                store.commit();
            } finally {
                store.close();
            }
        }
    }
}
