package dev.squall.cli;

import dev.squall.index.MapIndexReader;
import dev.squall.index.StoredMap;
import dev.squall.predict.MapMatches;
import dev.squall.predict.MapShape;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/** How often an index finds the map that is most like a query, which is a stored map with some noise. */
final class IndexRecall {
    /** How much less similar a map may be and still count as the best: what half precision leaves open. */
    private static final double SAME = 0x1p-9;

    private static final double NOISE = 0.3;
    private static final long SEED = 1;

    private IndexRecall() {}

    /** For queries of so many layers. */
    record Row(int layers, int candidates, double recall, double lessSimilar, double searchMicros) {}

    /**
     * Measures it, by layers and then by candidates.
     *
     * @param queries at most so many stored maps are asked for
     * @param candidates that each graph is asked for
     * @param progress hears how many maps have been compared one by one
     */
    static List<Row> measure(MapIndexReader reader, int queries, List<Integer> candidates, LongConsumer progress)
            throws IOException {
        MapShape shape = reader.index().shape();
        if (reader.maps() == 0) {
            throw new CommandFailure("index " + reader.folder() + " has no maps yet: squall chat --index fills it");
        }
        List<float[]> asked = asked(reader, queries);
        int[] prefixes = prefixes(shape.layerCount());
        float[][] best = reader.bestByTrajectory(asked, prefixes, progress);
        List<Row> rows = new ArrayList<>();
        for (int prefix = 0; prefix < prefixes.length; prefix++) {
            for (int number : candidates) {
                rows.add(measure(reader, asked, prefixes[prefix], number, best, prefix));
            }
        }
        return rows;
    }

    /** Maps at even distances through the index, with noise. */
    private static List<float[]> asked(MapIndexReader reader, int queries) throws IOException {
        int every = Math.max(1, reader.maps() / queries);
        List<float[]> asked = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(SEED);
        int[] number = {0};
        reader.forEach(map -> {
            if (number[0]++ % every == 0 && asked.size() < queries) {
                asked.add(noisy(map, reader.index().shape(), random));
            }
        });
        return asked;
    }

    private static Row measure(
            MapIndexReader reader, List<float[]> asked, int layers, int candidates, float[][] best, int prefix)
            throws IOException {
        int same = 0;
        double less = 0;
        long nanos = 0;
        for (int query = 0; query < asked.size(); query++) {
            long started = System.nanoTime();
            MapMatches found = reader.nearestByTrajectory(asked.get(query), layers, 1, candidates);
            nanos += System.nanoTime() - started;
            double difference = best[query][prefix] - (found.count() == 0 ? -1 : found.score(0));
            same += difference < SAME ? 1 : 0;
            less += Math.max(0, difference);
        }
        return new Row(
                layers, candidates, (double) same / asked.size(), less / asked.size(), nanos / 1e3 / asked.size());
    }

    private static float[] noisy(StoredMap map, MapShape shape, SplittableRandom random) {
        float[] probabilities = map.probabilities().clone();
        for (int from = 0; from < probabilities.length; from += shape.expertCount()) {
            double total = 0;
            for (int i = from; i < from + shape.expertCount(); i++) {
                probabilities[i] *= (float) Math.exp(NOISE * random.nextGaussian());
                total += probabilities[i];
            }
            for (int i = from; i < from + shape.expertCount(); i++) {
                probabilities[i] /= (float) total;
            }
        }
        return probabilities;
    }

    private static int[] prefixes(int layerCount) {
        return IntStream.of(1, layerCount / 4, layerCount / 2, 3 * layerCount / 4, layerCount)
                .map(layers -> Math.max(1, layers))
                .distinct()
                .sorted()
                .toArray();
    }
}
