package dev.squall.cli.index;

import dev.squall.cli.option.CommonOptions;
import dev.squall.cli.option.Version;
import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Environment;
import dev.squall.cli.process.ExitCode;
import dev.squall.cli.process.Streams;
import dev.squall.cli.terminal.ProgressLine;
import dev.squall.index.MapIndexWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import me.tongfei.progressbar.ProgressBar;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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
    private final Environment environment;

    @Parameters(index = "0", paramLabel = "DIR", description = "The index to add to; made if it is not there.")
    private Path folder = Path.of("");

    @Parameters(index = "1", paramLabel = "FILE", description = "Lines of JSON.")
    private Path file = Path.of("");

    @Mixin
    private IndexAddition addition = new IndexAddition();

    @Mixin
    @SuppressWarnings("UnusedVariable")
    private CommonOptions common = new CommonOptions();

    IndexImportCommand(Streams streams, Environment environment) {
        this.streams = streams;
        this.environment = environment;
    }

    @Override
    public Integer call() throws IOException {
        addition.validate();
        if (Files.isDirectory(file)) {
            throw new CommandFailure(file + ": a folder, expected lines of JSON: squall index export writes them");
        }
        try (IndexLines lines = new IndexLines(file);
                MapIndexWriter writer = MapIndexWriter.open(folder, lines.index())) {
            int known;
            try (ProgressBar bar = ProgressLine.start(streams, lines.bytes() >> MEBIBYTE_BITS, 0, "MiB")) {
                known = lines.addTo(writer, bytes -> ProgressLine.step(bar, bytes >> MEBIBYTE_BITS));
            }
            int replaced = addition.thin(streams, writer);
            writer.commit();
            print(lines.count() - known, known, replaced, writer.size());
            addition.tidy(streams, folder, writer);
        }
        return ExitCode.FINE;
    }

    private void print(int added, int known, int replaced, int maps) throws IOException {
        if (addition.isJson()) {
            IndexOutput.plain(streams.out())
                    .json(IndexOutput.object()
                            .put("added", added)
                            .put("known", known)
                            .put("replaced", replaced)
                            .put("maps", maps));
            return;
        }
        IndexOutput.result(
                streams,
                environment,
                folder + ": " + IndexAddition.added(added, known) + ", " + maps + " in all"
                        + addition.replaced(replaced));
    }
}
