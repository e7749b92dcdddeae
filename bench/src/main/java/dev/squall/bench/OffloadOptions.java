package dev.squall.bench;

import dev.squall.generate.LanguageModel;
import dev.squall.predict.RoutingTrace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What experiments with experts that do not fit have in common: a model, prompts to learn from and others to measure. */
final class OffloadOptions {
    /** Most tokens of an answer. */
    static final int TOKENS_MAX = 64;

    @Option(
            names = {"-m", "--model"},
            required = true,
            paramLabel = "FILE",
            description = "The model.")
    Path model = Path.of("");

    @Option(names = "--learn", required = true, paramLabel = "FILE", description = "Prompts to learn from.")
    private Path learn = Path.of("");

    @Option(names = "--test", required = true, paramLabel = "FILE", description = "Prompts to measure.")
    private Path test = Path.of("");

    @Option(
            names = "--learn-prompts",
            paramLabel = "N",
            description =
                    "From so many, policies that keep expert maps learn before anything is measured, in a replay of their "
                            + "routing. Default: ${DEFAULT-VALUE}.")
    private int learnPrompts = 700;

    @Option(
            names = "--routing-from",
            paramLabel = "FILE",
            description =
                    "The model that routing is recorded from, to learn from and for belady and oracle: one that routes as "
                            + "this one does and fits into memory, such as what bench widen has widened. Default: the model.")
    private @Nullable Path routingFrom;

    @Option(
            names = "--warm-up-prompts",
            paramLabel = "N",
            description =
                    "The last of those to learn from, answered before each measurement. Default: ${DEFAULT-VALUE}.")
    private int warmUpPrompts = 10;

    @Option(names = "--test-prompts", paramLabel = "N", description = "Default: ${DEFAULT-VALUE}.")
    private int testPrompts = 30;

    @Option(
            names = {"-t", "--threads"},
            description = "Default: ${DEFAULT-VALUE}.")
    int threads = 2;

    /** Refuses what a link cannot be measured with. */
    void requireOwnRouting() {
        if (routingFrom != null) {
            throw new BenchException(
                    "--routing-from " + routingFrom
                            + " with a link (--ratios): that is measured by the experts of the model itself: leave --routing-from out");
        }
    }

    /** Prompts that are answered before anything is measured. */
    List<String> warmUp() throws IOException {
        List<String> learnt = Prompts.read(learn, learnPrompts);
        return learnt.subList(Math.max(0, learnt.size() - warmUpPrompts), learnt.size());
    }

    /** Prompts to measure. */
    List<String> measured() throws IOException {
        return Prompts.read(test, testPrompts);
    }

    /** The routing of the prompts to learn from. */
    RoutingTrace learntFrom() throws IOException {
        Path file = Files.createTempFile("squall-offload", ".trace");
        try {
            return record(Prompts.read(learn, learnPrompts), file);
        } finally {
            Files.delete(file);
        }
    }

    /** The routing of prompts, in order, which is left in a file, too. */
    RoutingTrace record(List<String> prompts, Path trace) throws IOException {
        try (LanguageModel loaded = LanguageModel.builder(routingFrom == null ? model : routingFrom)
                .threads(threads)
                .traceOut(trace)
                .load()) {
            Chats.run(loaded, prompts, TOKENS_MAX, cost -> {});
        }
        return RoutingTrace.read(trace);
    }

    /** What a layer takes in decode where every expert is in memory; also prints it. */
    double layerNanos(RoutingTrace trace) throws IOException {
        OffloadRow row = new OffloadRow("all in memory", false);
        try (LanguageModel loaded =
                LanguageModel.builder(model).threads(threads).load()) {
            Chats.run(loaded, warmUp(), TOKENS_MAX, cost -> {});
            Chats.run(loaded, measured(), TOKENS_MAX, row::add);
        }
        double layerNanos = row.decodeNanosPerToken() / trace.shape().layerCount();
        System.out.printf(
                Locale.ROOT,
                "All in memory: %.1f tokens/s, %.3f ms a layer; an expert has %,d bytes.%n",
                1e9 / row.decodeNanosPerToken(),
                layerNanos / 1e6,
                trace.expertBytes()[0]);
        return layerNanos;
    }
}
