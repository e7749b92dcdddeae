package dev.squall.cli.index;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.squall.cli.option.CommonOptions;
import dev.squall.cli.option.Version;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Environment;
import dev.squall.cli.process.ExitCode;
import dev.squall.cli.process.Streams;
import dev.squall.cli.terminal.ProgressLine;
import dev.squall.index.MapIndex;
import dev.squall.index.MapIndexReader;
import dev.squall.index.MapIndexWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import me.tongfei.progressbar.ProgressBar;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code squall index merge}. */
@Command(
        name = "merge",
        versionProvider = Version.class,
        description = "Adds the maps of other indexes of the same model and policy, which stay as they are.",
        sortOptions = false)
final class IndexMergeCommand implements Callable<Integer> {
    private final Streams streams;
    private final Environment environment;

    @Parameters(index = "0", paramLabel = "INTO", description = "The index to add to; made if it is not there.")
    private Path into = Path.of("");

    @Parameters(index = "1..*", paramLabel = "DIR", arity = "1..*", description = "Indexes to take maps from.")
    private List<Path> sources = new ArrayList<>();

    @Mixin
    private IndexAddition addition = new IndexAddition();

    @Mixin
    @SuppressWarnings("UnusedVariable")
    private CommonOptions common = new CommonOptions();

    IndexMergeCommand(Streams streams, Environment environment) {
        this.streams = streams;
        this.environment = environment;
    }

    @Override
    public Integer call() throws IOException {
        addition.validate();
        Checked checked = check();
        List<ObjectNode> merged = new ArrayList<>();
        int replaced = 0;
        try (MapIndexWriter writer = MapIndexWriter.open(into, checked.index())) {
            try (ProgressBar bar = ProgressLine.start(streams, checked.maps(), 0, "maps")) {
                writer.tell(done -> ProgressLine.step(bar, done));
                for (Path source : sources) {
                    MapIndexWriter.Added added = add(source, writer);
                    merged.add(IndexOutput.object()
                            .put("source", source.toString())
                            .put("added", added.added())
                            .put("known", added.known()));
                    replaced += added.replaced();
                }
            }
            replaced += addition.thin(streams, writer);
            writer.commit();
            print(merged, replaced, writer.size());
            addition.tidy(streams, into, writer);
        }
        return ExitCode.FINE;
    }

    private MapIndexWriter.Added add(Path source, MapIndexWriter writer) throws IOException {
        try (MapIndexReader reader = MapIndexReader.open(source)) {
            return writer.addAll(reader, addition.capacity(), compared -> {});
        }
    }

    private void print(List<ObjectNode> merged, int replaced, int maps) throws IOException {
        if (addition.isJson()) {
            ObjectNode object = IndexOutput.object().put("maps", maps).put("replaced", replaced);
            object.putArray("sources").addAll(merged);
            IndexOutput.plain(streams.out()).json(object);
            return;
        }
        for (ObjectNode source : merged) {
            IndexOutput.result(
                    streams,
                    environment,
                    source.get("source").asText() + ": "
                            + IndexAddition.added(
                                    source.get("added").asInt(),
                                    source.get("known").asInt()));
        }
        IndexOutput.result(streams, environment, into + ": " + maps + " maps" + addition.replaced(replaced));
    }

    /** What the sources hold. */
    private record Checked(MapIndex index, long maps) {}

    /** All sources are opened before anything is written. */
    private Checked check() throws IOException {
        MapIndex first = null;
        long maps = 0;
        for (Path source : sources) {
            if (Files.isDirectory(into) && Files.isDirectory(source) && Files.isSameFile(into, source)) {
                throw new CommandFailure("index " + source + " cannot be merged into itself");
            }
            try (MapIndexReader reader = MapIndexReader.open(source)) {
                if (first != null && !first.equals(reader.index())) {
                    throw new CommandFailure("index " + source + " is of model "
                            + reader.index().model() + " and " + reader.index().shape() + ", expected those of "
                            + sources.getFirst() + ", " + first.model() + " and " + first.shape());
                }
                first = reader.index();
                maps += reader.maps();
            }
        }
        if (first == null) {
            throw new CommandFailure("no index to merge");
        }
        return new Checked(first, maps);
    }
}
