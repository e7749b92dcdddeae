package dev.squall.cli.index;

import dev.squall.cli.process.CommandFailure;
import dev.squall.index.MapIndexReader;
import dev.squall.index.StoredMap;
import dev.squall.predict.MapMatches;
import dev.squall.predict.MapShape;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
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

    /**
     * For queries of so many layers.
     *
     * @param recalls of the k most similar maps, the share that is found, one for each k asked for
     * @param lessSimilar how much less the best found is than the best there is
     */
    record Row(int layers, int candidates, List<Double> recalls, double lessSimilar, double searchMicros) {}

    /**
     * Measures it, by layers and then by candidates.
     *
     * @param queries at most so many stored maps are asked for
     * @param candidates that the graphs are asked for, each for its share and some more
     * @param ks how many maps are wanted
     * @param progress hears how many maps have been compared one by one
     */
    static List<Row> measure(
            MapIndexReader reader, int queries, List<Integer> candidates, List<Integer> ks, LongConsumer progress)
            throws IOException {
        MapShape shape = reader.index().shape();
        if (reader.maps() == 0) {
            throw new CommandFailure(
                    "index " + reader.folder() + " has no maps yet: squall chat --expert-cache 25% --index fills it");
        }
        List<float[]> asked = asked(reader, queries);
        int[] prefixes = prefixes(shape.layerCount());
        float[][][] best = reader.bestByTrajectory(
                asked, prefixes, ks.stream().mapToInt(k -> k).max().orElse(1), progress);
        // Java compiles the search meanwhile, so that the first row is not slower than the others.
        measure(reader, asked, prefixes[prefixes.length - 1], candidates.getFirst(), ks, best, prefixes.length - 1);
        List<Row> rows = new ArrayList<>();
        for (int prefix = 0; prefix < prefixes.length; prefix++) {
            for (int number : candidates) {
                rows.add(measure(reader, asked, prefixes[prefix], number, ks, best, prefix));
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
            MapIndexReader reader,
            List<float[]> asked,
            int layers,
            int candidates,
            List<Integer> ks,
            float[][][] best,
            int prefix)
            throws IOException {
        int most = best[0][0].length;
        double[] recalls = new double[ks.size()];
        double less = 0;
        long nanos = 0;
        for (int query = 0; query < asked.size(); query++) {
            long started = System.nanoTime();
            MapMatches found = reader.nearestByTrajectory(asked.get(query), layers, most, candidates);
            nanos += System.nanoTime() - started;
            float[] wanted = best[query][prefix];
            less += Math.max(0, wanted[0] - (found.count() == 0 ? -1 : found.score(0)));
            for (int i = 0; i < recalls.length; i++) {
                recalls[i] += recall(found, wanted, Math.min(ks.get(i), reader.maps())) / asked.size();
            }
        }
        return new Row(
                layers,
                candidates,
                Arrays.stream(recalls).boxed().toList(),
                less / asked.size(),
                nanos / 1e3 / asked.size());
    }

    /** Of the k most similar maps, the share that was found: those as similar as the last of them, or nearly. */
    private static double recall(MapMatches found, float[] wanted, int k) {
        int same = 0;
        for (int i = 0; i < Math.min(k, found.count()); i++) {
            same += wanted[k - 1] - found.score(i) < SAME ? 1 : 0;
        }
        return (double) same / k;
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
