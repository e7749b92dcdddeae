package dev.squall.cli.index;

import dev.squall.cli.process.CommandFailure;
import dev.squall.cli.process.Streams;
import dev.squall.cli.terminal.ProgressLine;
import dev.squall.index.LuceneExpertMapStore;
import dev.squall.index.MapIndexWriter;
import java.nio.file.Path;
import me.tongfei.progressbar.ProgressBar;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What commands have in common that add maps to an index: how many it holds at most, and what they tell. */
final class IndexAddition {
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

    void validate() {
        if (capacity < 1) {
            throw CommandFailure.ofUsage("--capacity " + capacity + ": expected 1 or more");
        }
    }

    int capacity() {
        return capacity;
    }

    boolean isJson() {
        return json;
    }

    /** Removes maps beyond the capacity, with a bar at a terminal; returns how many. */
    int thin(Streams streams, MapIndexWriter writer) {
        if (writer.size() <= capacity) {
            return 0;
        }
        try (ProgressBar bar = ProgressLine.start(streams, writer.size(), 0, "maps")) {
            return writer.thinTo(capacity, compared -> ProgressLine.step(bar, compared));
        }
    }

    /** What follows once the command has said what it did. */
    void tidy(Streams streams, Path folder, MapIndexWriter writer) {
        upkeep.run(streams, folder, writer);
    }

    static String added(int added, int known) {
        return added + " maps added" + (known == 0 ? "" : ", " + known + " were there already");
    }

    String replaced(int replaced) {
        return replaced == 0 ? "" : ", " + replaced + " that newer ones resemble removed for --capacity " + capacity;
    }
}
