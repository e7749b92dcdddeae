package dev.squall.bench;

import dev.squall.expert.ExpertCacheOptions;
import dev.squall.generate.LanguageModel;
import dev.squall.index.LuceneExpertMapStore;
import dev.squall.predict.PolicyName;
import dev.squall.predict.PolicyOptions;
import dev.squall.predict.PredictionCounters;
import dev.squall.predict.RoutingTrace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bench prediction}. */
@Command(
        name = "prediction",
        description =
                "Measure what prediction costs the forward pass: one model answers each prompt twice, once with a policy that "
                        + "hears all and whose plans are ignored, once without it.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class PredictionCommand implements Callable<Integer> {
    private static final String HEAD = """
            | experts that fit | a copy takes | decode ms/token without | of it stalled | longer with, %: all prompts | median of the prompts and its 95 % interval \
            | us a layer heard | us a search | layers not heard |
            |---|---|---|---|---|---|---|---|---|""";

    @Mixin
    private OffloadOptions options = new OffloadOptions();

    @Option(names = "--policy", description = "Default: ${DEFAULT-VALUE}.")
    private String policy = PolicyName.SQUALL.toString();

    @Option(names = "--shares", split = ",", description = "Percent of the experts that fit. Default: 100 and 25.")
    private List<Double> shares = new ArrayList<>(List.of(100.0, 25.0));

    @Option(
            names = "--ratios",
            split = ",",
            description = "A copy takes the time of so many layers, and no processor. Default: 1.")
    private List<Double> ratios = new ArrayList<>(List.of(1.0));

    @Option(
            names = "--capacity",
            paramLabel = "N",
            description = "Most maps of the index that the policy learns. Default: ${DEFAULT-VALUE}.")
    private int capacity = LuceneExpertMapStore.CAPACITY_DEFAULT;

    @Override
    public Integer call() throws IOException {
        PolicyName name = PolicyName.named(policy);
        options.requireOwnRouting();
        RoutingTrace trace = options.learntFrom();
        LearntMaps learnt = LearntMaps.of(name, trace);
        double layerNanos = options.layerNanos(trace);
        System.out.println(HEAD);
        try (LearntIndexes indexes = new LearntIndexes(capacity)) {
            for (double share : shares) {
                for (double ratio : ratios) {
                    double bandwidth = trace.expertBytes()[0] / (ratio * layerNanos) * 1e9;
                    try (LanguageModel loaded = LanguageModel.builder(options.model)
                            .threads(options.threads)
                            .expertCache(ExpertCacheOptions.ofShare(share / 100, false)
                                    .withReads(ExpertCacheOptions.Reads.LENT)
                                    .throttledTo(bandwidth))
                            .policy(PolicyOptions.of(name)
                                    .withMaps(indexes.of(learnt))
                                    .withPlansIgnored())
                            .load()) {
                        measure(loaded, share, ratio);
                    }
                }
            }
        }
        return 0;
    }

    private void measure(LanguageModel model, double share, double ratio) throws IOException {
        Chats.run(model, options.warmUp(), OffloadOptions.TOKENS_MAX, cost -> {});
        OffloadRow with = new OffloadRow("with", true);
        OffloadRow without = new OffloadRow("without", true);
        List<String> prompts = options.measured();
        PredictionCounters before = model.predictionCounters();
        for (int prompt = 0; prompt < prompts.size(); prompt++) {
            for (int turn = 0; turn < 2; turn++) {
                // Neither always comes first.
                boolean predicts = (prompt + turn) % 2 == 0;
                model.setPredicting(predicts);
                Chats.run(
                        model,
                        List.of(prompts.get(prompt)),
                        OffloadOptions.TOKENS_MAX,
                        (predicts ? with : without)::add);
            }
        }
        PredictionCounters heard = model.predictionCounters().since(before);
        double[] longer = new double[prompts.size()];
        for (int prompt = 0; prompt < longer.length; prompt++) {
            longer[prompt] = 100 * (with.decodeNanos(prompt) / without.decodeNanos(prompt) - 1);
        }
        System.out.printf(
                Locale.ROOT,
                "| %s %% | %s layers | %.2f | %.2f | %.2f | %s | %.1f | %.1f | %d |%n",
                share,
                ratio,
                without.decodeNanosPerToken() / 1e6,
                without.stalledNanosPerToken() / 1e6,
                100 * (with.decodeNanosPerToken() / without.decodeNanosPerToken() - 1),
                median(longer),
                heard.predictionNanos() / 1e3 / Math.max(1, heard.observed()),
                heard.searchNanos() / 1e3 / Math.max(1, heard.searches()),
                heard.dropped());
    }

    /**
     * The median, and the two measurements between which the median of all prompts is found with a probability of 95 %, by
     * the binomial distribution's normal approximation.
     */
    private static String median(double[] measurements) {
        double[] sorted = measurements.clone();
        Arrays.sort(sorted);
        int n = sorted.length;
        int beside = (int) Math.ceil(OffloadRow.NORMAL_95 * Math.sqrt(n) / 2);
        return String.format(
                Locale.ROOT,
                "%.2f (%.2f to %.2f)",
                Spread.of(sorted).median(),
                sorted[Math.max(0, n / 2 - beside)],
                sorted[Math.min(n - 1, (n - 1) / 2 + beside)]);
    }
}
