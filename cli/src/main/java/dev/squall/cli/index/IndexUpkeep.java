package dev.squall.cli.index;

import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Interruption;
import dev.squall.cli.process.Streams;
import dev.squall.cli.terminal.ProgressLine;
import dev.squall.index.MapIndexException;
import dev.squall.index.MapIndexWriter;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import me.tongfei.progressbar.ProgressBar;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What commands that wrote an index do once they have said so: graphs for new maps, and the room of maps that are gone. */
final class IndexUpkeep {
    @Option(
            names = "--later",
            fallbackValue = "true",
            description = "End as soon as nothing can be lost: leave graphs of new maps, and the room of removed ones,"
                    + " to whatever writes the index next.")
    private boolean later;

    /** Does it, unless it was put off, after what the command has said. */
    void run(Streams streams, Path folder, MapIndexWriter writer) {
        streams.out().flush();
        if (!later) {
            tidy(streams, folder, writer);
        }
    }

    /** Does it with a bar at a terminal; a signal ends it and says what that means. */
    static void tidy(Streams streams, Path folder, MapIndexWriter writer) {
        AtomicReference<@Nullable ProgressBar> shown = new AtomicReference<>();
        try (Interruption _ = Interruption.telling(() -> tellInterrupted(streams, folder))) {
            writer.tidy(maps -> shown.set(begin(streams, maps)), written -> ProgressLine.step(shown.get(), written));
        } catch (MapIndexException e) {
            throw new CommandFailure(
                    "no map is lost, but not all have graphs yet: " + e.getMessage()
                            + "; then squall index check --repair goes on",
                    e);
        } finally {
            ProgressBar bar = shown.get();
            if (bar != null) {
                bar.close();
            }
        }
    }

    private static @Nullable ProgressBar begin(Streams streams, long maps) {
        ProgressBar bar = ProgressLine.start(streams, maps, 0, "maps");
        return bar == null ? null : bar.setExtraMessage("making graphs");
    }

    private static void tellInterrupted(Streams streams, Path folder) {
        streams.err()
                .println((streams.errTerminal() ? System.lineSeparator() : "")
                        + "squall: interrupted while index " + folder + " was tidied: nothing is lost, but searches are"
                        + " slower until squall index check --repair, or whatever writes it next, goes on");
        streams.err().flush();
    }
}
