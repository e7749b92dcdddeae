package dev.squall.cli;

import dev.squall.index.MapIndexReader;
import dev.squall.index.StoredMap;
import dev.squall.predict.ExactMapStore;
import dev.squall.predict.ExpertMap;
import dev.squall.predict.MapMatches;
import dev.squall.predict.MapShape;
import dev.squall.predict.PolicyOptions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** How often an index finds the map that is most like a query, which is a stored map with some noise. */
final class IndexRecall {
    /** How much less similar a map may be and still count as the best: what half precision leaves open. */
    private static final double SAME = 0x1p-9;

    private static final double NOISE = 0.3;
    private static final long SEED = 1;

    private final List<Row> rows = new ArrayList<>();

    /** For queries of so many layers. */
    record Row(int layers, double recall, double lessSimilar, double searchMicros) {}

    IndexRecall(MapIndexReader reader, int queries, int candidates) throws IOException {
        MapShape shape = reader.index().shape();
        if (reader.maps() == 0) {
            throw new CommandFailure("index " + reader.folder() + " has no maps yet: squall chat --index fills it");
        }
        int every = Math.max(1, reader.maps() / queries);
        List<float[]> asked = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(SEED);
        try (ExactMapStore exact = new ExactMapStore(shape, reader.maps(), PolicyOptions.REDUNDANCY_DISTANCE)) {
            int[] number = {0};
            reader.forEach(map -> {
                exact.add(new ExpertMap(map.embedding(), map.probabilities(), map.origin()));
                if (number[0]++ % every == 0 && asked.size() < queries) {
                    asked.add(noisy(map, shape, random));
                }
            });
            for (int layers : prefixes(shape.layerCount())) {
                rows.add(measure(reader, exact, asked, layers, candidates));
            }
        }
    }

    private static Row measure(
            MapIndexReader reader, ExactMapStore exact, List<float[]> asked, int layers, int candidates)
            throws IOException {
        int same = 0;
        double less = 0;
        long nanos = 0;
        for (float[] query : asked) {
            long started = System.nanoTime();
            MapMatches found = reader.nearestByTrajectory(query, layers, 1, candidates);
            nanos += System.nanoTime() - started;
            double difference = exact.nearestByTrajectory(query, layers, 1).score(0) - IndexCommand.best(found);
            same += difference < SAME ? 1 : 0;
            less += Math.max(0, difference);
        }
        return new Row(layers, (double) same / asked.size(), less / asked.size(), nanos / 1e3 / asked.size());
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

    private static List<Integer> prefixes(int layerCount) {
        return List.of(1, Math.max(1, layerCount / 4), Math.max(1, layerCount / 2), layerCount).stream()
                .distinct()
                .toList();
    }

    List<Row> rows() {
        return rows;
    }
}
