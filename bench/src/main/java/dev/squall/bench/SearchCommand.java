package dev.squall.bench;

import dev.squall.index.LuceneExpertMapStore;
import dev.squall.predict.ExactMapStore;
import dev.squall.predict.ExpertMap;
import dev.squall.predict.ExpertMapStore;
import dev.squall.predict.MapMatches;
import dev.squall.predict.MapShape;
import dev.squall.predict.PolicyOptions;
import dev.squall.predict.RoutingTrace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bench search}. */
@Command(
        name = "search",
        description = "Search the expert maps of a trace in a Lucene index and one by one, and print tables.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class SearchCommand implements Callable<Integer> {
    /** How much less similar than the best a map may be and still count as it: what half precision leaves open. */
    private static final double SAME = 0x1p-9;

    /** Searches before any is measured, of each kind: the JIT compiles a search in two steps. */
    private static final int WARM_UP = 10_000;

    private static final int EXACT_WARM_UP = 200;

    /** How often each query is asked. */
    private static final int ROUNDS = 4;

    @Parameters(paramLabel = "TRACE", description = "What bench trace or --trace-out wrote.")
    private Path file = Path.of("");

    @Option(
            names = "--maps",
            split = ",",
            paramLabel = "N",
            description = "Maps stored. Beyond those of the trace, they are the trace's with some noise.")
    private List<Integer> sizes = new ArrayList<>(List.of(1000, 10_000, 32_000, 100_000));

    @Option(names = "--queries", paramLabel = "N", description = "The trace's last maps, which are not stored.")
    private int queries = 500;

    @Option(names = "--seed", paramLabel = "N", description = "Of the noise.")
    private long seed = 1;

    @Override
    public Integer call() throws IOException {
        RoutingTrace trace = RoutingTrace.read(file);
        List<ExpertMap> maps = TraceMaps.of(trace);
        if (maps.size() < 2 * queries) {
            throw new BenchException(file + " has " + maps.size() + " maps, expected at least " + 2 * queries);
        }
        List<ExpertMap> asked = maps.subList(maps.size() - queries, maps.size());
        List<ExpertMap> stored = maps.subList(0, maps.size() - queries);
        System.out.printf(
                Locale.ROOT,
                "%s: %d maps of %d layers, %d experts; %d queries%n",
                file.getFileName(),
                stored.size(),
                trace.shape().layerCount(),
                trace.shape().expertCount(),
                asked.size());
        for (int size : sizes) {
            measure(trace.shape(), stored, asked, size);
        }
        return 0;
    }

    private void measure(MapShape shape, List<ExpertMap> maps, List<ExpertMap> asked, int size) throws IOException {
        Path folder = Files.createTempDirectory("squall-search");
        int d = PolicyOptions.REDUNDANCY_DISTANCE;
        try (ExactMapStore exact = new ExactMapStore(shape, size, d);
                LuceneExpertMapStore lucene = LuceneExpertMapStore.open(folder, shape, "bench", size, d)) {
            SplittableRandom random = new SplittableRandom(seed);
            long started = System.nanoTime();
            List<ExpertMap> added = new ArrayList<>();
            for (int i = 0; i < size; i++) {
                ExpertMap map = i < maps.size()
                        ? maps.get(i)
                        : TraceMaps.noisy(maps.get(i % maps.size()), shape.expertCount(), random);
                added.add(map);
                lucene.add(map);
            }
            lucene.commit();
            double indexed = (System.nanoTime() - started) / 1e3 / size;
            awaitMerges();
            added.forEach(exact::add);
            System.out.printf(Locale.ROOT, "%n### %,d maps; %.0f us to index one%n%n", size, indexed);
            System.out.println("| layers known | index p50 us | p99 us | recall@1 % | less similar by, mean "
                    + "| one by one p50 us | p99 us |");
            System.out.println("|---|---|---|---|---|---|---|");
            for (int layers : prefixes(shape.layerCount())) {
                row(
                        Integer.toString(layers),
                        exact,
                        lucene,
                        asked,
                        (store, map) -> store.nearestByTrajectory(map.probabilities(), layers, 1));
            }
            row("embedding", exact, lucene, asked, (store, map) -> store.nearestByEmbedding(map.embedding(), 1));
        } finally {
            delete(folder);
        }
    }

    /** Those that the last maps have caused are no part of a search, and take a processor. */
    private static void awaitMerges() {
        while (Thread.getAllStackTraces().keySet().stream()
                .anyMatch(thread -> thread.getName().equals("squall-index-merge"))) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
    }

    private static int[] prefixes(int layerCount) {
        return Stream.of(1, layerCount / 4, layerCount / 2, 3 * layerCount / 4, layerCount)
                .filter(layers -> layers > 0)
                .distinct()
                .mapToInt(Integer::intValue)
                .toArray();
    }

    /** One kind of search. */
    @FunctionalInterface
    private interface Search {
        MapMatches of(ExpertMapStore store, ExpertMap map);
    }

    private static void row(
            String name, ExpertMapStore exact, ExpertMapStore lucene, List<ExpertMap> asked, Search search) {
        for (int i = 0; i < WARM_UP; i++) {
            search.of(lucene, asked.get(i % asked.size()));
        }
        for (int i = 0; i < EXACT_WARM_UP; i++) {
            search.of(exact, asked.get(i % asked.size()));
        }
        int searches = ROUNDS * asked.size();
        double[] indexNanos = new double[searches];
        double[] exactNanos = new double[searches];
        int same = 0;
        double less = 0;
        for (int i = 0; i < searches; i++) {
            ExpertMap map = asked.get(i % asked.size());
            long started = System.nanoTime();
            MapMatches found = search.of(lucene, map);
            indexNanos[i] = System.nanoTime() - started;
            started = System.nanoTime();
            MapMatches best = search.of(exact, map);
            exactNanos[i] = System.nanoTime() - started;
            double difference = best.score(0) - found.score(0);
            same += difference < SAME ? 1 : 0;
            less += Math.max(0, difference);
        }
        System.out.printf(
                Locale.ROOT,
                "| %s | %.0f | %.0f | %.1f | %.4f | %.0f | %.0f |%n",
                name,
                quantile(indexNanos, 0.5) / 1e3,
                quantile(indexNanos, 0.99) / 1e3,
                100.0 * same / searches,
                less / searches,
                quantile(exactNanos, 0.5) / 1e3,
                quantile(exactNanos, 0.99) / 1e3);
    }

    private static double quantile(double[] values, double q) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[(int) Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
    }

    /** Deletes a folder and all in it. */
    static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
