package dev.squall.cli.index;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.squall.cli.file.TextInput;
import dev.squall.cli.loading.DemoModel;
import dev.squall.cli.option.CommonOptions;
import dev.squall.cli.option.Version;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Environment;
import dev.squall.cli.process.ExitCode;
import dev.squall.cli.process.Home;
import dev.squall.cli.process.Streams;
import dev.squall.generate.Cancellation;
import dev.squall.generate.Conversation;
import dev.squall.generate.LanguageModel;
import dev.squall.generate.Session;
import dev.squall.generate.TokenListener;
import dev.squall.index.MapIndexReader;
import dev.squall.index.StoredMap;
import dev.squall.predict.ExpertMap;
import dev.squall.predict.MapMatches;
import dev.squall.predict.MapShape;
import dev.squall.predict.Phase;
import dev.squall.predict.RoutingTrace;
import dev.squall.sampling.SamplingOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int CANDIDATES = 32;

    /** A trajectory as similar as that is the same one. */
    private static final float THIS_TEXT = 0.9995f;

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
            description = "Tokens of the answer, each a pass that is compared. Default: 16.")
    private int tokens;

    @Option(names = "--map", paramLabel = "ID", description = "A stored map instead of a prompt.")
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

    /** By layer of the index, the experts that its maps prefer. */
    private List<List<Integer>> preferred = List.of();

    /** Layers of the index that are those of the pass before. */
    private int layersBefore;

    IndexQueryCommand(Streams streams, Environment environment) {
        this.streams = streams;
        this.environment = environment;
    }

    /**
     * A pass to compare with the maps.
     *
     * @param probabilities of the index's own shape
     * @param used by layer of the index, which experts
     */
    private record Asked(float[] embedding, float[] probabilities, boolean[][] used) {}

    /** What was predicted for one layer, over all the passes. */
    private static final class Layer {
        private long used;
        private long found;
        private long foundByPreference;
        private List<Integer> lastPredicted = List.of();
        private List<Integer> lastUsed = List.of();
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
                throw new CommandFailure("index " + folder + " has no maps yet: squall chat --index fills it");
            }
            int layerCount = reader.index().shape().layerCount();
            if (distance >= layerCount) {
                throw CommandFailure.ofUsage("--distance " + distance + ": expected less than the " + layerCount
                        + " layers of index " + folder);
            }
            List<Asked> asked = asked(reader);
            preferred = preferred(reader);
            List<Layer> layers = new ArrayList<>();
            for (int layer = distance; layer < reader.index().shape().layerCount(); layer++) {
                layers.add(new Layer());
            }
            for (Asked pass : asked) {
                predict(reader, pass, layers);
            }
            Asked last = asked.getLast();
            MapMatches semantic = reader.nearestByEmbedding(last.embedding(), neighbours, CANDIDATES);
            MapMatches whole = reader.nearestByTrajectory(
                    last.probabilities(), reader.index().shape().layerCount(), neighbours, CANDIDATES);
            if (json) {
                printJson(reader, asked.size(), semantic, whole, layers);
            } else {
                printText(reader, asked.size(), semantic, whole, layers);
            }
        }
        return ExitCode.FINE;
    }

    private List<Asked> asked(MapIndexReader reader) throws IOException {
        MapShape shape = reader.index().shape();
        if (map != null) {
            long id = map;
            return List.of(reader.find(id)
                    .map(stored -> asked(stored.embedding(), stored.probabilities(), shape))
                    .orElseThrow(() -> new CommandFailure(
                            "index " + folder + " has no map " + id + ": squall index export lists them")));
        }
        if (vector != null) {
            IndexLine line = IndexLine.parse(TextInput.read(vector), vector.toString());
            if (!line.index().shape().equals(shape)) {
                throw new CommandFailure(
                        vector + " has " + line.index().shape() + ", expected that of " + folder + ", " + shape);
            }
            ExpertMap asked = line.map().unpacked();
            return List.of(asked(asked.embedding(), asked.probabilities(), shape));
        }
        return ofPrompt(shape);
    }

    /** A map without a record of what was used: its likeliest experts. */
    private static Asked asked(float[] embedding, float[] probabilities, MapShape shape) {
        boolean[][] used = new boolean[shape.layerCount()][shape.expertCount()];
        for (int layer = 0; layer < used.length; layer++) {
            for (int expert : likeliest(probabilities, layer * shape.expertCount(), shape)) {
                used[layer][expert] = true;
            }
        }
        return new Asked(embedding, probabilities, used);
    }

    /** What somebody would guess who knows the maps but not the prompt. */
    private static List<List<Integer>> preferred(MapIndexReader reader) throws IOException {
        MapShape shape = reader.index().shape();
        float[] sums = new float[shape.probabilityCount()];
        reader.forEachBatch(
                maps -> {
                    float[] some = new float[sums.length];
                    for (StoredMap stored : maps) {
                        for (int i = 0; i < some.length; i++) {
                            some[i] += stored.probabilities()[i];
                        }
                    }
                    return some;
                },
                some -> {
                    for (int i = 0; i < sums.length; i++) {
                        sums[i] += some[i];
                    }
                });
        List<List<Integer>> preferred = new ArrayList<>();
        for (int layer = 0; layer < shape.layerCount(); layer++) {
            preferred.add(likeliest(sums, layer * shape.expertCount(), shape));
        }
        return preferred;
    }

    private static List<Integer> likeliest(float[] probabilities, int from, MapShape shape) {
        List<Integer> experts = new ArrayList<>();
        for (int expert = 0; expert < shape.expertCount(); expert++) {
            experts.add(expert);
        }
        experts.sort((a, b) -> Float.compare(probabilities[from + b], probabilities[from + a]));
        return experts.subList(0, shape.usedCount());
    }

    /** Lets the model answer and takes the passes of single tokens from a trace of it. */
    private List<Asked> ofPrompt(MapShape shape) throws IOException {
        Path file = model != null ? model : DemoModel.locate(Home.cache(environment), streams.err());
        Path traceFile = Files.createTempFile("squall-query", ".trace");
        try {
            try (LanguageModel loaded =
                    LanguageModel.builder(file).traceOut(traceFile).load()) {
                answer(loaded);
            }
            RoutingTrace trace = RoutingTrace.read(traceFile);
            MapShape observed = trace.shape();
            int passesOfMap = shape.layerCount() / observed.layerCount();
            if (observed.expertCount() != shape.expertCount()
                    || observed.embeddingLength() != shape.embeddingLength()
                    || passesOfMap * observed.layerCount() != shape.layerCount()
                    || passesOfMap > 2) {
                throw new CommandFailure("index " + folder + " is of " + shape + ", but " + file + " has " + observed
                        + ": give the model that it was learnt with");
            }
            layersBefore = (passesOfMap - 1) * observed.layerCount();
            List<Asked> asked = passes(trace, passesOfMap, shape);
            if (asked.isEmpty()) {
                throw new CommandFailure("the answer ended at its first token, so no pass of one token can be compared:"
                        + " ask something else");
            }
            return asked;
        } finally {
            Files.delete(traceFile);
        }
    }

    private void answer(LanguageModel loaded) {
        try (Session session = loaded.newSession()) {
            Conversation conversation = new Conversation(
                    session,
                    loaded.tokenizer(),
                    loaded.chatTemplate()
                            .orElseThrow(
                                    () -> new CommandFailure("the model has no chat template, which query needs")));
            conversation.reply(
                    String.valueOf(prompt),
                    new Conversation.ReplyOptions(tokens, SamplingOptions.greedy(), -1, new Cancellation()),
                    TokenListener.NONE);
        }
    }

    /** The decoding passes; a map of two passes begins with the one before. */
    private static List<Asked> passes(RoutingTrace trace, int passesOfMap, MapShape shape) {
        List<Asked> asked = new ArrayList<>();
        int n = shape.expertCount();
        int layers = trace.shape().layerCount();
        for (int i = 1; i < trace.passes().size(); i++) {
            RoutingTrace.Pass pass = trace.passes().get(i);
            if (pass.phase() != Phase.DECODE) {
                continue;
            }
            float[] probabilities = new float[shape.probabilityCount()];
            boolean[][] used = new boolean[shape.layerCount()][n];
            for (int part = 0; part < passesOfMap; part++) {
                RoutingTrace.Pass source = trace.passes().get(i - passesOfMap + 1 + part);
                int lastRow = source.positions().length - 1;
                for (int layer = 0; layer < layers; layer++) {
                    RoutingTrace.Layer observed = source.layers().get(layer);
                    int at = part * layers + layer;
                    System.arraycopy(observed.probabilities(), lastRow * n, probabilities, at * n, n);
                    for (int expert = 0; expert < n; expert++) {
                        used[at][expert] = part == passesOfMap - 1 && observed.counts()[expert] > 0;
                    }
                }
            }
            asked.add(new Asked(pass.embeddings(), probabilities, used));
        }
        return asked;
    }

    /** For each layer the best map by the layers so far, as a running policy would look for it. */
    private void predict(MapIndexReader reader, Asked pass, List<Layer> layers) throws IOException {
        MapShape shape = reader.index().shape();
        float[] row = new float[shape.expertCount()];
        for (int layer = distance; layer < shape.layerCount(); layer++) {
            Layer result = layers.get(layer - distance);
            List<Integer> used = new ArrayList<>();
            for (int expert = 0; expert < row.length; expert++) {
                if (pass.used()[layer][expert]) {
                    used.add(expert);
                }
            }
            MapMatches matches = reader.nearestByTrajectory(
                    pass.probabilities(), layer - distance + 1, map == null ? 1 : 2, CANDIDATES);
            int best = map != null && matches.count() > 0 && reader.id(matches, 0) == map ? 1 : 0;
            List<Integer> predicted = List.of();
            if (matches.count() > best) {
                matches.probabilities(best, layer, row, 0);
                predicted = likeliest(row, 0, shape);
            }
            result.used += used.size();
            result.found += used.stream().filter(predicted::contains).count();
            result.foundByPreference +=
                    used.stream().filter(preferred.get(layer)::contains).count();
            result.lastPredicted = predicted;
            result.lastUsed = used;
        }
    }

    private void printText(
            MapIndexReader reader, int passes, MapMatches semantic, MapMatches whole, List<Layer> layers) {
        IndexOutput output = IndexOutput.of(streams, environment, common.color);
        MapShape shape = reader.index().shape();
        boolean isPrompt = prompt != null;
        output.text(
                isPrompt
                        ? passes + (passes == 1 ? " pass" : " passes") + " of one token. Of " + reader.maps()
                                + " maps, those most similar to the last one:"
                        : "of " + reader.maps() + " maps, those most similar to this one:");
        list("by embedding", reader, semantic);
        list("by trajectory", reader, whole);
        output.text(
                "embedding: the same token has the same, whatever the text; trajectory: the mean cosine of the layers");
        if (isPrompt && whole.count() > 0 && whole.score(0) > THIS_TEXT) {
            output.text("this very text has been learnt: to judge the predictor, ask something that has not");
        }
        streams.out().println();
        output.text("layer: experts predicted " + distance + (distance == 1 ? " layer" : " layers")
                + " before, by the map most similar so far -> "
                + (isPrompt
                        ? "those used in the last pass; of those used in all passes, so many had been predicted"
                        : "the likeliest of this map"));
        long used = 0;
        long found = 0;
        long byPreference = 0;
        for (int i = 0; i < layers.size(); i++) {
            Layer layer = layers.get(i);
            if (layer.used == 0) {
                continue;
            }
            used += layer.used;
            found += layer.found;
            byPreference += layer.foundByPreference;
            streams.out()
                    .printf(
                            Locale.ROOT,
                            "%5d  %s -> %s  %.0f %%%n",
                            distance + i - layersBefore,
                            layer.lastPredicted,
                            layer.lastUsed,
                            100.0 * layer.found / layer.used);
        }
        if (used > 0) {
            String verdict = found > byPreference
                    ? "so the maps tell more than that here"
                    : "so the maps tell no more than that here: more conversations like this one may help";
            output.text(String.format(
                    Locale.ROOT,
                    "in all %.1f %% of %d used experts. Always the %d that the maps prefer in a layer: %.1f %%; any %d of"
                            + " %d: %.1f %%; %s",
                    100.0 * found / used,
                    used,
                    shape.usedCount(),
                    100.0 * byPreference / used,
                    shape.usedCount(),
                    shape.expertCount(),
                    100.0 * shape.usedCount() / shape.expertCount(),
                    verdict));
        }
    }

    private void list(String name, MapIndexReader reader, MapMatches matches) {
        for (int i = 0; i < matches.count(); i++) {
            streams.out()
                    .printf(
                            Locale.ROOT,
                            "  %-13s map %-8d %.4f  conversation %d, position %d%n",
                            i == 0 ? name : "",
                            reader.id(matches, i),
                            // Halves may be a little longer than the unit.
                            Math.min(1, matches.score(i)),
                            matches.origin(i).conversation(),
                            matches.origin(i).position());
        }
    }

    private void printJson(MapIndexReader reader, int passes, MapMatches semantic, MapMatches whole, List<Layer> layers)
            throws IOException {
        ObjectNode object = JSON.createObjectNode();
        object.put("passes", passes);
        put(object.putArray("by_embedding"), reader, semantic);
        put(object.putArray("by_trajectory"), reader, whole);
        ArrayNode rows = object.putArray("layers");
        for (int i = 0; i < layers.size(); i++) {
            Layer layer = layers.get(i);
            ObjectNode row = rows.addObject()
                    .put("layer", distance + i)
                    .put("used_experts", layer.used)
                    .put("found", layer.found)
                    .put("found_by_preference", layer.foundByPreference);
            layer.lastPredicted.forEach(row.putArray("predicted")::add);
            layer.lastUsed.forEach(row.putArray("used")::add);
        }
        streams.out().println(JSON.writeValueAsString(object));
    }

    private static void put(ArrayNode array, MapIndexReader reader, MapMatches matches) {
        for (int i = 0; i < matches.count(); i++) {
            array.addObject()
                    .put("id", reader.id(matches, i))
                    .put("score", matches.score(i))
                    .put("conversation", matches.origin(i).conversation())
                    .put("position", matches.origin(i).position());
        }
    }
}
