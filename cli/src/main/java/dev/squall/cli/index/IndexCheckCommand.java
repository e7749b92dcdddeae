package dev.squall.cli.index;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.squall.cli.option.CommonOptions;
import dev.squall.cli.option.Version;
import dev.squall.cli.process.Environment;
import dev.squall.cli.process.ExitCode;
import dev.squall.cli.process.Streams;
import dev.squall.cli.terminal.ProgressLine;
import dev.squall.cli.terminal.TerminalText;
import dev.squall.gguf.GgufFile;
import dev.squall.index.MapIndex;
import dev.squall.index.MapIndexCheck;
import dev.squall.index.MapIndexException;
import dev.squall.index.MapIndexReader;
import dev.squall.index.MapIndexWriter;
import dev.squall.model.ModelFingerprint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import me.tongfei.progressbar.ProgressBar;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code squall index check}. */
@Command(
        name = "check",
        versionProvider = Version.class,
        description = "Reads everything and tells what is damaged and which repair exists. Exit code 1 if anything is.",
        sortOptions = false)
final class IndexCheckCommand implements Callable<Integer> {
    private final Streams streams;
    private final Environment environment;

    @Parameters(paramLabel = "DIR", description = "The folder of --index.")
    private Path folder = Path.of("");

    @Option(
            names = {"-m", "--model"},
            paramLabel = "FILE",
            description = "Also check that the index is of this model.")
    private @Nullable Path model;

    @Option(
            names = "--repair",
            fallbackValue = "true",
            description =
                    "Then drop damaged segments for good, with their maps, remove damaged weights, and make graphs that "
                            + "are missing. No chat may be writing.")
    private boolean repair;

    @Option(names = "--json", fallbackValue = "true", description = "Write one JSON object.")
    private boolean json;

    @Mixin
    private CommonOptions common = new CommonOptions();

    IndexCheckCommand(Streams streams, Environment environment) {
        this.streams = streams;
        this.environment = environment;
    }

    @Override
    public Integer call() throws IOException {
        String fingerprint = model == null ? null : fingerprint(model);
        List<MapIndexCheck.Finding> findings = check(fingerprint);
        MapIndexCheck.Repair done = repair && isDamaged(findings) ? MapIndexCheck.repair(folder) : null;
        boolean hasMadeGraphs = repair && makeGraphs();
        IndexOutput output = IndexOutput.of(streams, environment, common.color);
        if (json) {
            ObjectNode object = IndexOutput.object();
            ArrayNode problems = object.putArray("problems");
            ArrayNode notes = object.putArray("notes");
            for (MapIndexCheck.Finding finding : findings) {
                (finding.isDamage() ? problems : notes)
                        .addObject()
                        .put("text", finding.text())
                        .put("repair", finding.repair());
            }
            output.json(object.put("repaired", done != null && (done.droppedSegments() || done.removedWeights()))
                    .put("maps_dropped", done == null ? 0 : done.maps())
                    .put("graphs_made", hasMadeGraphs));
        } else {
            print(output, findings);
            if (done != null) {
                print(output, done, hasMadeGraphs);
            }
            if (hasMadeGraphs) {
                output.text("made the graphs that were missing");
            }
        }
        if (done == null) {
            return isDamaged(findings) ? ExitCode.FAILED : ExitCode.FINE;
        }
        boolean isDamaged = isDamaged(check(fingerprint));
        if (!json) {
            output.text(isDamaged ? "the index is still damaged" : "what is left of the index is sound");
        }
        return isDamaged ? ExitCode.FAILED : ExitCode.FINE;
    }

    private List<MapIndexCheck.Finding> check(@Nullable String fingerprint) throws IOException {
        try (ProgressBar bar = ProgressLine.start(streams, MapIndexCheck.maps(folder), 0, "maps")) {
            return MapIndexCheck.run(folder, fingerprint, checked -> {
                if (bar != null) {
                    bar.stepTo(checked);
                }
            });
        }
    }

    /** Makes graphs that are yet to be made; returns whether there were any, in an index that can be read. */
    private boolean makeGraphs() throws IOException {
        MapIndex index;
        try (MapIndexReader reader = MapIndexReader.open(folder)) {
            if (reader.segments().stream().noneMatch(MapIndexReader.Segment::lacksGraph)) {
                return false;
            }
            index = reader.index();
        } catch (MapIndexException e) {
            // What is wrong, the check told.
            return false;
        }
        try (MapIndexWriter writer = MapIndexWriter.open(folder, index)) {
            IndexUpkeep.tidy(streams, folder, writer);
        }
        return true;
    }

    private static boolean isDamaged(List<MapIndexCheck.Finding> findings) {
        return findings.stream().anyMatch(MapIndexCheck.Finding::isDamage);
    }

    private static String fingerprint(Path model) throws IOException {
        try (GgufFile file = GgufFile.open(model)) {
            return ModelFingerprint.of(file);
        }
    }

    private static void print(IndexOutput output, List<MapIndexCheck.Finding> findings) {
        for (MapIndexCheck.Finding finding : findings) {
            String text = TerminalText.line(finding.text());
            output.text(finding.isDamage() ? output.palette().error(text) : text);
            if (!finding.repair().isEmpty()) {
                output.indented("repair: " + finding.repair());
            }
        }
        if (!isDamaged(findings)) {
            output.text("nothing is damaged");
        }
    }

    private static void print(IndexOutput output, MapIndexCheck.Repair done, boolean hasMadeGraphs) {
        if (done.droppedSegments()) {
            output.text("dropped the damaged segments, and " + done.maps() + " maps with them");
        }
        if (done.removedWeights()) {
            output.text("removed the damaged weights");
        }
        if (!done.droppedSegments() && !done.removedWeights() && !hasMadeGraphs) {
            output.text("--repair has nothing that it can mend here");
        }
    }
}
