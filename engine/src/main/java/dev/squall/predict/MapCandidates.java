package dev.squall.predict;

import org.jspecify.annotations.Nullable;

/**
 * Maps that the running pass may turn out to be like: found once, at its beginning, and ranked anew with each layer that
 * becomes known. So a layer costs a comparison of its own distribution with theirs and no search. L layers, J experts;
 * maps are those of {@link ContextMaps}, 2L x J. One thread.
 */
final class MapCandidates {
    /** Maps that are taken into account. */
    private static final int NEIGHBOURS = 8;

    /** Candidates that are compared layer by layer. */
    private static final int KEPT = 64;

    private final MapShape shape;
    private final float[] ofMap;
    private @Nullable MapMatches matches;
    /** Which matches are candidates. */
    private int[] members = new int[0];

    /** By candidate the sum of the cosines of {@link #layers} layers, and for L more the semantic one. */
    private double[] sums = new double[0];

    private int layers;
    private int observed;

    /** @param shape the model's */
    MapCandidates(MapShape shape) {
        this.shape = shape;
        ofMap = new float[shape.expertCount()];
    }

    void clear() {
        matches = null;
    }

    /**
     * A pass begins.
     *
     * @param found by its embedding
     * @param context 2L x J, of which the first L are those of the pass before
     */
    void begin(MapMatches found, float[] context) {
        matches = found;
        sums = new double[found.count()];
        members = new int[sums.length];
        for (int i = 0; i < sums.length; i++) {
            members[i] = i;
            sums[i] = shape.layerCount() * (double) found.score(i);
        }
        layers = shape.layerCount();
        observed = 0;
        for (int layer = 0; layer < shape.layerCount(); layer++) {
            add(found, layer, context);
        }
        keepBest();
    }

    /** Goes on with those that came after a pass like the one before this. */
    private void keepBest() {
        RankedPlaces best = new RankedPlaces(Math.min(KEPT, sums.length));
        for (int i = 0; i < sums.length; i++) {
            if ((float) sums[i] > best.least()) {
                best.offer(i, (float) sums[i]);
            }
        }
        int[] keptMembers = new int[best.count()];
        double[] keptSums = new double[best.count()];
        for (int i = 0; i < keptSums.length; i++) {
            keptMembers[i] = members[best.place(i)];
            keptSums[i] = sums[best.place(i)];
        }
        members = keptMembers;
        sums = keptSums;
    }

    /**
     * The pass's layers up to this one are known.
     *
     * @param context 2L x J, of which the last L are those of this pass
     */
    void observe(int layer, float[] context) {
        MapMatches found = matches;
        while (found != null && observed <= layer) {
            add(found, shape.layerCount() + observed, context);
            observed++;
        }
    }

    private void add(MapMatches found, int layer, float[] context) {
        layers++;
        for (int i = 0; i < sums.length; i++) {
            found.probabilities(members[i], layer, ofMap, 0);
            sums[i] += cosine(ofMap, context, layer * ofMap.length);
        }
    }

    /** The candidates that are most like the pass. */
    MapMixture nearest() {
        MapMatches found = matches;
        if (found == null) {
            return none();
        }
        RankedPlaces best = new RankedPlaces(Math.min(NEIGHBOURS, sums.length));
        for (int i = 0; i < sums.length; i++) {
            float score = (float) (sums[i] / layers);
            if (score > best.least()) {
                best.offer(i, score);
            }
        }
        int[] nearest = new int[best.count()];
        double[] scores = new double[best.count()];
        for (int i = 0; i < nearest.length; i++) {
            nearest[i] = members[best.place(i)];
            scores[i] = sums[best.place(i)] / layers;
        }
        return new MapMixture(shape, found, nearest, scores);
    }

    /** What there is where nothing is known. */
    MapMixture none() {
        return new MapMixture(shape, MapMatches.NONE, new int[0], new double[0]);
    }

    private static double cosine(float[] a, float[] b, int from) {
        double product = 0;
        double squaresOfA = 0;
        double squaresOfB = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[from + i];
            squaresOfA += (double) a[i] * a[i];
            squaresOfB += (double) b[from + i] * b[from + i];
        }
        return product == 0 ? 0 : product / Math.sqrt(squaresOfA * squaresOfB);
    }
}
