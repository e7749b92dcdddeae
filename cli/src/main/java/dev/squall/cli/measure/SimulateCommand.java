package dev.squall.cli.measure;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.squall.cli.answer.Statistics;
import dev.squall.cli.loading.ExpertArguments;
import dev.squall.cli.option.CommonOptions;
import dev.squall.cli.option.Sizes;
import dev.squall.cli.option.Version;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.ExitCode;
import dev.squall.cli.process.Streams;
import dev.squall.expert.CacheCounters;
import dev.squall.predict.LinkModel;
import dev.squall.predict.PolicyName;
import dev.squall.predict.PolicyOptions;
import dev.squall.predict.Pooling;
import dev.squall.predict.RoutingTrace;
import dev.squall.predict.SimulatedParts;
import dev.squall.predict.Simulation;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Replays a trace in modelled time. */
@Command(
        name = "simulate",
        versionProvider = Version.class,
        description =
                "Replays a recorded trace: what each policy would have loaded and how long layers would have waited.",
        sortOptions = false,
        footer = {
            "",
            "It is a model: one copy at a time over a link of constant speed, layers of constant time, predictions that cost "
                    + "nothing. Hits, misses and bytes of policies that load on demand are those of the engine; times are "
                    + "not measured. Record a trace with: squall chat --trace-out FILE"
        })
