package dev.squall.cli.index;

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
import dev.squall.index.MapPruning;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import me.tongfei.progressbar.ProgressBar;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code squall index prune}. */
@Command(
        versionProvider = Version.class,
        name = "prune",
        description = "Removes maps for good and gives their room back.",
        sortOptions = false)
final class IndexPruneCommand implements Callable<Integer> {
    private final Streams streams;
    private final Environment environment;

    @Parameters(paramLabel = "DIR", description = "The folder of --index; no chat may be writing it.")
    private Path folder = Path.of("");

    @ArgGroup(multiplicity = "1")
    private @Nullable Choice choice;

    @Option(names = "--dry-run", fallbackValue = "true", description = "Only say how many maps would go.")
    private boolean dryRun;

    @Option(names = "--json", fallbackValue = "true", description = "Write one JSON object.")
    private boolean json;

    /** Which maps go. */
    private static final class Choice {
        @Option(names = "--keep", paramLabel = "N", description = "All but the N newest maps.")
        private @Nullable Integer keep;

        @Option(names = "--older-than", paramLabel = "DAYS", description = "Maps observed more than so many days ago.")
        private @Nullable Integer days;

        @Option(names = "--conversation", paramLabel = "N", description = "The maps of one conversation.")
        private @Nullable Long conversation;

        @Option(names = "--map", paramLabel = "ID", description = "One map.")
        private @Nullable Long map;

        @Option(
                names = "--redundant",
                paramLabel = "S",
                description = "Maps that an older one, which stays, is at least so similar to (cosine, up to 1).")
        private @Nullable Double similarity;
    }

    @Mixin
    private IndexUpkeep upkeep = new IndexUpkeep();

    @Mixin
    @SuppressWarnings("UnusedVariable")
    private CommonOptions common = new CommonOptions();

    IndexPruneCommand(Streams streams, Environment environment) {
        this.streams = streams;
        this.environment = environment;
    }

    @Override
    public Integer call() throws IOException {
        Set<Long> ids = new TreeSet<>();
        MapIndex index;
        int maps;
        try (MapIndexReader reader = MapIndexReader.open(folder)) {
            index = reader.index();
            maps = reader.maps();
            collect(Objects.requireNonNull(choice), reader, ids);
        }
        if (dryRun || ids.isEmpty()) {
            print(ids.size(), maps);
            return ExitCode.FINE;
        }
        try (MapIndexWriter writer = MapIndexWriter.open(folder, index)) {
            writer.remove(ids);
            writer.commit();
            print(ids.size(), maps);
            upkeep.run(streams, folder, writer);
        }
        return ExitCode.FINE;
    }

    private void print(int removed, int maps) throws IOException {
        if (json) {
            IndexOutput.plain(streams.out())
                    .json(IndexOutput.object()
                            .put(dryRun ? "would_remove" : "removed", removed)
                            .put("maps_before", maps));
            return;
        }
        IndexOutput.result(
                streams,
                environment,
                folder + ": " + removed + " of " + maps + " maps " + (dryRun ? "would be removed" : "removed"));
    }

    private void collect(Choice choice, MapIndexReader reader, Set<Long> ids) throws IOException {
        if (choice.keep != null) {
            if (choice.keep < 0) {
                throw CommandFailure.ofUsage("--keep " + choice.keep + ": expected 0 or more");
            }
            ids.addAll(MapPruning.allBut(reader, choice.keep));
        } else if (choice.days != null) {
            if (choice.days < 0) {
                throw CommandFailure.ofUsage("--older-than " + choice.days + ": expected 0 or more days");
            }
            ids.addAll(MapPruning.before(
                    reader, Instant.now().minus(Duration.ofDays(choice.days)).toEpochMilli()));
        } else if (choice.conversation != null) {
            ids.addAll(MapPruning.ofConversation(reader, choice.conversation));
        } else if (choice.map != null) {
            long id = choice.map;
            ids.add(reader.find(id)
                    .orElseThrow(() -> new CommandFailure("index " + reader.folder() + " has no map " + id
                            + ": squall index info tells their numbers"))
                    .id());
        } else if (choice.similarity != null) {
            if (!(choice.similarity > 0 && choice.similarity <= 1)) {
                throw CommandFailure.ofUsage("--redundant " + choice.similarity + ": expected more than 0, at most 1");
            }
            try (ProgressBar bar = ProgressLine.start(streams, reader.maps(), 0, "maps")) {
                ids.addAll(
                        MapPruning.redundant(reader, choice.similarity, compared -> ProgressLine.step(bar, compared)));
            }
        }
    }
}
