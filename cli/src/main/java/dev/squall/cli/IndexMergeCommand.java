package dev.squall.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.squall.index.LuceneExpertMapStore;
import dev.squall.index.MapIndex;
import dev.squall.index.MapIndexReader;
import dev.squall.predict.PolicyOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import me.tongfei.progressbar.ProgressBar;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code squall index merge}. */
@Command(
        name = "merge",
        versionProvider = Version.class,
        description = "Adds the maps of other indexes of the same model and policy, which stay as they are.",
        sortOptions = false)
final class IndexMergeCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(index = "0", paramLabel = "INTO", description = "The index to add to; made if it is not there.")
    private Path into = Path.of("");

    @Parameters(index = "1..*", paramLabel = "DIR", arity = "1..*", description = "Indexes to take maps from.")
    private List<Path> sources = new ArrayList<>();

    @Option(
            names = "--capacity",
            paramLabel = "N",
            defaultValue = "" + LuceneExpertMapStore.CAPACITY_DEFAULT,
            description = "Most maps; beyond that new ones replace the most redundant. Default: 32000.")
    private int capacity;

    @Option(names = "--json", fallbackValue = "true", description = "Write one JSON object.")
    private boolean json;

    @Mixin
    @SuppressWarnings("UnusedVariable")
    private CommonOptions common = new CommonOptions();

    IndexMergeCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws IOException {
        if (capacity < 1) {
            throw CommandFailure.ofUsage("--capacity " + capacity + ": expected 1 or more");
        }
        Checked checked = check();
        MapIndex index = checked.index();
        long done = 0;
        List<ObjectNode> merged = new ArrayList<>();
        try (LuceneExpertMapStore store = LuceneExpertMapStore.open(
                into, index.shape(), index.model(), capacity, PolicyOptions.REDUNDANCY_DISTANCE)) {
            try (ProgressBar bar = ProgressLine.start(streams, checked.maps(), 0)) {
                for (Path source : sources) {
                    long before = store.size();
                    try (MapIndexReader reader = MapIndexReader.open(source)) {
                        long earlier = done;
                        long last = store.lastConversation();
                        AtomicLong added = new AtomicLong();
                        reader.forEach(map -> {
                            store.add(map.map().afterConversation(last));
                            ProgressLine.step(bar, earlier + added.incrementAndGet());
                        });
                        store.commit();
                        done += reader.maps();
                        long replaced = before + reader.maps() - store.size();
                        ObjectNode node = IndexOutput.object()
                                .put("source", source.toString())
                                .put("added", reader.maps())
                                .put("replaced", replaced);
                        merged.add(node);
                    }
                }
            }
            if (json) {
                ObjectNode object = IndexOutput.object().put("maps", store.size());
                object.putArray("sources").addAll(merged);
                IndexOutput.plain(streams.out()).json(object);
            } else {
                for (ObjectNode source : merged) {
                    long replaced = source.get("replaced").asLong();
                    streams.out()
                            .println(source.get("source").asText() + ": "
                                    + source.get("added").asLong() + " maps added"
                                    + (replaced > 0 ? ", " + replaced + " redundant ones replaced" : ""));
                }
                streams.out().println(into + ": " + store.size() + " maps");
            }
        }
        return ExitCode.FINE;
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
