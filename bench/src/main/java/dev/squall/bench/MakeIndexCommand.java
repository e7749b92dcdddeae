package dev.squall.bench;

import dev.squall.index.LuceneExpertMapStore;
import dev.squall.predict.ExpertMap;
import dev.squall.predict.MapShape;
import dev.squall.predict.PolicyOptions;
import dev.squall.predict.RoutingTrace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bench make-index}. */
@Command(
        name = "make-index",
        description = "Make an index as the policy squall would, of the maps of a trace and others like them.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class MakeIndexCommand implements Callable<Integer> {
    @Parameters(paramLabel = "TRACE", description = "What bench trace or --trace-out wrote.")
    private Path file = Path.of("");

    @Option(
            names = {"-o", "--out"},
            required = true,
            paramLabel = "DIR",
            description = "A new folder.")
    private Path out = Path.of("");

    @Option(names = "--maps", paramLabel = "N", description = "Maps in all. Default: ${DEFAULT-VALUE}.")
    private int count = 100_000;

    @Option(names = "--seed", paramLabel = "N", description = "Of the noise.")
    private long seed = 1;

    @Override
    public Integer call() throws IOException {
        if (Files.exists(out)) {
            throw new BenchException(out + " is there already: name a new folder");
        }
        RoutingTrace trace = RoutingTrace.read(file);
        List<ExpertMap> maps = TraceMaps.ofTwo(trace);
        if (maps.isEmpty()) {
            throw new BenchException(file + " has no passes of one token that follow each other");
        }
        MapShape shape = new MapShape(
                2 * trace.shape().layerCount(),
                trace.shape().expertCount(),
                trace.shape().usedCount(),
                trace.shape().embeddingLength());
        SplittableRandom random = new SplittableRandom(seed);
        try (LuceneExpertMapStore store = LuceneExpertMapStore.open(
                out, shape, trace.model(), Math.max(count, 1), PolicyOptions.REDUNDANCY_DISTANCE)) {
            for (int i = 0; i < count; i++) {
                ExpertMap map = maps.get(i % maps.size());
                store.add(i < maps.size() ? map : TraceMaps.noisy(map, shape.expertCount(), random));
            }
        }
        System.err.printf("%s: %,d maps, of which %,d from the trace%n", out, count, Math.min(count, maps.size()));
        return 0;
    }
}
