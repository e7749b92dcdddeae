package dev.squall.bench;

import dev.squall.expert.CacheCounters;
import dev.squall.expert.ExpertCacheOptions;
import dev.squall.generate.GenerationMetrics;
import dev.squall.generate.LanguageModel;
import dev.squall.predict.PolicyName;
import dev.squall.predict.PolicyOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench offload}. */
@Command(
        name = "offload",
        description = "Answer prompts with a share of the experts in memory, by several policies, and print a table.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class OffloadCommand implements Callable<Integer> {
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

    @Option(names = "--learn-prompts", paramLabel = "N", description = "Default: ${DEFAULT-VALUE}.")
    private int learnPrompts = 40;

    @Option(names = "--test-prompts", paramLabel = "N", description = "Default: ${DEFAULT-VALUE}.")
    private int testPrompts = 30;

    @Option(names = "--shares", split = ",", description = "Percent of the experts that fit.")
    private List<Double> shares = new ArrayList<>(List.of(25.0));

    @Option(names = "--policies", split = ",", description = "Default: ${DEFAULT-VALUE}.")
    private List<String> policies = new ArrayList<>(List.of("lru", "lfu", "finemoe", "squall"));

    @Option(
            names = {"-t", "--threads"},
            description = "Default: ${DEFAULT-VALUE}.")
    private int threads = 2;

    /** What the measured answers took. */
    private static final class Sums {
        private long prefillTokens;
        private long prefillNanos;
        private long decodedTokens;
        private long decodeNanos;

        private void add(GenerationMetrics metrics) {
            prefillTokens += metrics.promptTokens();
            prefillNanos += metrics.prefillNanos();
            decodedTokens += metrics.generatedTokens() - 1;
            decodeNanos += metrics.decodeNanos();
        }
    }

    @Override
    public Integer call() throws IOException {
        List<String> learnt = Prompts.read(learn, learnPrompts);
        List<String> measured = Prompts.read(test, testPrompts);
        System.out.println("| share | policy | decode tokens/s | prefill tokens/s | hits % | late | wasted | recall % "
                + "| precision % | MB/token | stalled ms/token | layers missed by the predictor |");
        System.out.println("|---|---|---|---|---|---|---|---|---|---|---|---|");
        for (double share : shares) {
            for (String name : policies) {
                run(share, PolicyName.named(name), learnt, measured);
            }
        }
        return 0;
    }

    private void run(double share, PolicyName policy, List<String> learnt, List<String> measured) throws IOException {
        try (LanguageModel loaded = LanguageModel.builder(model)
                .threads(threads)
                .expertCache(ExpertCacheOptions.ofShare(share / 100, true))
                .policy(PolicyOptions.of(policy))
                .load()) {
            Chats.run(loaded, learnt, 64, metrics -> {});
            CacheCounters before = loaded.expertCounters();
            long droppedBefore = loaded.predictionCounters().dropped();
            Sums sums = new Sums();
            Chats.run(loaded, measured, 64, sums::add);
            CacheCounters counters = loaded.expertCounters().since(before);
            double tokens = sums.prefillTokens + sums.decodedTokens;
            System.out.printf(
                    Locale.ROOT,
                    "| %s %% | %s | %.1f | %.1f | %.1f | %d | %d | %.1f | %.1f | %.2f | %.2f | %d |%n",
                    share,
                    policy,
                    sums.decodedTokens * 1e9 / sums.decodeNanos,
                    sums.prefillTokens * 1e9 / sums.prefillNanos,
                    100 * counters.hitRate(),
                    counters.late(),
                    counters.wasted(),
                    100 * counters.predictionRecall(),
                    100 * counters.predictionPrecision(),
                    counters.bytesLoaded() / 1e6 / tokens,
                    counters.stalledNanos() / 1e6 / tokens,
                    loaded.predictionCounters().dropped() - droppedBefore);
        }
    }
}
