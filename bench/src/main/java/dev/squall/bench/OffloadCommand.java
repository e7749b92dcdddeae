package dev.squall.bench;

import dev.squall.expert.ExpertCacheOptions;
import dev.squall.generate.LanguageModel;
import dev.squall.predict.PolicyName;
import dev.squall.predict.PolicyOptions;
import dev.squall.predict.PredictionCounters;
import dev.squall.predict.RoutingTrace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench offload}. */
@Command(
        name = "offload",
        description = "Answer prompts with a share of the experts in memory, by several policies, and print tables.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class OffloadCommand implements Callable<Integer> {
    private static final String LLAMA = "llama.cpp";
    private static final int TOKENS_MAX = 64;

    @Option(
            names = {"-m", "--model"},
            required = true,
            paramLabel = "FILE",
            description = "The model.")
    private Path model = Path.of("");

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

    @Option(names = "--shares", split = ",", description = "Percent of the experts that fit.")
    private List<Double> shares = new ArrayList<>(List.of(25.0));

    @Option(
            names = "--ratios",
            split = ",",
            description =
                    "Bring experts from the mapped file over a link that takes so many times as long for an expert "
                            + "as a layer takes, measured with all experts in memory. 0 reads the disk, past the page cache.")
    private List<Double> ratios = new ArrayList<>(List.of(0.0));

    @Option(
            names = "--copies",
            description =
                    "Copies over the link take the processor, too. By default they take only time, as those of a device's "
                            + "copy engine: nothing is moved, and an expert is lent when it would be there.")
    private boolean copies;

    @Option(
            names = "--policies",
            split = ",",
            description = "Default: ${DEFAULT-VALUE}. " + LLAMA + " is an engine, with its mapped file.")
    private List<String> policies = new ArrayList<>(List.of("lru", "lfu", "finemoe", "squall"));

    @Option(
            names = "--in-turns",
            description =
                    "Each prompt is answered by all policies, one after the other, before the next one is: what changes on "
                            + "the machine in the meantime changes for all. Every policy's slots are in memory at once.")
    private boolean inTurns;

    @Option(
            names = {"-t", "--threads"},
            description = "Default: ${DEFAULT-VALUE}.")
    private int threads = 2;

    @Option(
            names = "--rival",
            paramLabel = "DIR",
            defaultValue = "${env:LLAMA_LIB_DIR:-.}",
            description = "Folder of libllama." + LibLlama.RELEASE + ".so. Default: $LLAMA_LIB_DIR, or here.")
    private Path rival = Path.of("");

    private List<String> warmUp = List.of();
    private List<String> measured = List.of();
    private final Map<PolicyName, LearntMaps> learntBy = new EnumMap<>(PolicyName.class);

    /**
     * The link of a table.
     *
     * @param bytesPerSecond 0 for the disk
     */
    private record Link(double ratio, double bytesPerSecond) {}

    @Override
    public Integer call() throws IOException {
        List<String> learnt = Prompts.read(learn, learnPrompts);
        warmUp = learnt.subList(Math.max(0, learnt.size() - warmUpPrompts), learnt.size());
        measured = Prompts.read(test, testPrompts);
        List<PolicyName> names = policies.stream()
                .filter(name -> !name.equals(LLAMA))
                .map(PolicyName::named)
                .toList();
        learn(names, learnt);
        if (inTurns && policies.contains(LLAMA)) {
            throw new BenchException("--in-turns with " + LLAMA + ": it has the machine to itself; leave one out");
        }
        boolean needsLayerTime = ratios.stream().anyMatch(ratio -> ratio > 0);
        if (needsLayerTime && routingFrom != null) {
            throw new BenchException("--routing-from " + routingFrom
                    + " with --ratios: a link is measured by the experts" + " of the model itself: leave one out");
        }
        boolean needsTrace = needsLayerTime || names.stream().anyMatch(PolicyName::needsTrace);
        Path trace = needsTrace ? Files.createTempFile("squall-offload", ".trace") : null;
        try {
            List<String> answered = new ArrayList<>(warmUp);
            answered.addAll(measured);
            RoutingTrace recorded = trace == null ? null : record(answered, trace);
            double layerNanos = recorded == null || !needsLayerTime ? 0 : layerNanos(recorded);
            for (double share : shares) {
                for (double ratio : ratios) {
                    double bandwidth =
                            ratio > 0 && recorded != null ? recorded.expertBytes()[0] / (ratio * layerNanos) * 1e9 : 0;
                    table(share, new Link(ratio, bandwidth), trace);
                }
            }
        } finally {
            if (trace != null) {
                Files.delete(trace);
            }
        }
        return 0;
    }

    /** Lets the policies that keep maps learn. */
    private void learn(List<PolicyName> names, List<String> prompts) throws IOException {
        if (names.stream().noneMatch(PolicyName::needsMaps)) {
            return;
        }
        Path file = Files.createTempFile("squall-offload", ".trace");
        try {
            RoutingTrace trace = record(prompts, file);
            for (PolicyName name : names) {
                if (name.needsMaps() && !learntBy.containsKey(name)) {
                    learntBy.put(name, LearntMaps.of(name, trace));
                }
            }
        } finally {
            Files.delete(file);
        }
    }

    /** The routing of prompts, in order: what the oracle knows, and what others learn from. */
    private RoutingTrace record(List<String> prompts, Path trace) throws IOException {
        try (LanguageModel loaded = LanguageModel.builder(routingFrom == null ? model : routingFrom)
                .threads(threads)
                .traceOut(trace)
                .load()) {
            Chats.run(loaded, prompts, TOKENS_MAX, cost -> {});
        }
        return RoutingTrace.read(trace);
    }

    /** What a layer takes in decode where every expert is in memory. */
    private double layerNanos(RoutingTrace trace) throws IOException {
        OffloadRow row = new OffloadRow("all in memory", false);
        try (LanguageModel loaded =
                LanguageModel.builder(model).threads(threads).load()) {
            Chats.run(loaded, warmUp, TOKENS_MAX, cost -> {});
            Chats.run(loaded, measured, TOKENS_MAX, row::add);
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

    private void table(double share, Link link, @Nullable Path trace) throws IOException {
        System.out.printf(
                Locale.ROOT,
                "%n### %s %% of the experts, %s%n%n%s%n",
                share,
                link.ratio() > 0
                        ? String.format(
                                Locale.ROOT,
                                "a copy takes %s layers (%.2f GB/s)",
                                link.ratio(),
                                link.bytesPerSecond() / 1e9)
                        : "direct reads from disk",
                OffloadRow.HEAD);
        List<OffloadRow> rows = new ArrayList<>();
        if (inTurns) {
            rows.addAll(runInTurns(share, link, trace));
        } else {
            for (String name : policies) {
                rows.add(name.equals(LLAMA) ? runLlama() : run(share, link, PolicyName.named(name), trace));
            }
        }
        double lru = stalled(rows, PolicyName.LRU);
        double oracle = stalled(rows, PolicyName.ORACLE);
        for (OffloadRow row : rows) {
            System.out.println(row.line(lru, oracle, rows.getFirst()));
        }
        for (OffloadRow row : rows) {
            if (row.name().equals(PolicyName.BELADY.toString()) && link.ratio() > 0) {
                System.out.printf(
                        Locale.ROOT,
                        "%nNothing can be faster than the link with what Belady misses: %.1f tokens/s.%n",
                        link.bytesPerSecond() / row.bytesPerToken());
            }
        }
    }

    private static double stalled(List<OffloadRow> rows, PolicyName policy) {
        return rows.stream()
                .filter(row -> row.name().equals(policy.toString()))
                .mapToDouble(OffloadRow::stalledNanosPerToken)
                .average()
                .orElse(Double.NaN);
    }

    private OffloadRow run(double share, Link link, PolicyName policy, @Nullable Path trace) throws IOException {
        OffloadRow row = new OffloadRow(policy.toString(), true);
        try (LanguageModel loaded = load(share, link, policy, trace)) {
            Chats.run(loaded, warmUp, TOKENS_MAX, cost -> {});
            PredictionCounters before = loaded.predictionCounters();
            Chats.run(loaded, measured, TOKENS_MAX, row::add);
            row.predictions(loaded.predictionCounters().since(before));
        }
        return row;
    }

    private List<OffloadRow> runInTurns(double share, Link link, @Nullable Path trace) throws IOException {
        List<LanguageModel> loaded = new ArrayList<>();
        try {
            List<OffloadRow> rows = new ArrayList<>();
            List<PredictionCounters> before = new ArrayList<>();
            for (String name : policies) {
                LanguageModel next = load(share, link, PolicyName.named(name), trace);
                loaded.add(next);
                rows.add(new OffloadRow(name, true));
                Chats.run(next, warmUp, TOKENS_MAX, cost -> {});
                before.add(next.predictionCounters());
            }
            for (int prompt = 0; prompt < measured.size(); prompt++) {
                for (int turn = 0; turn < rows.size(); turn++) {
                    // Another one begins each time, so that none always comes after the same.
                    int at = (prompt + turn) % rows.size();
                    Chats.run(loaded.get(at), List.of(measured.get(prompt)), TOKENS_MAX, rows.get(at)::add);
                }
            }
            for (int at = 0; at < rows.size(); at++) {
                rows.get(at).predictions(loaded.get(at).predictionCounters().since(before.get(at)));
            }
            return rows;
        } finally {
            loaded.forEach(LanguageModel::close);
        }
    }

    private LanguageModel load(double share, Link link, PolicyName policy, @Nullable Path trace) throws IOException {
        PolicyOptions options = PolicyOptions.of(policy).withTrace(policy.needsTrace() ? trace : null);
        LearntMaps learnt = learntBy.get(policy);
        return LanguageModel.builder(model)
                .threads(threads)
                .expertCache(ExpertCacheOptions.ofShare(share / 100, false)
                        .withReads(reads(link))
                        .throttledTo(link.bytesPerSecond()))
                .policy(learnt == null ? options : options.withMaps((shape, fingerprint) -> learnt.copy()))
                .load();
    }

    private ExpertCacheOptions.Reads reads(Link link) {
        if (link.ratio() == 0) {
            return ExpertCacheOptions.Reads.DIRECT;
        }
        return copies ? ExpertCacheOptions.Reads.COPIED : ExpertCacheOptions.Reads.LENT;
    }

    private OffloadRow runLlama() throws IOException {
        OffloadRow row = new OffloadRow(LLAMA, false);
        try (LlamaChats chats = new LlamaChats(model)) {
            List<int[]> prompts = chats.tokens(measured);
            int longest =
                    prompts.stream().mapToInt(prompt -> prompt.length).max().orElse(0);
            chats.start(rival, model, longest + TOKENS_MAX, threads);
            for (int[] prompt : prompts) {
                row.add(chats.answer(prompt, TOKENS_MAX));
            }
        }
        return row;
    }
}
