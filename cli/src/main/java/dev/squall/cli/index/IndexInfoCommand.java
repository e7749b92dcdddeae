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
import dev.squall.cli.process.Environment;
import dev.squall.cli.process.ExitCode;
import dev.squall.cli.process.Streams;
import dev.squall.index.MapIndexReader;
import dev.squall.index.StoredMap;
import dev.squall.predict.MapShape;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code squall index info}. */
@Command(
        name = "info",
        versionProvider = Version.class,
        description = "What the index is of, how much it holds, and which experts its maps prefer.",
        sortOptions = false)
final class IndexInfoCommand implements Callable<Integer> {
    private final Streams streams;
    private final Environment environment;

    @Parameters(paramLabel = "DIR", description = "The folder of --index.")
    private Path folder = Path.of("");

    @Option(names = "--json", fallbackValue = "true", description = "Write one JSON object.")
    private boolean json;

    @Option(names = "--html", paramLabel = "FILE", description = "Write a page with a heat map to this file, too.")
    private @Nullable Path html;

    @Mixin
    private CommonOptions common = new CommonOptions();

    IndexInfoCommand(Streams streams, Environment environment) {
        this.streams = streams;
        this.environment = environment;
    }

    /** What all maps have together. */
    private static final class Contents {
        private final double[][] sums;
        private final Set<Long> conversations = new HashSet<>();
        private long oldest = Long.MAX_VALUE;
        private long newest = Long.MIN_VALUE;
        private long firstNumber = Long.MAX_VALUE;
        private long lastNumber = Long.MIN_VALUE;
        private int count;

        Contents(MapShape shape) {
            sums = new double[shape.layerCount()][shape.expertCount()];
        }

        void add(StoredMap map) {
            count++;
            firstNumber = Math.min(firstNumber, map.id());
            lastNumber = Math.max(lastNumber, map.id());
            conversations.add(map.origin().conversation());
            oldest = Math.min(oldest, map.origin().epochMillis());
            newest = Math.max(newest, map.origin().epochMillis());
            int at = 0;
            for (double[] row : sums) {
                for (int expert = 0; expert < row.length; expert++) {
                    row[expert] += map.probabilities()[at++];
                }
            }
        }

        double[][] means() {
            double[][] means = new double[sums.length][sums[0].length];
            for (int layer = 0; layer < means.length; layer++) {
                for (int expert = 0; expert < means[layer].length; expert++) {
                    means[layer][expert] = count == 0 ? 0 : sums[layer][expert] / count;
                }
            }
            return means;
        }

        double[][] percent() {
            double[][] percent = means();
            for (double[] row : percent) {
                for (int expert = 0; expert < row.length; expert++) {
                    row[expert] *= 100;
                }
            }
            return percent;
        }
    }

    @Override
    public Integer call() throws IOException {
        IndexOutput output = IndexOutput.of(streams, environment, common.color);
        new DistinctFiles().replaces("--html", OutputKind.PAGE, html);
        try (MapIndexReader reader = MapIndexReader.open(folder)) {
            Contents contents = new Contents(reader.index().shape());
            reader.forEach(contents::add);
            MapLayers layers = MapLayers.of(reader);
            List<List<String>> facts = facts(reader, contents, layers);
            if (json) {
                output.json(json(reader, contents, layers));
            } else {
                facts.forEach(fact -> output.line(fact.get(0), fact.get(1)));
                if (contents.count > 0) {
                    output.heatMap("mean probability of each expert, a row a layer", contents.percent(), layers);
                }
            }
            if (html != null) {
                page(facts, contents, layers).write(html);
            }
        }
        return ExitCode.FINE;
    }

    private static List<List<String>> facts(MapIndexReader reader, Contents contents, MapLayers layers)
            throws IOException {
        MapShape shape = reader.index().shape();
        List<List<String>> facts = new ArrayList<>();
        facts.add(List.of("model", reader.index().model()));
        facts.add(List.of(
                "maps",
                String.format(Locale.ROOT, "%,d of ", reader.maps())
                        // How many passes they are of, only maps tell.
                        + (contents.count == 0
                                ? shape.layerCount() + " x " + shape.expertCount() + " probabilities"
                                : layers.shape(shape.expertCount()))
                        + ", embeddings of " + shape.embeddingLength()));
        layers.note().forEach(note -> facts.add(List.of("", note)));
        facts.add(List.of("conversations", Integer.toString(contents.conversations.size())));
        if (contents.count > 0) {
            facts.add(List.of("numbered", contents.firstNumber + " to " + contents.lastNumber));
            facts.add(List.of("observed", time(contents.oldest) + " to " + time(contents.newest)));
        }
        facts.add(List.of("on disk", Sizes.bytes(reader.bytes()) + ", the files of commit " + reader.commitFile()));
        reader.segments()
                .forEach(segment -> facts.add(List.of(
                        "segment " + segment.name(),
                        String.format(Locale.ROOT, "%,d maps, %,d replaced", segment.maps(), segment.replaced())
                                + (segment.lacksGraph() ? ", graphs yet to be made" : ""))));
        List<String> others = new ArrayList<>();
        for (MapIndexReader.Field field : reader.fields()) {
            if (field.dimensions() > 0) {
                facts.add(List.of("field " + field.name(), field.kind() + ", " + field.dimensions() + " dimensions"));
            } else {
                others.add(field.name());
            }
        }
        if (!others.isEmpty()) {
            facts.add(List.of("other fields", String.join(", ", others)));
        }
        return facts;
    }

    private ObjectNode json(MapIndexReader reader, Contents contents, MapLayers layers) throws IOException {
        MapShape shape = reader.index().shape();
        ObjectNode object = IndexOutput.object();
        object.put("folder", folder.toString());
        object.put("model", reader.index().model());
        object.put("rows", shape.layerCount());
        object.put("passes", contents.count == 0 ? null : layers.passes());
        object.put("layers", contents.count == 0 ? null : layers.layerCount());
        object.put("experts", shape.expertCount());
        object.put("used", shape.usedCount());
        object.put("embedding", shape.embeddingLength());
        object.put("maps", reader.maps());
        object.put("bytes", reader.bytes());
        object.put("generation", reader.generation());
        object.put("conversations", contents.conversations.size());
        object.put("first_id", contents.count == 0 ? null : contents.firstNumber);
        object.put("last_id", contents.count == 0 ? null : contents.lastNumber);
        object.put("oldest_millis", contents.count == 0 ? null : contents.oldest);
        object.put("newest_millis", contents.count == 0 ? null : contents.newest);
        ArrayNode segments = object.putArray("segments");
        reader.segments().forEach(segment -> segments.addObject()
                .put("name", segment.name())
                .put("maps", segment.maps())
                .put("replaced", segment.replaced())
                .put("lacks_graph", segment.lacksGraph()));
        ArrayNode fields = object.putArray("fields");
        reader.fields().forEach(field -> fields.addObject()
                .put("name", field.name())
                .put("kind", field.kind())
                .put("dimensions", field.dimensions()));
        IndexOutput.put(object, "mean_probabilities", contents.means());
        return object;
    }

    private HtmlPage page(List<List<String>> facts, Contents contents, MapLayers layers) {
        HtmlPage page = new HtmlPage("Index " + folder).facts(facts);
        if (contents.count > 0) {
            page.figure(new HeatMapPlot(
                    "Mean probability of each expert", "layer", "expert", contents.percent(), "%", layers.bands()));
        }
        return page;
    }

    static String time(long epochMillis) {
        return Instant.ofEpochMilli(epochMillis).truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
