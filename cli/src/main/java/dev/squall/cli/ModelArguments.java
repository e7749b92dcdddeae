package dev.squall.cli;

import dev.squall.expert.ExpertCacheOptions;
import dev.squall.generate.LanguageModel;
import dev.squall.index.LuceneExpertMapStore;
import dev.squall.model.ModelException;
import dev.squall.predict.PolicyName;
import dev.squall.predict.PolicyOptions;
import dev.squall.predict.Pooling;
import dev.squall.routing.LayerRouting;
import dev.squall.routing.RoutingObserver;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which model runs, and on what. */
final class ModelArguments {
    @Option(
            names = {"-m", "--model"},
            paramLabel = "FILE",
            description = "The model, a GGUF file. Default: the small demo model that Squall brings along.")
    @Nullable
    Path model;

    @Option(
            names = {"-c", "--ctx-size"},
            paramLabel = "N",
            defaultValue = "0",
            description = "Context in tokens: prompt and answer together. Default: the model's own, at most 4096; of "
                    + "perplexity 512.")
    int contextTokens;

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description = "Threads that compute, at most the processors there are. Default: all of them.")
    @Nullable
    Integer threads;

    @Option(
            names = "--device",
            paramLabel = "auto|cpu|sim[:N]|tornado[:N]",
            defaultValue = "auto",
            completionCandidates = Device.Names.class,
            description =
                    "What computes: the processor; a device of TornadoVM, the first or number N of squall doctor; or a "
                            + "simulator of such a device, which is slow and there for tests and debugging. Default: "
                            + "auto, a device that TornadoVM finds, or else the processor.")
    Device device = Device.AUTO;

    @Option(
            names = "--device-memory",
            paramLabel = "SIZE",
            description =
                    "Memory of the device, as 512M or 8G, for everything there: what weights and context leave of "
                            + "it are slots for experts. Default: 90 % of what it has; 4G where it is the processor.")
    @Nullable
    String deviceMemory;

    @Option(
            names = "--kernels",
            paramLabel = "vector|scalar",
            defaultValue = "vector",
            description = "The CPU's kernels: the fast ones, or the plain ones that they are checked against. "
                    + "Default: vector.")
    Kernels kernels = Kernels.VECTOR;

    @Option(
            names = "--expert-cache",
            paramLabel = "auto|SIZE|N%",
            defaultValue = "auto",
            description =
                    "Memory for experts, as 512M or 8G, or as a share of what all take; they are read from the file "
                            + "past the page cache, or come to the device's memory. Default: auto, what machine or "
                            + "device have left; none if the whole file fits into the machine's memory, and experts are "
                            + "used where they lie in the mapped file.")
    String expertCache = "auto";

    @Option(
            names = "--policy",
            paramLabel = "NAME",
            completionCandidates = PolicyNames.class,
            description = "What is loaded ahead into the --expert-cache and what gives up its place: "
                    + "lru, lfu, fifo, random, deepspeed, mixtral-offloading, promoe, moe-infinity, finemoe, squall, "
                    + "belady or oracle. Default: squall.")
    @Nullable
    String policy;

    @Option(
            names = "--prefetch-distance",
            paramLabel = "auto|N",
            defaultValue = "auto",
            description = "Most layers ahead that experts are loaded. Default: auto, what suits policy and machine.")
    String prefetchDistance = "auto";

    @Option(
            names = "--pooling",
            paramLabel = "last|mean|each",
            description =
                    "What the policy finemoe learns of a prompt: a map of its last token, the mean of all, or a map "
                            + "of each of some. Default: mean.")
    @Nullable
    Pooling pooling;

    @Option(
            names = "--policy-trace",
            paramLabel = "FILE",
            description = "The recorded future that the policies belady and oracle replay.")
    @Nullable
    Path policyTrace;

    @Option(
            names = "--index",
            paramLabel = "DIR",
            description =
                    "Keep what the policies squall and finemoe learn in this folder, a Lucene index, and begin with"
                            + " what it holds. Default: forget it at the end.")
    @Nullable
    Path index;

    @Option(
            names = "--trace-out",
            paramLabel = "FILE",
            description = "Record which experts each layer chose, for squall simulate.")
    @Nullable
    Path traceOut;

    /** What computes, once a model is loaded. */
    Device computing = Device.CPU;

    /** Sessions that may be open at once. */
    int sequences = 1;

    /** Offered by completion and help. */
    static final class PolicyNames implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Arrays.stream(PolicyName.values()).map(PolicyName::toString).iterator();
        }
    }

    /**
     * Checks what can be checked without the model.
     *
     * @throws IllegalArgumentException if an option is out of range; the message names it
     */
    void validate() {
        int processors = Runtime.getRuntime().availableProcessors();
        if (threads != null && (threads < 1 || threads > processors)) {
            throw new IllegalArgumentException(
                    "--threads " + threads + ": expected 1 to " + processors + ", the processors this process may use");
        }
        if (contextTokens < 0) {
            throw new IllegalArgumentException(
                    "--ctx-size " + contextTokens + ": expected 1 or more, or 0 for the default");
        }
        CacheSize.parse(expertCache);
        deviceMemoryBytes();
        if (policy != null) {
            if (PolicyName.named(policy).needsTrace() && policyTrace == null) {
                throw new IllegalArgumentException(
                        "--policy " + policy
                                + ": it replays a recorded future: record one with --trace-out and give it with --policy-trace");
            }
        }
        if (index != null && !policyName().needsMaps()) {
            throw new IllegalArgumentException("--index " + index + ": the policy " + policyName()
                    + " learns no expert maps: use squall or finemoe");
        }
        prefetchDistance();
        device.validate();
    }

    private long deviceMemoryBytes() {
        if (deviceMemory == null) {
            return 0;
        }
        if (device.kind() == Device.Kind.CPU) {
            throw new IllegalArgumentException(
                    "--device-memory " + deviceMemory + ": the processor has no memory of its own: use --expert-cache");
        }
        return Sizes.parse("--device-memory", deviceMemory, "a size such as 512M or 8G");
    }

    private PolicyName policyName() {
        return policy == null ? PolicyName.SQUALL : PolicyName.named(policy);
    }

    private PolicyOptions policyOptions() {
        PolicyOptions options = PolicyOptions.of(policyName())
                .withPrefetchDistance(prefetchDistance())
                .withPooling(pooling == null ? Pooling.MEAN : pooling)
                .withTrace(policyTrace);
        Path folder = index;
        if (folder == null) {
            return options;
        }
        return options.withMaps((shape, fingerprint) -> LuceneExpertMapStore.open(
                folder, shape, fingerprint, LuceneExpertMapStore.CAPACITY_DEFAULT, PolicyOptions.REDUNDANCY_DISTANCE));
    }

    /** What was asked of policies in vain. */
    private List<String> policyNotes(boolean hasCache) {
        List<String> notes = new ArrayList<>();
        if (!hasCache) {
            String reason = ", as the whole model fits into memory: give --expert-cache SIZE";
            if (index != null) {
                notes.add("--index " + index + " learns nothing" + reason);
            }
            for (String option : policyOptionsGiven()) {
                notes.add(option + " does nothing" + reason);
            }
        } else {
            if (pooling != null && policyName() != PolicyName.FINEMOE) {
                notes.add("--pooling " + pooling + " does nothing with the policy " + policyName()
                        + ": only finemoe pools what it learns of a prompt");
            }
            if (prefetchDistance() > 0 && !policyName().takesDistance()) {
                notes.add("--prefetch-distance " + prefetchDistance + " does nothing with the policy " + policyName()
                        + ": only mixtral-offloading, promoe, finemoe and squall look so many layers ahead");
            }
            if (policyTrace != null && !policyName().needsTrace()) {
                notes.add("--policy-trace " + policyTrace + " does nothing with the policy " + policyName()
                        + ": only belady and oracle replay what was recorded");
            }
        }
        return notes;
    }

    /** Ends the command where the policy replays a trace of something else. */
    private final class ReplayedTrace implements RoutingObserver {
        private final LanguageModel loaded;

        ReplayedTrace(LanguageModel loaded) {
            this.loaded = loaded;
        }

        @Override
        public void onRouted(LayerRouting routing) {
            if (loaded.differsFromTrace()) {
                throw new CommandFailure("--policy-trace " + policyTrace + ": pass " + routing.pass()
                        + " uses other experts"
                        + " than recorded: " + policyName() + " replays the same prompts and options: record these with"
                        + " --trace-out, or use another policy");
            }
        }
    }

    private List<String> policyOptionsGiven() {
        List<String> given = new ArrayList<>();
        if (policy != null) {
            given.add("--policy " + policy);
        }
        if (prefetchDistance() > 0) {
            given.add("--prefetch-distance " + prefetchDistance);
        }
        if (pooling != null) {
            given.add("--pooling " + pooling);
        }
        if (policyTrace != null) {
            given.add("--policy-trace " + policyTrace);
        }
        return given;
    }

    private int prefetchDistance() {
        if (prefetchDistance.equals("auto")) {
            return 0;
        }
        try {
            int distance = Integer.parseInt(prefetchDistance);
            if (distance >= 1) {
                return distance;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(badDistance(), e);
        }
        throw new IllegalArgumentException(badDistance());
    }

    private String badDistance() {
        return "--prefetch-distance " + prefetchDistance + ": expected auto, or 1 or more layers";
    }

    /** What a model is loaded from, which nothing may overwrite. */
    DistinctFiles filesRead() throws IOException {
        return new DistinctFiles().reads("model", model).reads("--policy-trace", policyTrace);
    }

    /**
     * Loads the model; the caller closes it.
     *
     * @throws CommandFailure if what it records would overwrite what it reads, among other reasons
     */
    LanguageModel load(Streams streams, Environment environment) throws IOException {
        Path file = model != null ? model : DemoModel.locate(Home.cache(environment), streams.err());
        filesRead().reads("model", file).replaces("--trace-out", OutputKind.TRACE, traceOut);
        Device chosen = device.chosen(streams.err());
        try {
            return load(file, chosen, streams);
        } catch (ModelException e) {
            if (device.kind() != Device.Kind.AUTO || !chosen.hasMemory()) {
                throw e;
            }
            streams.err().println("squall: " + chosen + " cannot compute it, so the processor does: " + e.getMessage());
            return load(file, Device.CPU, streams);
        }
    }

    private LanguageModel load(Path file, Device chosen, Streams streams) throws IOException {
        try {
            LanguageModel.Builder builder = LanguageModel.builder(file)
                    .threads(threads != null ? threads : Runtime.getRuntime().availableProcessors())
                    .contextTokens(contextTokens)
                    .sequences(sequences)
                    .backend(chosen.backend(kernels, deviceMemoryBytes(), CompileProgress.of(streams)));
            CacheSize size = CacheSize.parse(expertCache);
            Optional<ExpertCacheOptions> cache = chosen.hasMemory()
                    ? size.optionsForDevice()
                    : size.optionsFor(file, contextTokens, sequences, new AvailableMemory(Path.of("/")));
            if (cache.isPresent()) {
                builder.expertCache(cache.get());
            }
            if (cache.isPresent() || chosen.hasMemory()) {
                builder.policy(policyOptions());
            }
            policyNotes(cache.isPresent() || chosen.hasMemory())
                    .forEach(note -> streams.err().println("squall: " + note));
            if (deviceMemory != null && !chosen.hasMemory()) {
                streams.err()
                        .println("squall: --device-memory " + deviceMemory
                                + " does nothing, as the processor computes: give --expert-cache SIZE");
            }
            if (chosen.kind() == Device.Kind.SIM) {
                streams.err().println("squall: --device sim computes on TornadoVM's simulator, which is slow");
            }
            if (traceOut != null) {
                builder.traceOut(traceOut);
            }
            computing = chosen;
            LanguageModel loaded = builder.load();
            if (policyName().needsTrace()) {
                loaded.addObserver(new ReplayedTrace(loaded));
            }
            return loaded;
        } catch (IllegalArgumentException e) {
            // The builder refuses what only the model's own numbers can tell, such as a context beyond its own.
            throw new CommandFailure(String.valueOf(e.getMessage()), e);
        }
    }
}
