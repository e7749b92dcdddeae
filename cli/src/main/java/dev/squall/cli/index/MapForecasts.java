package dev.squall.cli.index;

import dev.squall.index.MapIndexReader;
import dev.squall.index.StoredMap;
import dev.squall.predict.MapMatches;
import dev.squall.predict.MapShape;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which experts the maps of an index foretell for each layer of passes, by the map that is most similar some layers before,
 * and how many of the experts that were used are among them.
 */
final class MapForecasts {
    /** What a running policy asks the graphs for. */
    static final int CANDIDATES = 32;

    private final MapIndexReader reader;
    private final MapShape shape;
    private final int distance;
    private final @Nullable Long itself;
    /** By row of a map, the experts that all maps prefer. */
    private final List<List<Integer>> preferred;

    private final List<Row> rows = new ArrayList<>();

    /** What was foretold for a row of a map, over all passes. */
    static final class Row {
        private final int number;
        private long used;
        private long found;
        private long foundByPreference;
        private List<Integer> lastPredicted = List.of();
        private List<Integer> lastUsed = List.of();

        private Row(int number) {
            this.number = number;
        }

        /** The row's number. */
        int number() {
            return number;
        }

        /** Experts used in all passes. */
        long used() {
            return used;
        }

        /** Those of them that were foretold. */
        long found() {
            return found;
        }

        /** Those of them that all maps prefer. */
        long foundByPreference() {
            return foundByPreference;
        }

        /** What was foretold for the last pass, likeliest first. */
        List<Integer> lastPredicted() {
            return lastPredicted;
        }

        List<Integer> lastUsed() {
            return lastUsed;
        }

        /** Of the experts used in the last pass, how many were foretold. */
        long lastFound() {
            return lastUsed.stream().filter(lastPredicted::contains).count();
        }
    }

    /**
     * @param distance layers ahead that experts are foretold, fewer than a map has rows
     * @param itself a map that foretells nothing, for it is the one that is asked about; null for none
     */
    MapForecasts(MapIndexReader reader, int distance, @Nullable Long itself) throws IOException {
        this.reader = reader;
        this.distance = distance;
        this.itself = itself;
        shape = reader.index().shape();
        preferred = preferred();
        for (int row = distance; row < shape.layerCount(); row++) {
            rows.add(new Row(row));
        }
    }

    /** Rows of which anything was used. */
    List<Row> rows() {
        return rows.stream().filter(row -> row.used > 0).toList();
    }

    /** For each row the most similar map by the rows so far, as a running policy would look for it. */
    void add(AskedPass pass) throws IOException {
        float[] probabilities = new float[shape.expertCount()];
        for (Row row : rows) {
            row.lastUsed = pass.used(row.number);
            row.lastPredicted = List.of();
            if (row.lastUsed.isEmpty()) {
                continue;
            }
            MapMatches matches = reader.nearestByTrajectory(
                    pass.probabilities(), row.number - distance + 1, itself == null ? 1 : 2, CANDIDATES);
            int best = itself != null && matches.count() > 0 && reader.id(matches, 0) == itself ? 1 : 0;
            if (matches.count() > best) {
                matches.probabilities(best, row.number, probabilities, 0);
                row.lastPredicted = likeliest(probabilities, 0, shape);
            }
            row.used += row.lastUsed.size();
            row.found += row.lastFound();
            row.foundByPreference += row.lastUsed.stream()
                    .filter(preferred.get(row.number)::contains)
                    .count();
        }
    }

    /** What somebody would guess who knows the maps but not the prompt. */
    private List<List<Integer>> preferred() throws IOException {
        float[] sums = new float[shape.probabilityCount()];
        reader.forEachBatch(
                maps -> {
                    float[] some = new float[sums.length];
                    for (StoredMap stored : maps) {
                        for (int i = 0; i < some.length; i++) {
                            some[i] += stored.probabilities()[i];
                        }
                    }
                    return some;
                },
                some -> {
                    for (int i = 0; i < sums.length; i++) {
                        sums[i] += some[i];
                    }
                });
        List<List<Integer>> experts = new ArrayList<>();
        for (int row = 0; row < shape.layerCount(); row++) {
            experts.add(likeliest(sums, row * shape.expertCount(), shape));
        }
        return experts;
    }

    /** The K likeliest experts of a row that begins at {@code from}, likeliest first. */
    static List<Integer> likeliest(float[] probabilities, int from, MapShape shape) {
        List<Integer> experts = new ArrayList<>();
        for (int expert = 0; expert < shape.expertCount(); expert++) {
            experts.add(expert);
        }
        experts.sort((a, b) -> Float.compare(probabilities[from + b], probabilities[from + a]));
        return experts.subList(0, shape.usedCount());
    }
}
