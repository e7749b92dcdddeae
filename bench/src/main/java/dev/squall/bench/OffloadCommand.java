package dev.squall.bench;

import dev.squall.expert.ExpertCacheOptions;
import dev.squall.generate.LanguageModel;
import dev.squall.index.LuceneExpertMapStore;
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
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bench offload}. */
@Command(
        name = "offload",
        description = "Answer prompts with a share of the experts in memory, by several policies, and print tables.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class OffloadCommand implements Callable<Integer> {
    private static final String LLAMA = "llama.cpp";

    @Mixin
    private OffloadOptions options = new OffloadOptions();

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

    /**
     * What a table is measured with.
     *
     * @param share percent of the experts that fit
     * @param trace the recorded future; null if nobody needs it
     * @param indexes of what was learnt
     */
    private record Setting(
            double share, Link link, @Nullable Path trace, LearntIndexes indexes) {}

    @Override
    public Integer call() throws IOException {
        warmUp = options.warmUp();
        measured = options.measured();
        List<PolicyName> names = policies.stream()
                .filter(name -> !name.equals(LLAMA))
                .map(PolicyName::named)
                .toList();
        learn(names);
        if (inTurns && policies.contains(LLAMA)) {
            throw new BenchException("--in-turns with " + LLAMA + ": it has the machine to itself; leave one out");
        }
        boolean needsLayerTime = ratios.stream().anyMatch(ratio -> ratio > 0);
        if (needsLayerTime) {
            options.requireOwnRouting();
        }
        boolean needsTrace = needsLayerTime || names.stream().anyMatch(PolicyName::needsTrace);
        Path trace = needsTrace ? Files.createTempFile("squall-offload", ".trace") : null;
        try (LearntIndexes indexes = new LearntIndexes(LuceneExpertMapStore.CAPACITY_DEFAULT)) {
            List<String> answered = new ArrayList<>(warmUp);
            answered.addAll(measured);
            RoutingTrace recorded = trace == null ? null : options.record(answered, trace);
            double layerNanos = recorded == null || !needsLayerTime ? 0 : options.layerNanos(recorded);
            for (double share : shares) {
                for (double ratio : ratios) {
                    double bandwidth =
                            ratio > 0 && recorded != null ? recorded.expertBytes()[0] / (ratio * layerNanos) * 1e9 : 0;
                    table(new Setting(share, new Link(ratio, bandwidth), trace, indexes));
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
    private void learn(List<PolicyName> names) throws IOException {
        if (names.stream().noneMatch(PolicyName::needsMaps)) {
            return;
        }
        RoutingTrace trace = options.learntFrom();
        for (PolicyName name : names) {
            if (name.needsMaps() && !learntBy.containsKey(name)) {
                learntBy.put(name, LearntMaps.of(name, trace));
            }
        }
    }

    private void table(Setting setting) throws IOException {
        Link link = setting.link();
        System.out.printf(
                Locale.ROOT,
                "%n### %s %% of the experts, %s%n%n%s%n",
                setting.share(),
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
            rows.addAll(runInTurns(setting));
        } else {
            for (String name : policies) {
                rows.add(name.equals(LLAMA) ? runLlama() : run(setting, PolicyName.named(name)));
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

    private OffloadRow run(Setting setting, PolicyName policy) throws IOException {
        OffloadRow row = new OffloadRow(policy.toString(), true);
        try (LanguageModel loaded = load(setting, policy)) {
            Chats.run(loaded, warmUp, OffloadOptions.TOKENS_MAX, cost -> {});
            PredictionCounters before = loaded.predictionCounters();
            Chats.run(loaded, measured, OffloadOptions.TOKENS_MAX, row::add);
            row.predictions(loaded.predictionCounters().since(before));
        }
        return row;
    }

    private List<OffloadRow> runInTurns(Setting setting) throws IOException {
        List<LanguageModel> loaded = new ArrayList<>();
        try {
            List<OffloadRow> rows = new ArrayList<>();
            List<PredictionCounters> before = new ArrayList<>();
            for (String name : policies) {
                LanguageModel next = load(setting, PolicyName.named(name));
                loaded.add(next);
                rows.add(new OffloadRow(name, true));
                Chats.run(next, warmUp, OffloadOptions.TOKENS_MAX, cost -> {});
                before.add(next.predictionCounters());
            }
            for (int prompt = 0; prompt < measured.size(); prompt++) {
                for (int turn = 0; turn < rows.size(); turn++) {
                    // Another one begins each time, so that none always comes after the same.
                    int at = (prompt + turn) % rows.size();
                    Chats.run(
                            loaded.get(at),
                            List.of(measured.get(prompt)),
                            OffloadOptions.TOKENS_MAX,
                            rows.get(at)::add);
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

    private LanguageModel load(Setting setting, PolicyName policy) throws IOException {
        PolicyOptions policyOptions = PolicyOptions.of(policy).withTrace(policy.needsTrace() ? setting.trace() : null);
        LearntMaps learnt = learntBy.get(policy);
        return LanguageModel.builder(options.model)
                .threads(options.threads)
                .expertCache(ExpertCacheOptions.ofShare(setting.share() / 100, false)
                        .withReads(reads(setting.link()))
                        .throttledTo(setting.link().bytesPerSecond()))
                .policy(
                        learnt == null
                                ? policyOptions
                                : policyOptions.withMaps(setting.indexes().of(learnt)))
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
        try (LlamaChats chats = new LlamaChats(options.model)) {
            List<int[]> prompts = chats.tokens(measured);
            int longest =
                    prompts.stream().mapToInt(prompt -> prompt.length).max().orElse(0);
            chats.start(rival, options.model, longest + OffloadOptions.TOKENS_MAX, options.threads);
            for (int[] prompt : prompts) {
                row.add(chats.answer(prompt, OffloadOptions.TOKENS_MAX));
            }
        }
        return row;
    }
}
