package dev.squall.cli.index;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.squall.cli.option.CommonOptions;
import dev.squall.cli.option.Version;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Environment;
import dev.squall.cli.process.ExitCode;
import dev.squall.cli.process.Streams;
import dev.squall.cli.terminal.TextTable;
import dev.squall.index.MapIndexReader;
import dev.squall.index.StoredMap;
import dev.squall.predict.MapShape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
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
                throw new CommandFailure("index " + second + " is of model "
                        + b.index().model() + " and " + b.index().shape() + ", expected those of " + first + ", "
                        + a.index().model() + " and " + a.index().shape()
                        + (a.index().model().equals(b.index().model())
                                ? ": another policy learnt it; name two of one policy"
                                : ": name two of one model"));
            }
            print(new Side(a), new Side(b), layers(a, b));
        }
        return ExitCode.FINE;
    }

    /** An index of no maps does not tell how many passes a map has. */
    private static MapLayers layers(MapIndexReader a, MapIndexReader b) throws IOException {
        MapLayers first = MapLayers.of(a);
        return first.passes() > 1 ? first : MapLayers.of(b);
    }

    /**
     * How differently two indexes use the experts of a row of their maps.
     *
     * @param distance half the sum of the differences of the mean probabilities
     * @param expert that differs most
     * @param first its mean probability in the first index
     * @param second in the second
     */
    private record Apart(int row, double distance, int expert, double first, double second) {
        static Apart of(int row, Side a, Side b) {
            double distance = 0;
            int most = 0;
            for (int expert = 0; expert < a.shape.expertCount(); expert++) {
                double difference = Math.abs(a.mean(row, expert) - b.mean(row, expert));
                distance += difference / 2;
                if (difference > Math.abs(a.mean(row, most) - b.mean(row, most))) {
                    most = expert;
                }
            }
            return new Apart(row, distance, most, a.mean(row, most), b.mean(row, most));
        }
    }

    private void print(Side a, Side b, MapLayers layers) throws IOException {
        IndexOutput output = IndexOutput.of(streams, environment, common.color);
        List<Apart> rows = new ArrayList<>();
        // Nothing is apart from no maps.
        for (int row = 0; row < a.shape.layerCount() && a.maps > 0 && b.maps > 0; row++) {
            rows.add(Apart.of(row, a, b));
        }
        if (json) {
            output.json(json(a, b, layers, rows));
            return;
        }
        String ofFirst = name(first, second);
        String ofSecond = name(second, first);
        String columns = "%-" + Math.max(12, ofFirst.length()) + "s  %s";
        output.line("", columns.formatted(ofFirst, ofSecond));
        output.line("maps", columns.formatted(a.maps, b.maps));
        output.line("conversations", columns.formatted(a.conversations.size(), b.conversations.size()));
        output.line("maps only in it", columns.formatted(a.notIn(b), b.notIn(a)));
        layers.note().forEach(note -> output.line("layers", note));
        if (!rows.isEmpty()) {
            printApart(output, layers, rows, ofFirst, ofSecond);
        }
    }

    private static void printApart(
            IndexOutput output, MapLayers layers, List<Apart> rows, String ofFirst, String ofSecond) {
        TextTable table = new TextTable()
                .text("layer")
                .number("apart")
                .number("most: expert")
                .number(ofFirst)
                .number(ofSecond);
        for (Apart row : rows) {
            boolean isSame = row.distance() == 0;
            table.row(
                    layers.name(row.row()),
                    String.format(Locale.ROOT, "%.4f", row.distance()),
                    isSame ? "" : Integer.toString(row.expert()),
                    isSame ? "" : percent(row.first()),
                    isSame ? "" : percent(row.second()));
        }
        output.out().println();
        output.table(table);
        output.text("apart: half the sum of the differences of the mean probabilities, 0 for the same, 1 for other"
                + " experts altogether; most: the expert that differs most, and its mean probability in each");
    }

    private static ObjectNode json(Side a, Side b, MapLayers layers, List<Apart> rows) {
        ObjectNode object = IndexOutput.object();
        object.put("first_maps", a.maps).put("second_maps", b.maps);
        object.put("first_conversations", a.conversations.size()).put("second_conversations", b.conversations.size());
        object.put("only_in_first", a.notIn(b)).put("only_in_second", b.notIn(a));
        ArrayNode array = object.putArray("layers");
        for (Apart row : rows) {
            ObjectNode node = array.addObject();
            layers.put(node, row.row());
            node.put("distance", row.distance())
                    .put("expert", row.expert())
                    .put("first", row.first())
                    .put("second", row.second());
        }
        return object;
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }

    /** What a folder is called; all of its path where the other one is called the same. */
    private static String name(Path folder, Path other) {
        Path name = folder.getFileName();
        return name == null || name.equals(other.getFileName()) ? folder.toString() : name.toString();
    }
}
