package dev.squall.generate;

import dev.squall.compute.BackendFactory;
import dev.squall.compute.BackendOptions;
import dev.squall.compute.ComputeBackend;
import dev.squall.compute.JvmBackend;
import dev.squall.expert.CacheCounters;
import dev.squall.expert.ExpertCache;
import dev.squall.expert.ExpertCacheOptions;
import dev.squall.gguf.GgufFile;
import dev.squall.model.Hyperparameters;
import dev.squall.model.ModelWeights;
import dev.squall.predict.ExpertMapStore;
import dev.squall.predict.PolicyName;
import dev.squall.predict.PolicyOptions;
import dev.squall.predict.PredictionCounters;
import dev.squall.routing.RoutingObserver;
import dev.squall.tokenizer.ChatTemplate;
import dev.squall.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A loaded model: file, tokenizer, weights and the backend that computes with them. Sessions on it may belong to
 * different threads; they take turns. Closing it closes the backend and unmaps the file.
 */
public final class LanguageModel implements AutoCloseable {
    /** The context a session gets where neither model nor user asks for less or more. */
    public static final int CONTEXT_TOKENS_DEFAULT = 4096;

    /** Most rows of a pass: the more, the more rows share each expert that is read; scratch memory grows with it. */
    private static final int ROWS_MAX = 256;

    private final GgufFile file;
    private final Tokenizer tokenizer;
    private final Hyperparameters hyperparameters;
    private final int threads;
    private final int contextTokensMax;
    private final ModelWeights weights;
    private final ComputeBackend backend;
    private final ExpertSupply supply;
    private final PolicyName policyName;
    private final ForwardPass forwardPass;
    private final BitSet usedSequences = new BitSet();
    private boolean closed;

    /** Starts the loading of a GGUF file, or of the first part of a split one. */
    public static Builder builder(Path file) {
        return new Builder(file);
    }

    private LanguageModel(GgufFile file, Builder builder) throws IOException {
        this.file = file;
        hyperparameters = Hyperparameters.of(file);
        tokenizer = Tokenizer.fromMetadata(file.metadata());
        threads = builder.threads;
        policyName = builder.policy.name();
        contextTokensMax = builder.contextTokens > 0
                ? builder.contextTokens
                : Math.min(hyperparameters.contextLength(), CONTEXT_TOKENS_DEFAULT);
        if (contextTokensMax > hyperparameters.contextLength()) {
            throw new IllegalArgumentException(
                    "context of " + contextTokensMax + " tokens, expected at most " + hyperparameters.contextLength()
                            + ", which the model was trained for: give a smaller context (-c)");
        }
        weights = ModelWeights.bind(file, hyperparameters, tokenizer.vocabularySize());
        ExpertCacheOptions cacheOptions = builder.expertCache;
        backend = builder.backend.create(
                weights,
                new BackendOptions(
                        threads,
                        Math.min(ROWS_MAX, contextTokensMax),
                        builder.sequences,
                        contextTokensMax,
                        cacheOptions));
        ExpertSupply newSupply = null;
        boolean loaded = false;
        try {
            newSupply = new ExpertSupply(file, weights, cacheOptions, builder.policy, backend);
            forwardPass = new ForwardPass(weights, backend, newSupply.source());
            newSupply.observe(forwardPass, backend, builder.traceOut);
            loaded = true;
        } finally {
            if (!loaded) {
                closeAll(newSupply, backend, null);
            }
        }
        supply = newSupply;
    }

