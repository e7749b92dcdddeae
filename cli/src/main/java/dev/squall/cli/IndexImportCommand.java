package dev.squall.cli;

import dev.squall.index.LuceneExpertMapStore;
import dev.squall.index.MapIndex;
import dev.squall.predict.PolicyOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import me.tongfei.progressbar.ProgressBar;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code squall index import}. */
@Command(
        name = "import",
        versionProvider = Version.class,
        description = "Adds the maps that export wrote. Every line is checked before the first is added.",
        sortOptions = false)
final class IndexImportCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(index = "0", paramLabel = "DIR", description = "The index to add to; made if it is not there.")
    private Path folder = Path.of("");

    @Parameters(index = "1", paramLabel = "FILE", description = "Lines of JSON.")
    private Path file = Path.of("");

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

    IndexImportCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws IOException {
        if (capacity < 1) {
            throw CommandFailure.ofUsage("--capacity " + capacity + ": expected 1 or more");
        }
        Checked checked = check();
        MapIndex index = checked.index();
        long before;
        long after;
        long lines = 0;
        try (LuceneExpertMapStore store = LuceneExpertMapStore.open(
                        folder, index.shape(), index.model(), capacity, PolicyOptions.REDUNDANCY_DISTANCE);
                BufferedReader reader = Files.newBufferedReader(file);
                ProgressBar bar = ProgressLine.start(streams, checked.maps(), 0)) {
            before = store.size();
            long last = store.lastConversation();
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                if (!line.isBlank()) {
                    store.add(IndexLine.parse(line, file.toString()).map().afterConversation(last));
                    ProgressLine.step(bar, ++lines);
                }
            }
            store.commit();
            after = store.size();
        }
        if (json) {
            IndexOutput.plain(streams.out())
                    .json(IndexOutput.object()
                            .put("added", lines)
                            .put("replaced", before + lines - after)
                            .put("maps", after));
            return ExitCode.FINE;
        }
        streams.out()
                .println(folder + ": " + lines + " maps added, " + after + " in all"
                        + (before + lines > after ? ", " + (before + lines - after) + " redundant ones replaced" : ""));
        return ExitCode.FINE;
    }

    /** What a file holds, all of it read and found to be in order. */
    private record Checked(MapIndex index, long maps) {}

    private Checked check() throws IOException {
        if (Files.isDirectory(file)) {
            throw new CommandFailure(file + ": a folder, expected lines of JSON: squall index export writes them");
        }
        MapIndex index = null;
        int number = 0;
        long maps = 0;
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                number++;
                if (!line.isBlank()) {
                    maps++;
                    index = same(
                            index, IndexLine.parse(line, file + ":" + number).index(), number);
                }
            }
        } catch (CharacterCodingException e) {
            throw new CommandFailure(
                    file + ": not UTF-8 text after line " + number + ": squall index export writes it", e);
        }
        if (index == null) {
            throw new CommandFailure(file + ": no maps: squall index export writes them");
        }
        return new Checked(index, maps);
    }

    private MapIndex same(@Nullable MapIndex first, MapIndex index, int number) {
        if (first != null && !first.equals(index)) {
            throw new CommandFailure(file + ":" + number + ": a map of model " + index.model() + " and " + index.shape()
                    + ", expected those of the lines before, " + first.model() + " and " + first.shape());
        }
        return index;
    }
}