public final class SimulateCommand implements Callable<Integer> {
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,6})?)(ms|us|ns|s)");

    private final Streams streams;

    @Parameters(paramLabel = "TRACE", description = "What --trace-out has written.")
    private Path file = Path.of("");

    @Option(
            names = "--slots",
            paramLabel = "N|N%",
            defaultValue = "25%",
            description = "Experts that fit, or the share of all. Default: 25%.")
    private String slots = "25%";

    @Option(
            names = "--bandwidth",
            paramLabel = "SIZE",
            defaultValue = "1G",
            description = "Bytes a second of the link, as 900M or 12G. Default: 1G.")
    private String bandwidth = "1G";

    @Option(
            names = "--compute",
            paramLabel = "TIME",
            defaultValue = "1ms",
            description = "What a layer takes with its experts there, as 500us or 2ms. Default: 1ms.")
    private String compute = "1ms";

    @Option(
            names = "--policy",
            split = ",",
            paramLabel = "NAME",
            completionCandidates = ExpertArguments.PolicyNames.class,
            description = "Which of those of --policy of chat, with commas between. Default: all.")
    private @Nullable List<PolicyName> policies;

    @Option(
            names = "--learn",
            paramLabel = "N",
            defaultValue = "0",
            description = "Passes at the beginning that policies learn from and that are not counted. Default: 0.")
    private int learn;

    @Option(
            names = "--maps",
            paramLabel = "N",
            defaultValue = "10000",
            description = "Expert maps that a policy keeps. Default: 10000.")
    private int maps = PolicyOptions.MAPS_MAX_DEFAULT;

    @Option(names = "--json", fallbackValue = "true", description = "Write one JSON object.")
    private boolean json;

    @Mixin
    @SuppressWarnings("UnusedVariable")
    private CommonOptions common = new CommonOptions();

    /** One policy's replay. */
    private record Outcome(PolicyName policy, Simulation simulation) {}

    public SimulateCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws IOException {
        List<PolicyName> names = policies == null ? Arrays.asList(PolicyName.values()) : policies;
        if (maps < 1) {
            throw CommandFailure.ofUsage("--maps " + maps + ": expected 1 or more");
        }
        LinkModel link =
                new LinkModel(Sizes.parse("--bandwidth", bandwidth, "a size such as 900M or 12G"), nanos(compute), 0);
        RoutingTrace trace = RoutingTrace.read(file);
        if (learn < 0 || learn >= trace.passes().size()) {
            throw CommandFailure.ofUsage("--learn " + learn + ": expected 0 to "
                    + (trace.passes().size() - 1) + ", fewer than the trace has passes");
        }
        int slotCount = slotCount(trace);
        List<Outcome> outcomes = new ArrayList<>();
        for (PolicyName name : names) {
            Simulation simulation =
                    new Simulation(trace, slotCount, name.create(new SimulatedParts(trace, maps, Pooling.MEAN)), link);
            simulation.run(0, learn);
            simulation.forgetTotals();
            simulation.run(learn, trace.passes().size());
            outcomes.add(new Outcome(name, simulation));
        }
        if (json) {
            writeJson(trace, slotCount, link, outcomes);
        } else {
            print(trace, slotCount, link, outcomes);
        }
        return ExitCode.FINE;
    }

    private int slotCount(RoutingTrace trace) {
        int all = trace.shape().probabilityCount();
        int least = trace.shape().expertCount();
        double asked;
        try {
            asked = slots.endsWith("%")
                    ? Math.rint(Double.parseDouble(slots.substring(0, slots.length() - 1)) / 100 * all)
                    : Integer.parseInt(slots);
        } catch (NumberFormatException e) {
            throw CommandFailure.ofUsage("--slots '" + slots + "': expected a number of experts or a share: 25%");
        }
        if (!(asked >= least && asked <= all)) {
            throw CommandFailure.ofUsage("--slots " + slots + ": expected " + least + ", the experts of a layer, to "
                    + all + ", all there are");
        }
        return (int) asked;
    }

    private static double nanos(String text) {
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches() || Double.parseDouble(matcher.group(1)) == 0) {
            throw CommandFailure.ofUsage("--compute '" + text + "': expected a time such as 500us or 2ms");
        }
        double unit =
                switch (matcher.group(2)) {
                    case "s" -> 1e9;
                    case "ms" -> 1e6;
                    case "us" -> 1e3;
                    default -> 1;
                };
        return Double.parseDouble(matcher.group(1)) * unit;
    }

    private void print(RoutingTrace trace, int slotCount, LinkModel link, List<Outcome> outcomes) {
        PrintStream out = streams.out();
        out.printf(
                Locale.ROOT,
                "a model, not a measurement: %d of %d experts fit, %s/s, %s a layer; a copy takes %.2f layers%n",
                slotCount,
                trace.shape().probabilityCount(),
                Sizes.bytes((long) link.bytesPerSecond()),
                Statistics.milliseconds((long) link.layerNanos()),
                trace.expertBytes()[0] / link.bytesPerSecond() * 1e9 / link.layerNanos());
        for (boolean prefill : new boolean[] {true, false}) {
            out.printf(
                    Locale.ROOT,
                    "%n%-20s %10s %7s %7s %7s %7s %7s %10s %12s%n",
                    prefill ? "prefill" : "decode",
                    "tokens/s",
                    "hits",
                    "timely",
                    "late",
                    "recall",
                    "precis.",
                    "MB/token",
                    "stalled/token");
            for (Outcome outcome : outcomes) {
                Simulation.PassTotals totals = prefill
                        ? outcome.simulation().prefill()
                        : outcome.simulation().decode();
                CacheCounters counters = totals.counters();
                double tokens = Math.max(1, totals.tokens());
                out.printf(
                        Locale.ROOT,
                        "%-20s %10.1f %6.1f%% %7d %7d %7s %7s %10.2f %12s%n",
                        outcome.policy(),
                        totals.nanos() == 0 ? 0 : totals.tokens() / totals.nanos() * 1e9,
                        100 * counters.hitRate(),
                        counters.timely(),
                        counters.late(),
                        share(counters.predicted(), counters.predictionRecall()),
                        share(counters.predicted(), counters.predictionPrecision()),
                        counters.bytesLoaded() / 1e6 / tokens,
                        Statistics.milliseconds((long) totals.stalledNanosPerToken()));
            }
        }
    }

    /** Of predictions, which some policies make none of. */
    private static String share(long predicted, double share) {
        return predicted == 0 ? "-" : String.format(Locale.ROOT, "%.1f%%", 100 * share);
    }

    private void writeJson(RoutingTrace trace, int slotCount, LinkModel link, List<Outcome> outcomes)
            throws IOException {
        JsonFactory factory = new JsonFactory().disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
        try (JsonGenerator out = factory.createGenerator(streams.out())) {
            out.writeStartObject();
            out.writeBooleanField("is_model", true);
            out.writeNumberField("slots", slotCount);
            out.writeNumberField("experts", trace.shape().probabilityCount());
            out.writeNumberField("bytes_per_second", link.bytesPerSecond());
            out.writeNumberField("layer_seconds", link.layerNanos() / 1e9);
            out.writeObjectFieldStart("policies");
            for (Outcome outcome : outcomes) {
                out.writeObjectFieldStart(outcome.policy().toString());
                writePhase(out, "prefill", outcome.simulation().prefill());
                writePhase(out, "decode", outcome.simulation().decode());
                out.writeEndObject();
            }
            out.writeEndObject();
            out.writeEndObject();
        }
        streams.out().println();
    }

    private static void writePhase(JsonGenerator out, String name, Simulation.PassTotals totals) throws IOException {
        CacheCounters counters = totals.counters();
        out.writeObjectFieldStart(name);
        out.writeNumberField("tokens", totals.tokens());
        out.writeNumberField("seconds", totals.nanos() / 1e9);
        out.writeNumberField("hits", counters.hits());
        out.writeNumberField("misses", counters.misses());
        out.writeNumberField("timely", counters.timely());
        out.writeNumberField("late", counters.late());
        out.writeNumberField("wasted", counters.wasted());
        out.writeNumberField("bytes_loaded", counters.bytesLoaded());
        out.writeNumberField("predicted", counters.predicted());
        out.writeNumberField("predicted_used", counters.predictedUsed());
        out.writeNumberField("stalled_seconds", counters.stalledNanos() / 1e9);
        out.writeEndObject();
    }
}
