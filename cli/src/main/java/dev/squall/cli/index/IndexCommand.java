package dev.squall.cli.index;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.squall.cli.file.DistinctFiles;
import dev.squall.cli.file.OutputKind;
import dev.squall.cli.option.CommonOptions;
import dev.squall.cli.option.Sizes;
import dev.squall.cli.option.Version;
import dev.squall.cli.plot.HeatMapPlot;
import dev.squall.cli.plot.HtmlPage;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Environment;
import dev.squall.cli.process.ExitCode;
import dev.squall.cli.process.Streams;
import dev.squall.index.MapIndexReader;
import dev.squall.index.StoredMap;
import dev.squall.predict.Continuation;
import dev.squall.predict.MapOrigin;
import dev.squall.predict.MapShape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows what an index of expert maps holds. Reads the last commit, also while a chat writes. */
@Command(
        name = "index",
        versionProvider = Version.class,
        description = "Shows what the expert maps of --index hold, and whether they can be trusted.",
        synopsisSubcommandLabel = "COMMAND",
        sortOptions = false,
        footer = {
            "",
            "It reads the last commit, also while a chat writes the index; only import, merge, prune and check --repair"
                    + " write."
        })
public final class IndexCommand implements Runnable {
    private final Streams streams;
    private final Environment environment;

    @Spec
    private @Nullable CommandSpec spec;

    @Mixin
    @SuppressWarnings("UnusedVariable")
    private CommonOptions common = new CommonOptions();

    private IndexCommand(Streams streams, Environment environment) {
        this.streams = streams;
        this.environment = environment;
    }

    /** The command with those below it; what they print goes to the given streams. */
    public static CommandLine commandLine(Streams streams, Environment environment) {
        return new CommandLine(new IndexCommand(streams, environment))
                .addSubcommand(new IndexInfoCommand(streams, environment))
                .addSubcommand(new IndexQueryCommand(streams, environment))
                .addSubcommand(new IndexRecallCommand(streams, environment))
                .addSubcommand(new IndexCheckCommand(streams, environment))
                .addSubcommand(new IndexDiffCommand(streams, environment))
                .addSubcommand(new IndexImportCommand(streams, environment))
                .addSubcommand(new IndexMergeCommand(streams, environment))
                .addSubcommand(new IndexPruneCommand(streams, environment));
    }

    @Override
    public void run() {
        throw new ParameterException(
                Objects.requireNonNull(spec).commandLine(), "missing command: squall index --help lists them");
    }

    @Command(
            name = "fields",
            versionProvider = Version.class,
            sortOptions = false,
            description = "The fields of the documents: kind, dimensions, number and bytes of vectors.")
    int fields(
            @Parameters(paramLabel = "DIR", description = "The folder of --index.") Path folder,
            @Option(names = "--json", fallbackValue = "true", description = "Write one JSON object.") boolean json,
            @Mixin CommonOptions options)
            throws IOException {
        IndexOutput output = IndexOutput.of(streams, environment, options.color);
        try (MapIndexReader reader = MapIndexReader.open(folder)) {
            ObjectNode object = IndexOutput.object();
            ArrayNode fields = object.putArray("fields");
            for (MapIndexReader.Field field : reader.fields()) {
                fields.addObject()
                        .put("name", field.name())
                        .put("kind", field.kind())
                        .put("dimensions", field.dimensions())
                        .put("vectors", field.vectors())
                        .put("mapped_bytes", field.mappedBytes());
                if (!json) {
                    output.line(
                            field.name(),
                            field.kind()
                                    + (field.dimensions() == 0
                                            ? ""
                                            : ", " + field.dimensions() + " dimensions, "
                                                    + String.format(Locale.ROOT, "%,d", field.vectors())
                                                    + " vectors, " + Sizes.bytes(field.mappedBytes()) + " mapped"));
                }
            }
            if (json) {
                output.json(object);
            } else if (fields.isEmpty()) {
                output.text("no maps, and so no fields");
            }
            return ExitCode.FINE;
        }
    }

    @Command(
            name = "graph",
            versionProvider = Version.class,
            sortOptions = false,
            description = "The graphs that searches walk: levels, neighbours, what they lead to.")
    int graph(
            @Parameters(paramLabel = "DIR", description = "The folder of --index.") Path folder,
            @Option(names = "--json", fallbackValue = "true", description = "Write one JSON object.") boolean json,
            @Option(names = "--html", paramLabel = "FILE", description = "Write a page with plots to this file, too.")
                    @Nullable
                    Path html,
            @Mixin CommonOptions options)
            throws IOException {
        new DistinctFiles().replaces("--html", OutputKind.PAGE, html);
        try (MapIndexReader reader = MapIndexReader.open(folder)) {
            GraphReport report = new GraphReport(reader.segments(), reader.graphs(true), reader.graphs(false));
            IndexOutput output = IndexOutput.of(streams, environment, options.color);
            if (json) {
                output.json(report.json());
            } else {
                report.print(output);
            }
            if (html != null) {
                report.page("Graphs of index " + folder).write(html);
            }
            return ExitCode.FINE;
        }
    }

