package dev.squall.cli.index;

import dev.squall.cli.option.CommonOptions;
import dev.squall.cli.option.Version;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.ExitCode;
import dev.squall.cli.process.Streams;
import dev.squall.cli.terminal.ProgressLine;
import dev.squall.index.LuceneExpertMapStore;
import dev.squall.index.MapIndexWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import me.tongfei.progressbar.ProgressBar;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code squall index import}. */
@Command(
        name = "import",
        versionProvider = Version.class,
        description = "Adds the maps that export wrote. If a line is wrong, none is added.",
        sortOptions = false)
final class IndexImportCommand implements Callable<Integer> {
    private static final int MEBIBYTE_BITS = 20;

    private final Streams streams;

    @Parameters(index = "0", paramLabel = "DIR", description = "The index to add to; made if it is not there.")
    private Path folder = Path.of("");

    @Parameters(index = "1", paramLabel = "FILE", description = "Lines of JSON.")
    private Path file = Path.of("");

    @Option(
            names = "--capacity",
            paramLabel = "N",
            defaultValue = "" + LuceneExpertMapStore.CAPACITY_DEFAULT,
            description = "Most maps; of more, those that newer ones resemble most go. Default: 32000.")
    private int capacity;

    @Option(names = "--json", fallbackValue = "true", description = "Write one JSON object.")
    private boolean json;

    @Mixin
    private IndexUpkeep upkeep = new IndexUpkeep();

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
        if (Files.isDirectory(file)) {
            throw new CommandFailure(file + ": a folder, expected lines of JSON: squall index export writes them");
        }
        try (IndexLines lines = new IndexLines(file);
                MapIndexWriter writer = MapIndexWriter.open(folder, lines.index())) {
            int known;
            try (ProgressBar bar = ProgressLine.start(streams, lines.bytes() >> MEBIBYTE_BITS, 0, "MiB")) {
                known = lines.addTo(writer, bytes -> ProgressLine.step(bar, bytes >> MEBIBYTE_BITS));
            }
            int replaced = IndexMergeCommand.thin(streams, writer, capacity);
            writer.commit();
            print(lines.count() - known, known, replaced, writer.size());
            upkeep.run(streams, folder, writer);
        }
        return ExitCode.FINE;
    }

    private void print(int added, int known, int replaced, int maps) throws IOException {
        if (json) {
            IndexOutput.plain(streams.out())
                    .json(IndexOutput.object()
                            .put("added", added)
                            .put("known", known)
                            .put("replaced", replaced)
                            .put("maps", maps));
            return;
        }
        streams.out()
                .println(folder + ": " + IndexMergeCommand.added(added, known) + ", " + maps + " in all"
                        + IndexMergeCommand.replaced(replaced, capacity));
    }
}
