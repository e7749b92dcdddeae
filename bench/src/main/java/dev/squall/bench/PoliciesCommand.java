package dev.squall.bench;

import dev.squall.expert.CacheCounters;
import dev.squall.predict.LinkModel;
import dev.squall.predict.PolicyName;
import dev.squall.predict.PolicyOptions;
import dev.squall.predict.Pooling;
import dev.squall.predict.RoutingTrace;
import dev.squall.predict.SimulatedParts;
import dev.squall.predict.Simulation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bench policies}. */
@Command(
        name = "policies",
        description = "Replay a trace through every policy in a model of link and device, and print tables.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class PoliciesCommand implements Callable<Integer> {
    private static final double LAYER_NANOS = 1e6;

    @Parameters(paramLabel = "TRACE", description = "What bench trace or --trace-out wrote.")
    private Path file = Path.of("");

    @Option(
            names = "--learn",
            paramLabel = "N",
            description = "Conversations that policies may learn from before anything is counted.")
    private int learn = 700;

    @Option(names = "--shares", split = ",", description = "Percent of the experts that fit.")
    private List<Double> shares = new ArrayList<>(List.of(12.5, 25.0, 50.0));

    @Option(names = "--ratios", split = ",", description = "Time of a copy over time of a layer.")
    private List<Double> ratios = new ArrayList<>(List.of(0.25, 1.0, 4.0, 16.0));

    @Option(names = "--policies", split = ",", description = "Which; by default all.")
    private List<String> names =
            Arrays.stream(PolicyName.values()).map(PolicyName::toString).toList();

    @Option(names = "--maps", paramLabel = "N", description = "Expert maps that are kept.")
    private int maps = PolicyOptions.MAPS_MAX_DEFAULT;

    @Option(names = "--pooling", description = "What finemoe learns of a prompt: ${COMPLETION-CANDIDATES}.")
    private Pooling pooling = Pooling.MEAN;

    @Override
    public Integer call() throws IOException {
        RoutingTrace trace = RoutingTrace.read(file);
        int measured = firstPassAfter(trace, learn);
        System.out.printf(
                Locale.ROOT,
                "%d passes, the first %d to learn from; %d layers, %d experts, %d used%n",
                trace.passes().size(),
                measured,
                trace.shape().layerCount(),
                trace.shape().expertCount(),
                trace.shape().usedCount());
        for (double share : shares) {
            for (double ratio : ratios) {
                table(trace, measured, share, ratio);
            }
        }
        return 0;
    }

    private void table(RoutingTrace trace, int measured, double share, double ratio) {
        int slots = (int)
                Math.max(trace.shape().expertCount(), Math.round(trace.shape().probabilityCount() * share / 100));
        System.out.printf(
                Locale.ROOT, "%n### %s %% of the experts (%d slots), a copy takes %s layers%n%n", share, slots, ratio);
        System.out.println(
                "| policy | decode stall, layers/token | timely hits % | recall % | precision % | loads/token "
                        + "| prefill stall, layers/token | prefill hits % |");
        System.out.println("|---|---|---|---|---|---|---|---|");
        LinkModel link = new LinkModel(trace.expertBytes()[0] / (ratio * LAYER_NANOS) * 1e9, LAYER_NANOS, 0);
        for (String name : names) {
            PolicyName policy = PolicyName.named(name);
            Simulation simulation =
                    new Simulation(trace, slots, policy.create(new SimulatedParts(trace, maps, pooling)), link);
            simulation.run(0, measured);
            simulation.forgetTotals();
            simulation.run(measured, trace.passes().size());
            CacheCounters decode = simulation.decode().counters();
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %.2f | %.1f | %.1f | %.1f | %.2f | %.2f | %.1f |%n",
                    policy,
                    simulation.decode().stalledNanosPerToken() / LAYER_NANOS,
                    100 * decode.hitRate(),
                    100 * decode.predictionRecall(),
                    100 * decode.predictionPrecision(),
                    (double) decode.loads() / simulation.decode().tokens(),
                    simulation.prefill().stalledNanosPerToken() / LAYER_NANOS,
                    100 * simulation.prefill().counters().hitRate());
        }
    }

    /** The pass with which conversation number {@code conversations} begins. */
    private static int firstPassAfter(RoutingTrace trace, int conversations) {
        for (int pass = 0; pass < trace.passes().size(); pass++) {
            if (trace.passes().get(pass).conversations()[0] > conversations) {
                return pass;
            }
        }
        throw new BenchException(
                "the trace has no more than " + conversations + " conversations, expected some to measure");
    }
}
