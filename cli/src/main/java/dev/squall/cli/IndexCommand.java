package dev.squall.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.squall.index.MapIndexReader;
import dev.squall.index.StoredMap;
import dev.squall.predict.MapMatches;
import dev.squall.predict.MapOrigin;
import dev.squall.predict.MapShape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
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
        subcommands = {
            IndexQueryCommand.class,
            IndexDiffCommand.class,
            IndexImportCommand.class,
            IndexMergeCommand.class,
            IndexPruneCommand.class
        },
        synopsisSubcommandLabel = "COMMAND",
        sortOptions = false,
        footer = {
            "",
            "It reads the last commit, also while a chat writes the index; only import, merge and prune write."
        })
final class IndexCommand implements Runnable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int COLUMNS_MAX = 64;

    private final Streams streams;

    @Spec
    private @Nullable CommandSpec spec;

    @Mixin
    @SuppressWarnings("UnusedVariable")
    private CommonOptions common = new CommonOptions();

    IndexCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public void run() {
        throw new ParameterException(
                Objects.requireNonNull(spec).commandLine(), "missing command: squall index --help lists them");
    }

    @Command(name = "info", description = "What the index is of, how much it holds, and which experts its maps prefer.")
    int info(
            @Parameters(paramLabel = "DIR", description = "The folder of --index.") Path folder,
            @Option(names = "--json", fallbackValue = "true", description = "Write one JSON object.") boolean json)
            throws IOException {
        try (MapIndexReader reader = MapIndexReader.open(folder)) {
            MapShape shape = reader.index().shape();
            Contents contents = new Contents(shape);
            reader.forEach(contents::add);
            if (json) {
                ObjectNode object = JSON.createObjectNode();
                object.put("folder", folder.toString());
                object.put("model", reader.index().model());
                object.put("layers", shape.layerCount());
                object.put("experts", shape.expertCount());
                object.put("used", shape.usedCount());
                object.put("embedding", shape.embeddingLength());
                object.put("maps", reader.maps());
                object.put("bytes", reader.bytes());
                object.put("generation", reader.generation());
                object.put("conversations", contents.conversations.size());
                object.put("oldest_millis", contents.oldest);
                object.put("newest_millis", contents.newest);
                ArrayNode segments = object.putArray("segments");
                reader.segments().forEach(segment -> segments.addObject()
                        .put("name", segment.name())
                        .put("maps", segment.maps())
                        .put("replaced", segment.replaced()));
                ArrayNode fields = object.putArray("fields");
                reader.fields().forEach(field -> fields.addObject()
                        .put("name", field.name())
                        .put("kind", field.kind())
                        .put("dimensions", field.dimensions()));
                ArrayNode layers = object.putArray("mean_probabilities");
                for (int layer = 0; layer < shape.layerCount(); layer++) {
                    ArrayNode row = layers.addArray();
                    for (int expert = 0; expert < shape.expertCount(); expert++) {
                        row.add(contents.mean(layer, expert));
                    }
                }
                print(object);
                return ExitCode.FINE;
            }
            line("model", reader.index().model());
            line(
                    "maps",
                    reader.maps() + " of " + shape.layerCount() + " layers x " + shape.expertCount()
                            + " experts, embeddings of " + shape.embeddingLength());
            line("conversations", Integer.toString(contents.conversations.size()));
            if (reader.maps() > 0) {
                line("observed", time(contents.oldest) + " to " + time(contents.newest));
            }
            line("on disk", Sizes.bytes(reader.bytes()) + ", commit " + reader.generation());
            reader.segments()
                    .forEach(segment -> line(
                            "segment " + segment.name(),
                            segment.maps() + " maps, " + segment.replaced() + " replaced"));
            reader.fields()
                    .forEach(field -> line(
                            "field " + field.name(),
                            field.kind() + (field.dimensions() > 0 ? ", " + field.dimensions() + " dimensions" : "")));
            if (reader.maps() > 0) {
                streams.out()
                        .println("mean probability of each expert, a row a layer (of the lightest to the darkest):");
                heat(shape, contents);
            }
            return ExitCode.FINE;
        }
    }

    @Command(
            name = "fields",
            description = "The fields of the documents: kind, dimensions, number and bytes of vectors.")
    int fields(
            @Parameters(paramLabel = "DIR", description = "The folder of --index.") Path folder,
            @Option(names = "--json", fallbackValue = "true", description = "Write one JSON object.") boolean json)
            throws IOException {
        try (MapIndexReader reader = MapIndexReader.open(folder)) {
            ObjectNode object = JSON.createObjectNode();
            ArrayNode fields = object.putArray("fields");
            for (MapIndexReader.Field field : reader.fields()) {
                fields.addObject()
                        .put("name", field.name())
                        .put("kind", field.kind())
                        .put("dimensions", field.dimensions())
                        .put("vectors", field.vectors())
                        .put("mapped_bytes", field.mappedBytes());
                if (!json) {
                    line(
                            field.name(),
                            field.kind()
                                    + (field.dimensions() == 0
                                            ? ""
                                            : ", " + field.dimensions() + " dimensions, " + field.vectors()
                                                    + " vectors, " + Sizes.bytes(field.mappedBytes()) + " mapped"));
                }
            }
            if (json) {
                print(object);
            }
            return ExitCode.FINE;
        }
    }

    /** What all maps have together. */
    private static final class Contents {
        private final MapShape shape;
        private final double[] sums;
        private final Set<Long> conversations = new HashSet<>();
        private long oldest = Long.MAX_VALUE;
        private long newest = Long.MIN_VALUE;
        private int count;

        Contents(MapShape shape) {
            this.shape = shape;
            sums = new double[shape.probabilityCount()];
        }

        void add(StoredMap map) {
            count++;
            conversations.add(map.origin().conversation());
            oldest = Math.min(oldest, map.origin().epochMillis());
            newest = Math.max(newest, map.origin().epochMillis());
            for (int i = 0; i < sums.length; i++) {
                sums[i] += map.probabilities()[i];
            }
        }

        double mean(int layer, int expert) {
            return count == 0 ? 0 : sums[layer * shape.expertCount() + expert] / count;
        }
    }

    private void heat(MapShape shape, Contents contents) {
        List<String> rows =
                new ExpertHeatMap(shape.layerCount(), shape.expertCount(), COLUMNS_MAX).rows(contents::mean);
        for (int layer = 0; layer < rows.size(); layer++) {
            streams.out().printf(Locale.ROOT, "%4d |%s|%n", layer, rows.get(layer));
        }
    }

    @Command(name = "graph", description = "The graphs that searches walk: size, levels, neighbours, what they reach.")
    int graph(
            @Parameters(paramLabel = "DIR", description = "The folder of --index.") Path folder,
            @Option(names = "--json", fallbackValue = "true", description = "Write one JSON object.") boolean json)
            throws IOException {
        try (MapIndexReader reader = MapIndexReader.open(folder)) {
            ObjectNode object = JSON.createObjectNode();
            for (boolean trajectories : new boolean[] {true, false}) {
                String field = trajectories ? "trajectory" : "semantic";
                ArrayNode graphs = object.putArray(field);
                for (MapIndexReader.Graph graph : reader.graphs(trajectories)) {
                    graphs.addObject()
                            .put("segment", graph.segment())
                            .put("nodes", graph.nodes())
                            .put("levels", graph.levels())
                            .put("degree_least", graph.degreeLeast())
                            .put("degree_mean", graph.degreeMean())
                            .put("degree_most", graph.degreeMost())
                            .put("reachable", graph.reachable());
                    if (!json) {
                        line(
                                field + " " + graph.segment(),
                                String.format(
                                        Locale.ROOT,
                                        "%d nodes on %d levels, %d to %d neighbours (mean %.1f), %d reachable",
                                        graph.nodes(),
                                        graph.levels(),
                                        graph.degreeLeast(),
                                        graph.degreeMost(),
                                        graph.degreeMean(),
                                        graph.reachable()));
                    }
                }
                if (!json && graphs.isEmpty()) {
                    line(field, "no graph: so few maps are compared one by one");
                }
            }
            if (json) {
                print(object);
            }
            return ExitCode.FINE;
        }
    }

    @Command(name = "show", description = "A map: where it comes from, and the experts it prefers in each layer.")
    int show(
            @Parameters(paramLabel = "DIR", description = "The folder of --index.") Path folder,
            @Parameters(paramLabel = "ID", description = "The map's number.") long id,
            @Option(names = "--json", fallbackValue = "true", description = "Write one JSON object.") boolean json)
            throws IOException {
        try (MapIndexReader reader = MapIndexReader.open(folder)) {
            StoredMap map = reader.find(id)
                    .orElseThrow(() -> new CommandFailure(
                            "index " + folder + " has no map " + id + ": squall index export lists them"));
            MapShape shape = reader.index().shape();
            if (json) {
                print(IndexLine.json(map, reader.index()));
                return ExitCode.FINE;
            }
            MapOrigin origin = map.origin();
            line("map", Long.toString(map.id()));
            line(
                    "observed",
                    time(origin.epochMillis()) + ", " + origin.phase().name().toLowerCase(Locale.ROOT) + ", position "
                            + origin.position() + ", conversation " + origin.conversation());
            for (int layer = 0; layer < shape.layerCount(); layer++) {
                line("layer " + layer, preferred(map.probabilities(), shape, layer));
            }
            return ExitCode.FINE;
        }
    }

    /** The likeliest experts of a layer, likeliest first. */
    private static String preferred(float[] probabilities, MapShape shape, int layer) {
        int from = layer * shape.expertCount();
        List<Integer> experts = new ArrayList<>();
        for (int expert = 0; expert < shape.expertCount(); expert++) {
            experts.add(expert);
        }
        experts.sort((a, b) -> Float.compare(probabilities[from + b], probabilities[from + a]));
        StringBuilder text = new StringBuilder();
        for (int expert : experts.subList(0, Math.min(experts.size(), Math.max(4, shape.usedCount())))) {
            text.append(String.format(Locale.ROOT, "%d (%.0f %%)  ", expert, 100 * probabilities[from + expert]));
        }
        return text.toString().strip();
    }

    @Command(
            name = "recall",
            description = "Searches for stored maps by their first layers, and compares with comparing them all.")
    int recall(
            @Parameters(paramLabel = "DIR", description = "The folder of --index.") Path folder,
            @Option(
                            names = "--queries",
                            paramLabel = "N",
                            defaultValue = "200",
                            description = "Maps that are searched for. Default: 200.")
                    int queries,
            @Option(
                            names = "--candidates",
                            paramLabel = "N",
                            defaultValue = "32",
                            description = "Maps that each graph is asked for. Default: 32, as in a chat.")
                    int candidates,
            @Option(names = "--json", fallbackValue = "true", description = "Write one JSON object.") boolean json)
            throws IOException {
        if (queries < 1 || candidates < 1) {
            throw new CommandFailure(
                    "--queries " + queries + " and --candidates " + candidates + ": expected 1 or more of each");
        }
        try (MapIndexReader reader = MapIndexReader.open(folder)) {
            IndexRecall measured = new IndexRecall(reader, queries, candidates);
            ObjectNode object = JSON.createObjectNode();
            ArrayNode rows = object.putArray("recall");
            for (IndexRecall.Row row : measured.rows()) {
                rows.addObject()
                        .put("layers", row.layers())
                        .put("recall_at_1", row.recall())
                        .put("less_similar", row.lessSimilar())
                        .put("search_micros", row.searchMicros());
                if (!json) {
                    line(
                            row.layers() + " of " + reader.index().shape().layerCount() + " layers",
                            String.format(
                                    Locale.ROOT,
                                    "recall@1 %.1f %%, %.4f less similar on average, %.0f us a search",
                                    100 * row.recall(),
                                    row.lessSimilar(),
                                    row.searchMicros()));
                }
            }
            if (json) {
                print(object);
            }
            return ExitCode.FINE;
        }
    }

    @Command(name = "check", description = "Reads everything and tells what is damaged. Exit code 1 if anything is.")
    int check(
            @Parameters(paramLabel = "DIR", description = "The folder of --index.") Path folder,
            @Option(names = "--json", fallbackValue = "true", description = "Write one JSON object.") boolean json)
            throws IOException {
        List<String> wrong = MapIndexReader.check(folder);
        if (json) {
            ObjectNode object = JSON.createObjectNode();
            ArrayNode problems = object.putArray("problems");
            wrong.forEach(problems::add);
            print(object);
        } else if (wrong.isEmpty()) {
            streams.out().println("nothing is damaged");
        } else {
            wrong.forEach(problem -> streams.out().println(problem));
            streams.out()
                    .println(
                            "There is no repair: delete the folder and let a chat learn anew, or put a copy in its place.");
        }
        return wrong.isEmpty() ? ExitCode.FINE : ExitCode.FAILED;
    }

    @Command(name = "export", description = "Every map as a line of JSON: number, origin, probabilities, embedding.")
    int export(@Parameters(paramLabel = "DIR", description = "The folder of --index.") Path folder) throws IOException {
        try (MapIndexReader reader = MapIndexReader.open(folder)) {
            reader.forEach(map -> {
                try {
                    print(IndexLine.json(map, reader.index()));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            return ExitCode.FINE;
        }
    }

    private void print(ObjectNode object) throws IOException {
        streams.out().println(JSON.writeValueAsString(object));
    }

    private void line(String name, String text) {
        streams.out().printf(Locale.ROOT, "%-18s %s%n", name, text);
    }

    private static String time(long epochMillis) {
        return Instant.ofEpochMilli(epochMillis).truncatedTo(ChronoUnit.SECONDS).toString();
    }

    /** What a search finds, for those who compare. */
    static float best(MapMatches matches) {
        return matches.count() == 0 ? -1 : matches.score(0);
    }
}