    public GgufFile file() {
        return file;
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /** The file's chat template; empty if it has none, and the model continues text rather than converses. */
    public Optional<ChatTemplate> chatTemplate() {
        return ChatTemplate.isIn(file.metadata())
                ? Optional.of(ChatTemplate.fromMetadata(file.metadata(), tokenizer))
                : Optional.empty();
    }

    public Hyperparameters hyperparameters() {
        return hyperparameters;
    }

    public int vocabularySize() {
        return tokenizer.vocabularySize();
    }

    /** Threads that compute. */
    public int threads() {
        return threads;
    }

    /** Most tokens of a session's timeline. */
    public int contextTokensMax() {
        return contextTokensMax;
    }

    /** What computes, for people. */
    public String backendDescription() {
        return backend.description();
    }

    /** What the expert cache has done so far; nothing if experts are used where they lie in the mapped file. */
    public CacheCounters expertCounters() {
        return supply.counters();
    }

    /** What the predictor has done so far; nothing where there is none. */
    public PredictionCounters predictionCounters() {
        return supply.predictionCounters();
    }

    /**
     * The expert maps that the policy learns; empty if it learns none. For searches by one thread while no answer is
     * made.
     */
    public Optional<ExpertMapStore> maps() {
        return supply.maps();
    }

    /** Whether the policy replays a recorded trace and some pass so far has used other experts: then it is no bound. */
    public boolean differsFromTrace() {
        return supply.differsFromTrace();
    }

    /** Whether the policy hears of passes from now on, for those who measure what that costs; at first it does. */
    public synchronized void setPredicting(boolean predicting) {
        supply.setPredicting(forwardPass, predicting);
    }

    /**
     * Whether an expert is in memory now, its layer counted as the file counts; true if experts are used where they lie in
     * the mapped file.
     */
    public boolean isResident(int layer, int expert) {
        ExpertCache cache = supply.cache();
        return cache == null || cache.isResident(layer, expert);
    }

    /** How many experts the cache holds; empty if experts are used where they lie in the mapped file. */
    public OptionalInt expertSlots() {
        return supply.slots();
    }

    /** What decides which experts the cache holds; empty if there is none. */
    public Optional<PolicyName> policy() {
        return supply.cache() == null ? Optional.empty() : Optional.of(policyName);
    }

    /** Lets the observer hear every layer's routing from now on, on the thread that computes. */
    public synchronized void addObserver(RoutingObserver observer) {
        forwardPass.addObserver(observer);
    }

    public synchronized void removeObserver(RoutingObserver observer) {
        forwardPass.removeObserver(observer);
    }

    /**
     * Opens a session with an empty timeline.
     *
     * @throws IllegalStateException if as many are open as the model was loaded for
     */
    public synchronized Session newSession() {
        if (closed) {
            throw new IllegalStateException("the model is closed");
        }
        int sequence = usedSequences.nextClearBit(0);
        if (sequence >= backend.options().sequencesMax()) {
            throw new IllegalStateException(backend.options().sequencesMax()
                    + " sessions are open, which is the most this model was loaded for: close one");
        }
        usedSequences.set(sequence);
        return new Session(this, sequence);
    }

    ModelWeights weights() {
        return weights;
    }

    void release(int sequence) {
        usedSequences.clear(sequence);
    }

    ForwardPass forwardPass() {
        if (closed) {
            throw new IllegalStateException("the model is closed");
        }
        return forwardPass;
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            closeAll(supply, backend, file);
        }
    }

    /** Closes each, in this order, also if one before fails. */
    @SuppressWarnings("try")
    private static void closeAll(@Nullable ExpertSupply supply, ComputeBackend backend, @Nullable GgufFile file) {
        try (GgufFile third = file;
                ComputeBackend second = backend;
                ExpertSupply first = supply) {
            // Resources are closed from the last to the first.
        }
    }

    /** How a model is loaded. */
    public static final class Builder {
        private final Path path;
        private int threads = Runtime.getRuntime().availableProcessors();
        private int contextTokens;
        private int sequences = 1;
        private BackendFactory backend = JvmBackend.vector();
        private @Nullable ExpertCacheOptions expertCache;
        private PolicyOptions policy = PolicyOptions.of(PolicyName.SQUALL);
        private @Nullable Path traceOut;

        private Builder(Path path) {
            this.path = path;
        }

        /** Threads that compute, the caller's included; by default as many as there are processors. */
        public Builder threads(int count) {
            this.threads = count;
            return this;
        }

        /** Most tokens of a session; 0 for the smaller of the model's own and {@link #CONTEXT_TOKENS_DEFAULT}. */
        public Builder contextTokens(int tokens) {
            this.contextTokens = tokens;
            return this;
        }

        /** Sessions that may be open at once; each takes a KV cache of the context's size. */
        public Builder sequences(int count) {
            this.sequences = count;
            return this;
        }

        /** Holds experts in memory of their own; by default they are used where they lie in the mapped file. */
        public Builder expertCache(ExpertCacheOptions options) {
            this.expertCache = options;
            return this;
        }

        /** How the expert cache decides what to load ahead and what to evict; by default Squall's own policy. */
        public Builder policy(PolicyOptions options) {
            this.policy = options;
            return this;
        }

        /** Records the routing of every pass in a file, for {@link dev.squall.predict.Simulation}. */
        public Builder traceOut(Path trace) {
            this.traceOut = trace;
            return this;
        }

        /** What computes; by default the JVM's Vector API. */
        public Builder backend(BackendFactory factory) {
            this.backend = factory;
            return this;
        }

        /**
         * Opens, checks and loads.
         *
         * @throws IOException if the file cannot be read
         * @throws dev.squall.gguf.GgufFormatException if it is no sound GGUF file
         * @throws dev.squall.model.ModelException if it is no model that Squall runs
         */
        public LanguageModel load() throws IOException {
            GgufFile file = GgufFile.open(path);
            boolean loaded = false;
            try {
                LanguageModel model = new LanguageModel(file, this);
                loaded = true;
                return model;
            } finally {
                if (!loaded) {
                    file.close();
                }
            }
        }
    }
}
