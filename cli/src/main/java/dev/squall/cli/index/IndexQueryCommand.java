package dev.squall.cli.index;

import dev.squall.cli.file.TextInput;
import dev.squall.cli.loading.DemoModel;
import dev.squall.cli.option.CommonOptions;
import dev.squall.cli.option.Version;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Environment;
import dev.squall.cli.process.ExitCode;
import dev.squall.cli.process.Home;
import dev.squall.cli.process.Streams;
import dev.squall.index.MapIndexReader;
import dev.squall.predict.ExpertMap;
import dev.squall.predict.MapShape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code squall index query}. */
@Command(
        name = "query",
        versionProvider = Version.class,
        description = "The maps nearest to a prompt's passes, a stored map or one in a file; the experts that they"
                + " would fetch, and those that were really used.",
        sortOptions = false)
final class IndexQueryCommand implements Callable<Integer> {
    private final Streams streams;
    private final Environment environment;

    @Parameters(index = "0", paramLabel = "DIR", description = "The folder of --index.")
    private Path folder = Path.of("");

    @Parameters(
            index = "1",
            paramLabel = "PROMPT",
            arity = "0..1",
            description = "Text that the model answers greedily.")
    private @Nullable String prompt;

    @Option(
            names = {"-m", "--model"},
            paramLabel = "FILE",
            description = "The model that answers the prompt, the one that the index was learnt with."
                    + " Default: the demo model.")
    private @Nullable Path model;

    @Option(
            names = {"-n", "--predict"},
            paramLabel = "N",
            defaultValue = "16",
            description =
                    "Tokens of the answer, 2 or more; each but the first is a pass that is compared. Default: 16.")
    private int tokens;

    @Option(
            names = "--map",
            paramLabel = "ID",
            description = "A stored map instead of a prompt, which all others are compared with.")
    private @Nullable Long map;

    @Option(names = "--vector", paramLabel = "FILE", description = "A map as a line of export instead of a prompt.")
    private @Nullable Path vector;

    @Option(names = "-k", paramLabel = "N", defaultValue = "5", description = "Maps that are listed. Default: 5.")
    private int neighbours;

    @Option(
            names = "--distance",
            paramLabel = "N",
            defaultValue = "1",
            description = "How many layers ahead experts are predicted. Default: 1.")
    private int distance;

    @Option(names = "--json", fallbackValue = "true", description = "Write one JSON object.")
    private boolean json;

    @Mixin
    private CommonOptions common = new CommonOptions();

    IndexQueryCommand(Streams streams, Environment environment) {
        this.streams = streams;
        this.environment = environment;
    }

    @Override
    public Integer call() throws IOException {
        int sources = (prompt != null ? 1 : 0) + (map != null ? 1 : 0) + (vector != null ? 1 : 0);
        if (sources != 1) {
            throw CommandFailure.ofUsage("expected one of PROMPT, --map and --vector to ask for");
        }
        if (tokens < 2 || neighbours < 1 || distance < 1) {
            throw CommandFailure.ofUsage("--predict " + tokens + ", -k " + neighbours + ", --distance " + distance
                    + ": expected at least 2, 1 and 1");
        }
        try (MapIndexReader reader = MapIndexReader.open(folder)) {
            if (reader.maps() == 0) {
                throw new CommandFailure(
                        "index " + folder + " has no maps yet: squall chat --expert-cache 25% --index fills it");
            }
            MapLayers layers = MapLayers.of(reader);
            if (distance >= layers.layerCount()) {
                throw CommandFailure.ofUsage("--distance " + distance + ": expected less than the "
                        + layers.layerCount() + " layers of index " + folder);
            }
            List<AskedPass> asked = asked(reader, layers);
            MapForecasts forecasts = new MapForecasts(reader, distance, map);
            for (AskedPass pass : asked) {
                forecasts.add(pass);
            }
            AskedPass last = asked.getLast();
            QueryReport report = new QueryReport(
                    reader,
                    layers,
                    prompt != null
                            ? QueryReport.Kind.PROMPT
                            : map != null ? QueryReport.Kind.STORED_MAP : QueryReport.Kind.GIVEN_MAP,
                    asked.size(),
                    reader.nearestByEmbedding(last.embedding(), neighbours, MapForecasts.CANDIDATES),
                    reader.nearestByTrajectory(
                            last.probabilities(), layers.rows(), neighbours, MapForecasts.CANDIDATES),
                    forecasts.rows(),
                    distance);
            IndexOutput output = IndexOutput.of(streams, environment, common.color);
            if (json) {
                output.json(report.json());
            } else {
                report.print(output);
            }
        }
        return ExitCode.FINE;
    }

    private List<AskedPass> asked(MapIndexReader reader, MapLayers layers) throws IOException {
        MapShape shape = reader.index().shape();
        if (map != null) {
            long id = map;
            return List.of(reader.find(id)
                    .map(stored -> AskedPass.ofMap(stored.embedding(), stored.probabilities(), shape))
                    .orElseThrow(() -> new CommandFailure(
                            "index " + folder + " has no map " + id + ": squall index info tells their numbers")));
        }
        if (vector != null) {
            IndexLine line = IndexLine.parse(TextInput.read(vector), vector.toString());
            if (!line.index().shape().equals(shape)) {
                throw new CommandFailure(
                        vector + " has " + line.index().shape() + ", expected that of " + folder + ", " + shape);
            }
            ExpertMap asked = line.map().unpacked();
            return List.of(AskedPass.ofMap(asked.embedding(), asked.probabilities(), shape));
        }
        Path file = model != null ? model : DemoModel.locate(Home.cache(environment), streams.err());
        return new PromptPasses(reader, layers).of(String.valueOf(prompt), file, tokens);
    }
}
