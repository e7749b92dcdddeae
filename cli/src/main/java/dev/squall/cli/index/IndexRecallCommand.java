package dev.squall.cli.index;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.squall.cli.file.DistinctFiles;
import dev.squall.cli.file.OutputKind;
import dev.squall.cli.option.CommonOptions;
import dev.squall.cli.option.Version;
import dev.squall.cli.plot.HtmlPage;
import dev.squall.cli.plot.LinePlot;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Environment;
import dev.squall.cli.process.ExitCode;
import dev.squall.cli.process.Streams;
import dev.squall.cli.terminal.ProgressLine;
import dev.squall.cli.terminal.TextTable;
import dev.squall.index.MapIndexReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import me.tongfei.progressbar.ProgressBar;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code squall index recall}. */
@Command(
        name = "recall",
        versionProvider = Version.class,
        description = "Searches for stored maps by their first layers, and compares with comparing them all.",
        sortOptions = false)
final class IndexRecallCommand implements Callable<Integer> {
    private static final String NO_GRAPH =
            "no segment has a graph, so searches compare all maps one by one and find what there is";

    private final Streams streams;
    private final Environment environment;

    @Parameters(paramLabel = "DIR", description = "The folder of --index.")
    private Path folder = Path.of("");

    @Option(
            names = "--queries",
            paramLabel = "N",
            defaultValue = "200",
            description = "Maps that are searched for. Default: 200.")
    private int queries;

    @Option(
            names = "--candidates",
            paramLabel = "N",
            split = ",",
            defaultValue = "8,32,128",
            description = "Maps that the graphs are asked for, each for its share, one or several numbers. "
                    + "Default: 8,32,128; a chat's is 32.")
    private List<Integer> candidates = new ArrayList<>();

    @Option(
            names = "-k",
            paramLabel = "N",
            split = ",",
            defaultValue = "1,10",
            description = "Most similar maps that are wanted, one or several numbers. Default: 1,10.")
    private List<Integer> ks = new ArrayList<>();

    @Option(names = "--json", fallbackValue = "true", description = "Write one JSON object.")
    private boolean json;

    @Option(names = "--html", paramLabel = "FILE", description = "Write a page with curves to this file, too.")
    private @Nullable Path html;

    @Mixin
    private CommonOptions common = new CommonOptions();

    IndexRecallCommand(Streams streams, Environment environment) {
        this.streams = streams;
        this.environment = environment;
    }

    @Override
    public Integer call() throws IOException {
        if (queries < 1 || isWrong(candidates) || isWrong(ks)) {
            throw CommandFailure.ofUsage("--queries " + queries + ", --candidates " + candidates + ", -k " + ks
                    + ": expected 1 or more of each, and at most " + LinePlot.LINES_MAX
                    + " numbers of candidates and of maps");
        }
        new DistinctFiles().replaces("--html", OutputKind.PAGE, html);
        try (MapIndexReader reader = MapIndexReader.open(folder)) {
            List<IndexRecall.Row> rows = measure(reader);
            print(reader, rows);
            if (html != null) {
                page(reader, rows).write(html);
            }
        }
        return ExitCode.FINE;
    }

    private static boolean isWrong(List<Integer> numbers) {
        return numbers.stream().anyMatch(n -> n < 1) || numbers.size() > LinePlot.LINES_MAX;
    }

    private List<IndexRecall.Row> measure(MapIndexReader reader) throws IOException {
        try (ProgressBar bar = ProgressLine.start(streams, reader.maps(), 0, "maps")) {
            return IndexRecall.measure(reader, queries, candidates, ks, compared -> {
                if (bar != null) {
                    bar.stepTo(compared);
                }
            });
        }
    }