    @Command(
            name = "show",
            versionProvider = Version.class,
            sortOptions = false,
            description = "A map: where it comes from, and how likely the experts are in each layer.")
    int show(
            @Parameters(paramLabel = "DIR", description = "The folder of --index.") Path folder,
            @Parameters(paramLabel = "ID", description = "The map's number.") long id,
            @Option(names = "--json", fallbackValue = "true", description = "Write one JSON object.") boolean json,
            @Option(
                            names = "--html",
                            paramLabel = "FILE",
                            description = "Write a page with a heat map to this file, too.")
                    @Nullable
                    Path html,
            @Mixin CommonOptions options)
            throws IOException {
        IndexOutput output = IndexOutput.of(streams, environment, options.color);
        new DistinctFiles().replaces("--html", OutputKind.PAGE, html);
        try (MapIndexReader reader = MapIndexReader.open(folder)) {
            StoredMap map = reader.find(id)
                    .orElseThrow(() -> new CommandFailure(
                            "index " + folder + " has no map " + id + ": squall index info tells their numbers"));
            MapShape shape = reader.index().shape();
            MapOrigin origin = map.origin();
            String observed = IndexInfoCommand.time(origin.epochMillis()) + ", "
                    + origin.phase().name().toLowerCase(Locale.ROOT) + ", position " + origin.position()
                    + ", conversation " + origin.conversation();
            double[][] percent = percent(map.probabilities(), shape);
            MapLayers layers = MapLayers.of(reader);
            if (json) {
                IndexLineWriter line = new IndexLineWriter(reader.index(), true);
                line.write(map);
                streams.out().writeBytes(line.bytes());
            } else {
                output.line("map", Long.toString(map.id()));
                output.line("observed", observed);
                output.line("in memory", hits(origin));
                output.line("followed by", followed(map));
                layers.note().forEach(note -> output.line("layers", note));
                output.heatMap("probability of each expert, a row a layer", percent, layers);
                for (int layer = 0; layer < shape.layerCount(); layer++) {
                    output.line(layers.name(layer), preferred(percent[layer], shape.usedCount()));
                }
            }
            if (html != null) {
                new HtmlPage("Map " + id + " of index " + folder)
                        .paragraph("Observed " + observed + ". In memory: " + hits(origin) + ". Followed by "
                                + followed(map) + ".")
                        .paragraph(layers.note().stream()
                                .map(note -> "Layers: " + note + ".")
                                .collect(Collectors.joining()))
                        .figure(new HeatMapPlot(
                                "Probability of each expert", "layer", "expert", percent, "%", layers.bands()))
                        .write(html);
            }
            return ExitCode.FINE;
        }
    }

    private static String hits(MapOrigin origin) {
        int asked = origin.hits() + origin.misses();
        return asked == 0 ? "not known" : origin.hits() + " of " + asked + " experts when the pass asked for them";
    }

    private static String followed(StoredMap map) {
        int passes = Continuation.passes(map.continuation());
        return passes == 0
                ? "nothing that is known"
                : passes == 1 ? "1 pass, whose experts are kept" : passes + " passes, whose experts are kept";
    }

    private static double[][] percent(float[] probabilities, MapShape shape) {
        double[][] rows = new double[shape.layerCount()][shape.expertCount()];
        for (int i = 0; i < probabilities.length; i++) {
            rows[i / shape.expertCount()][i % shape.expertCount()] = 100.0 * probabilities[i];
        }
        return rows;
    }

    /** The likeliest experts of a layer, likeliest first. */
    private static String preferred(double[] percent, int usedCount) {
        return IntStream.range(0, percent.length)
                .boxed()
                .sorted(Comparator.comparingDouble(expert -> -percent[expert]))
                .limit(Math.max(4, usedCount))
                .map(expert -> String.format(Locale.ROOT, "%d (%.0f %%)", expert, percent[expert]))
                .collect(Collectors.joining("  "));
    }

    @Command(
            name = "export",
            versionProvider = Version.class,
            sortOptions = false,
            description = "Every map as a line of JSON: number, origin, probabilities, embedding.")
    int export(
            @Parameters(paramLabel = "DIR", description = "The folder of --index.") Path folder,
            @Option(
                            names = "--decimals",
                            fallbackValue = "true",
                            description = "Numbers for people and jq, instead of half-precision floats in base64.")
                    boolean decimals,
            @Option(names = "--json", fallbackValue = "true", description = "Changes nothing: it is JSON anyway.")
                    boolean json,
            @Mixin CommonOptions options)
            throws IOException {
        try (MapIndexReader reader = MapIndexReader.open(folder)) {
            reader.forEachBatch(
                    maps -> {
                        IndexLineWriter lines = new IndexLineWriter(reader.index(), decimals);
                        maps.forEach(lines::write);
                        return lines.bytes();
                    },
                    bytes -> {
                        streams.out().write(bytes, 0, bytes.length);
                        if (streams.out().checkError()) {
                            throw new UncheckedIOException(new IOException("standard output cannot be written to"));
                        }
                    });
            return ExitCode.FINE;
        }
    }
}
