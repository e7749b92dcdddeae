package dev.squall.cli.index;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.squall.cli.option.CommonOptions;
import dev.squall.cli.option.Version;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Environment;
import dev.squall.cli.process.ExitCode;
import dev.squall.cli.process.Streams;
import dev.squall.index.MapIndexReader;
import dev.squall.index.StoredMap;
import dev.squall.predict.MapShape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code squall index diff}. */
@Command(
        name = "diff",
        versionProvider = Version.class,
        description = "What two indexes of one model hold in common, and how differently their maps use the experts.",
        sortOptions = false)
final class IndexDiffCommand implements Callable<Integer> {
    private final Streams streams;
    private final Environment environment;

    @Parameters(index = "0", paramLabel = "DIR", description = "An index.")
    private Path first = Path.of("");

    @Parameters(index = "1", paramLabel = "DIR", description = "Another one.")
    private Path second = Path.of("");

    @Option(names = "--json", fallbackValue = "true", description = "Write one JSON object.")
    private boolean json;

    /** What an index holds. */
    private static final class Side {
        private final MapShape shape;
        /** Equal maps have equal ones, whatever their numbers; different ones next to never. */
        private final Set<Long> contents = new HashSet<>();

        private final Set<Long> conversations = new HashSet<>();
        private final double[] sums;
        private int maps;

        Side(MapIndexReader reader) throws IOException {
            shape = reader.index().shape();
            sums = new double[shape.probabilityCount()];
            reader.forEach(this::add);
        }

        private void add(StoredMap map) {
            maps++;
            conversations.add(map.origin().conversation());
            contents.add(((long) Arrays.hashCode(map.probabilities()) << 32)
                    ^ (Arrays.hashCode(map.embedding()) & 0xFFFFFFFFL));
            for (int i = 0; i < sums.length; i++) {
                sums[i] += map.probabilities()[i];
            }
        }

        double mean(int layer, int expert) {
            return maps == 0 ? 0 : sums[layer * shape.expertCount() + expert] / maps;
        }

        int notIn(Side other) {
            return (int) contents.stream()
                    .filter(content -> !other.contents.contains(content))
                    .count();
        }
    }

    @Mixin
    private CommonOptions common = new CommonOptions();

    IndexDiffCommand(Streams streams, Environment environment) {
        this.streams = streams;
        this.environment = environment;
    }

    @Override
    public Integer call() throws IOException {
        try (MapIndexReader a = MapIndexReader.open(first);
                MapIndexReader b = MapIndexReader.open(second)) {
            if (!a.index().equals(b.index())) {
                throw new CommandFailure(
                        "index " + second + " is of model " + b.index().model() + " and "
                                + b.index().shape() + ", expected those of " + first + ", "
                                + a.index().model() + " and " + a.index().shape());
            }
            print(new Side(a), new Side(b));
        }
        return ExitCode.FINE;
    }

    private void print(Side a, Side b) throws IOException {
        IndexOutput output = IndexOutput.of(streams, environment, common.color);
        ObjectNode object = IndexOutput.object();
        object.put("first_maps", a.maps).put("second_maps", b.maps);
        object.put("first_conversations", a.conversations.size()).put("second_conversations", b.conversations.size());
        object.put("only_in_first", a.notIn(b)).put("only_in_second", b.notIn(a));
        ArrayNode layers = object.putArray("layers");
        if (!json) {
            String name = String.valueOf(first.getFileName());
            String columns = "%-" + Math.max(12, name.length()) + "s  %s";
            output.line("", columns.formatted(name, second.getFileName()));
            output.line("maps", columns.formatted(a.maps, b.maps));
            output.line("conversations", columns.formatted(a.conversations.size(), b.conversations.size()));
            output.line("only there", columns.formatted(a.notIn(b), b.notIn(a)));
            output.text("how far apart the mean distributions are (0 to 1), and which expert differs most:");
        }
        for (int layer = 0; layer < a.shape.layerCount(); layer++) {
            double distance = 0;
            int most = 0;
            for (int expert = 0; expert < a.shape.expertCount(); expert++) {
                distance += Math.abs(a.mean(layer, expert) - b.mean(layer, expert)) / 2;
                if (Math.abs(a.mean(layer, expert) - b.mean(layer, expert))
                        > Math.abs(a.mean(layer, most) - b.mean(layer, most))) {
                    most = expert;
                }
            }
            layers.addObject()
                    .put("layer", layer)
                    .put("distance", distance)
                    .put("expert", most)
                    .put("first", a.mean(layer, most))
                    .put("second", b.mean(layer, most));
            if (!json) {
                output.line(
                        "layer " + layer,
                        distance == 0
                                ? "the same"
                                : String.format(
                                        Locale.ROOT,
                                        "%.4f   expert %d: %.1f %% and %.1f %%",
                                        distance,
                                        most,
                                        100 * a.mean(layer, most),
                                        100 * b.mean(layer, most)));
            }
        }
        if (json) {
            output.json(object);
        }
    }
}
