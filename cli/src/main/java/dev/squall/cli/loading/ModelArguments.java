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
import dev.squall.generate.LanguageModel;
import dev.squall.model.ModelException;
import java.io.IOException;
import java.nio.file.Path;
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
    @Nullable
    public Path model;

    @Option(
            names = {"-c", "--ctx-size"},
            paramLabel = "N",
            defaultValue = "0",
            description = "Context in tokens: prompt and answer together. Default: the model's own, at most 4096; for "
                    + "perplexity, 512.")
    public int contextTokens;

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
    public Kernels kernels = Kernels.VECTOR;

    @Mixin
    ExpertArguments experts = new ExpertArguments();

    @Option(
            names = "--trace-out",
            paramLabel = "FILE",
            description = "Record which experts each layer chose, for squall simulate.")
    @Nullable
    public Path traceOut;

    /** What computes, once a model is loaded. */
    public Device computing = Device.CPU;

    /** Sessions that may be open at once. */
    public int sequences = 1;

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

    /** What a model is loaded from, which nothing may overwrite. */
    public DistinctFiles filesRead() throws IOException {
        return new DistinctFiles().reads("model", model).reads("--policy-trace", experts.policyTrace);
    }

    /**
     * Loads the model; the caller closes it.
     *
     * @throws CommandFailure if what it records would overwrite what it reads, among other reasons
     */
    public LanguageModel load(Streams streams, Environment environment) throws IOException {
        Path file = model != null ? model : DemoModel.locate(Home.cache(environment), streams.err());
        ModelFile.requireExists(file);
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
            experts.notes(cache.isPresent() || chosen.hasMemory())
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
            experts.requireReplayed(loaded);
            return loaded;
        } catch (IllegalArgumentException e) {
            // The builder refuses what only the model's own numbers can tell, such as a context beyond its own.
            throw new CommandFailure(String.valueOf(e.getMessage()), e);
        }
    }
}
