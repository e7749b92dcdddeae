package dev.squall.cli.loading;

import dev.squall.cli.file.DistinctFiles;
import dev.squall.cli.file.OutputKind;
import dev.squall.cli.option.Sizes;
import dev.squall.cli.process.AvailableMemory;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Environment;
import dev.squall.cli.process.Home;
import dev.squall.cli.process.Streams;
import dev.squall.expert.ExpertCacheOptions;
import dev.squall.expert.ExpertCacheOptions.Reads;
import dev.squall.generate.LanguageModel;
import dev.squall.model.ModelException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which model runs, and on what. */
public final class ModelArguments {
    @Option(
            names = {"-m", "--model"},
            paramLabel = "FILE",
            description = "The model, a GGUF file. Default: the small demo model that Squall brings along.")
    private @Nullable Path model;

    @Option(
            names = {"-c", "--ctx-size"},
            paramLabel = "N",
            defaultValue = "0",
            description = "Context in tokens: prompt and answer together. Default: the model's own, at most 4096; for "
                    + "perplexity, 512.")
    private int contextTokens;

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description = "Threads that compute, at most the processors there are. Default: all of them.")
    private @Nullable Integer threads;

    @Option(
            names = "--device",
            paramLabel = "auto|cpu|sim[:N]|tornado[:N]",
            defaultValue = "auto",
            completionCandidates = Device.Names.class,
            description =
                    "What computes: the processor; a device of TornadoVM, the first or number N of squall doctor; or a "
                            + "simulator of such a device, which is slow and there for tests and debugging. Default: "
                            + "auto, a device that TornadoVM finds, or else the processor.")
    private Device device = Device.AUTO;

    @Option(
            names = "--device-memory",
            paramLabel = "SIZE",
            description =
                    "Memory of the device, as 512M or 8G, for everything there: what weights and context leave of "
                            + "it are slots for experts. Default: 90 % of what it has; 4G where it is the processor.")
    private @Nullable String deviceMemory;

    @Option(
            names = "--kernels",
            paramLabel = "vector|scalar",
            defaultValue = "vector",
            description = "The CPU's kernels: the fast ones, or the plain ones that they are checked against. "
                    + "Default: vector.")
    private Kernels kernels = Kernels.VECTOR;

    @Mixin
    private ExpertArguments experts = new ExpertArguments();

    @Option(
            names = "--trace-out",
            paramLabel = "FILE",
            description = "Record which experts each layer chose, for squall simulate.")
    private @Nullable Path traceOut;

    private Device computing = Device.CPU;

    /**
     * Checks what can be checked without the model.
     *
     * @throws CommandFailure if an option is out of range; the message names it
     */
    public void validate() {
        int processors = Runtime.getRuntime().availableProcessors();
        if (threads != null && (threads < 1 || threads > processors)) {
            throw CommandFailure.ofUsage(
                    "--threads " + threads + ": expected 1 to " + processors + ", the processors this process may use");
        }
        if (contextTokens < 0) {
            throw CommandFailure.ofUsage("--ctx-size " + contextTokens + ": expected 1 or more, or 0 for the default");
        }
        deviceMemoryBytes();
        experts.validate();
        device.validate();
    }

    private long deviceMemoryBytes() {
        if (deviceMemory == null) {
            return 0;
        }
        if (device.kind() == Device.Kind.CPU) {
            throw CommandFailure.ofUsage(
                    "--device-memory " + deviceMemory + ": the processor has no memory of its own: use --expert-cache");
        }
        return Sizes.parse("--device-memory", deviceMemory, "a size such as 512M or 8G");
    }

    /** Context asked for in tokens, 0 for the model's own. */
    public int contextTokens() {
        return contextTokens;
    }

    /** Has the command another context than the model's own where none is asked for. */
    public void setContextTokensDefault(int tokens) {
        if (contextTokens == 0) {
            contextTokens = tokens;
        }
    }

    public Kernels kernels() {
        return kernels;
    }

    /** What computes the model that was loaded last; the processor before that. */
    public Device computing() {
        return computing;
    }

    /** Where each layer's experts are recorded, if anywhere. */
    public @Nullable Path traceOut() {
        return traceOut;
    }

    /** What a model is loaded from, which nothing may overwrite. */
    public DistinctFiles filesRead() throws IOException {
        return new DistinctFiles().reads("model", model).reads("--policy-trace", experts.policyTrace());
    }

    /** Loads the model for one session at a time; the caller closes it. */
    public LanguageModel load(Streams streams, Environment environment) throws IOException {
        return load(1, streams, environment);
    }

    /**
     * Loads the model; the caller closes it.
     *
     * @param sequences sessions that may be open at once
     * @throws CommandFailure if what it records would overwrite what it reads, among other reasons
     */
    public LanguageModel load(int sequences, Streams streams, Environment environment) throws IOException {
        return load(file(streams, environment), sequences, streams);
    }

    /** The model's file, or that of the demo model, which is unpacked where it is not yet. */
    public Path file(Streams streams, Environment environment) throws IOException {
        return model != null ? model : DemoModel.locate(Home.cache(environment), streams.err());
    }

    /** Loads another model than the one asked for, on the same device and with the same options. */
    public LanguageModel loadInstead(Path file, Streams streams) throws IOException {
        return load(file, 1, streams);
    }

    private LanguageModel load(Path file, int sequences, Streams streams) throws IOException {
        ModelFile.requireExists(file);
        filesRead().reads("model", file).replaces("--trace-out", OutputKind.TRACE, traceOut);
        Device chosen = device.chosen(streams.err());
        try {
            return load(file, chosen, sequences, streams);
        } catch (ModelException e) {
            if (device.kind() != Device.Kind.AUTO || !chosen.hasMemory()) {
                throw e;
            }
            streams.err().println("squall: " + chosen + " cannot compute it, so the processor does: " + e.getMessage());
            return load(file, Device.CPU, sequences, streams);
        }
    }

    private LanguageModel load(Path file, Device chosen, int sequences, Streams streams) throws IOException {
        try {
            LanguageModel.Builder builder = LanguageModel.builder(file)
                    .threads(threads != null ? threads : Runtime.getRuntime().availableProcessors())
                    .contextTokens(contextTokens)
                    .sequences(sequences)
                    .backend(chosen.backend(kernels, deviceMemoryBytes(), CompileProgress.of(streams)));
            CacheSize size = experts.cacheSize();
            Optional<ExpertCacheOptions> cache = chosen.hasMemory()
                    ? size.optionsForDevice()
                    : size.optionsFor(file, contextTokens, sequences, new AvailableMemory(Path.of("/")));
            if (cache.isPresent()) {
                builder.expertCache(cache.get());
            }
            if (cache.isPresent() || chosen.hasMemory()) {
                builder.policy(experts.policyOptions());
            }
            notes(chosen, cache.isPresent()).forEach(note -> streams.err().println("squall: " + note));
            if (traceOut != null) {
                builder.traceOut(traceOut);
            }
            computing = chosen;
            LanguageModel loaded = builder.load();
            if (!chosen.hasMemory()
                    && cache.filter(options -> options.reads() == Reads.COPIED).isPresent()) {
                streams.err()
                        .println("squall: " + file
                                + " is on a file system without direct reads, so the system keeps what "
                                + "it reads of it in memory as well: move it to a disk of this machine");
            }
            experts.requireReplayed(loaded);
            return loaded;
        } catch (IllegalArgumentException e) {
            // The builder refuses what only the model's own numbers can tell, such as a context beyond its own.
            throw new CommandFailure(String.valueOf(e.getMessage()), e);
        }
    }

    /** What was asked for in vain, and what makes the answer slow. */
    private List<String> notes(Device chosen, boolean hasCache) {
        List<String> notes = new ArrayList<>(experts.notes(hasCache || chosen.hasMemory()));
        if (deviceMemory != null && !chosen.hasMemory()) {
            notes.add("--device-memory " + deviceMemory
                    + " does nothing, as the processor computes: give --expert-cache SIZE");
        }
        if (chosen.kind() == Device.Kind.SIM) {
            notes.add("--device sim computes on TornadoVM's simulator, which is slow");
        }
        return notes;
    }
}