    private void print(MapIndexReader reader, List<IndexRecall.Row> rows) throws IOException {
        IndexOutput output = IndexOutput.of(streams, environment, common.color);
        MapLayers layers = MapLayers.of(reader);
        if (json) {
            output.json(json(rows, layers));
            return;
        }
        output.text(asked(reader, layers) + "; recall@k: how many of the k most similar maps a search finds that asks"
                + " the graphs for so many candidates");
        TextTable table = new TextTable().text("layers").number("candidates");
        ks.forEach(k -> table.number("recall@" + k));
        table.number("less similar by").number("search, us");
        for (IndexRecall.Row row : rows) {
            List<String> cells =
                    new ArrayList<>(List.of(layers.known(row.layers()), Integer.toString(row.candidates())));
            row.recalls().forEach(recall -> cells.add(String.format(Locale.ROOT, "%.1f %%", 100 * recall)));
            cells.add(String.format(Locale.ROOT, "%.4f", row.lessSimilar()));
            cells.add(String.format(Locale.ROOT, "%.0f", row.searchMicros()));
            table.row(cells);
        }
        output.table(table);
        if (reader.segments().stream().noneMatch(MapIndexReader.Segment::hasGraph)) {
            output.text(NO_GRAPH);
        }
    }

    private ObjectNode json(List<IndexRecall.Row> rows, MapLayers layers) {
        ObjectNode object = IndexOutput.object();
        object.put("rows", layers.rows()).put("passes", layers.passes());
        ArrayNode array = object.putArray("recall");
        for (IndexRecall.Row row : rows) {
            ObjectNode node = array.addObject().put("layers", row.layers()).put("candidates", row.candidates());
            for (int i = 0; i < ks.size(); i++) {
                node.put("recall_at_" + ks.get(i), row.recalls().get(i));
            }
            node.put("less_similar", row.lessSimilar()).put("search_micros", row.searchMicros());
        }
        return object;
    }

    private String asked(MapIndexReader reader, MapLayers layers) {
        return String.format(Locale.ROOT, "%,d of %,d", Math.min(queries, reader.maps()), reader.maps())
                + " maps, with some noise, searched for by their first layers"
                + (layers.passes() == 1
                        ? ""
                        : ", of which the first " + layers.firstOfPass() + " are those of the pass before");
    }

    private HtmlPage page(MapIndexReader reader, List<IndexRecall.Row> rows) throws IOException {
        MapLayers layers = MapLayers.of(reader);
        HtmlPage page = new HtmlPage("Recall of index " + folder)
                .paragraph(asked(reader, layers)
                        + ". One of the k most similar maps, by"
                        + " comparing them all, counts as found if a search finds one as similar to within 2^-9, the error of"
                        + " half precision. Candidates: how many maps the segments' graphs are asked for, each for its share"
                        + " and some more."
                        + (reader.segments().stream().noneMatch(MapIndexReader.Segment::hasGraph)
                                ? " Here, " + NO_GRAPH + "."
                                : ""));
        for (int i = 0; i < ks.size(); i++) {
            int place = i;
            page.figure(plot(
                    ks.get(i) == 1 ? "Best map found" : "Best " + ks.get(i) + " maps found",
                    "recall@" + ks.get(i) + ", %",
                    layers,
                    rows,
                    row -> 100 * row.recalls().get(place)));
        }
        return page.figure(plot("What is missed", "less similar by, mean", layers, rows, IndexRecall.Row::lessSimilar))
                .figure(plot("Time of a search", "microseconds", layers, rows, IndexRecall.Row::searchMicros));
    }

    private LinePlot plot(
            String title,
            String yLabel,
            MapLayers layers,
            List<IndexRecall.Row> rows,
            ToDoubleFunction<IndexRecall.Row> value) {
        List<LinePlot.Line> lines = new ArrayList<>();
        for (int number : candidates) {
            List<IndexRecall.Row> some =
                    rows.stream().filter(row -> row.candidates() == number).toList();
            lines.add(new LinePlot.Line(
                    number + " candidates",
                    some.stream().mapToDouble(IndexRecall.Row::layers).toArray(),
                    some.stream().mapToDouble(value).toArray()));
        }
        String xLabel = layers.passes() == 1
                ? "layers known"
                : "layers known, the first " + layers.firstOfPass() + " those of the pass before";
        return new LinePlot(title, xLabel, yLabel, lines);
    }
}
