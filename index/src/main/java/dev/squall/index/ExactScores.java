package dev.squall.index;

import dev.squall.predict.MapShape;
import dev.squall.predict.MapVectors;
import java.util.Arrays;
import java.util.List;
import org.apache.lucene.util.BytesRef;

/** The best scores of queries among stored maps that are shown one by one, by prefixes of their layers. */
final class ExactScores {
    private final MapShape shape;
    private final int[] layers;
    private final float[][] directions;
    private final float[][][] best;
    private final float[] stored;
    private long compared;

    /**
     * @param queries L x J probabilities each
     * @param layers prefixes that are scored, rising
     * @param k scores that are kept of each
     */
    ExactScores(MapShape shape, List<float[]> queries, int[] layers, int k) {
        this.shape = shape;
        this.layers = layers.clone();
        directions = queries.stream()
                .map(query -> MapVectors.directions(shape, query, shape.layerCount()))
                .toArray(float[][]::new);
        best = new float[directions.length][layers.length][k];
        for (float[][] ofQuery : best) {
            for (float[] scores : ofQuery) {
                Arrays.fill(scores, -1);
            }
        }
        stored = new float[shape.probabilityCount()];
    }

    /** @param map L x J halves */
    void compare(BytesRef map) {
        int n = shape.expertCount();
        HalfFloats.decode(map.bytes, map.offset, 0, stored.length, stored, 0);
        for (int from = 0; from < stored.length; from += n) {
            float factor = 1 / MapVectors.length(stored, from, n);
            for (int i = from; i < from + n; i++) {
                stored[i] *= factor;
            }
        }
        for (int query = 0; query < directions.length; query++) {
            double cosines = 0;
            int layer = 0;
            for (int i = 0; i < layers.length; i++) {
                for (; layer < layers[i]; layer++) {
                    cosines += product(directions[query], layer * n, n);
                }
                keep(best[query][i], (float) (cosines / layers[i]));
            }
        }
        compared++;
    }

    /** Puts a score in its place among falling ones, if it has one there. */
    private static void keep(float[] falling, float score) {
        if (score <= falling[falling.length - 1]) {
            return;
        }
        int at = falling.length - 1;
        for (; at > 0 && falling[at - 1] < score; at--) {
            falling[at] = falling[at - 1];
        }
        falling[at] = score;
    }

    private float product(float[] direction, int from, int n) {
        float even = 0;
        float odd = 0;
        int i = from;
        for (; i + 1 < from + n; i += 2) {
            even = Math.fma(direction[i], stored[i], even);
            odd = Math.fma(direction[i + 1], stored[i + 1], odd);
        }
        return i < from + n ? Math.fma(direction[i], stored[i], even) + odd : even + odd;
    }

    /** Maps so far. */
    long compared() {
        return compared;
    }

    /** By query and prefix, the k greatest, falling; -1 where there are fewer maps. */
    float[][][] best() {
        return best;
    }
}
