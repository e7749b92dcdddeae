package dev.squall.predict;

import org.jspecify.annotations.Nullable;

/**
 * Maps that the running pass may turn out to be like: found once and ranked anew with each layer that
 * becomes known. So a layer costs a comparison of its own distribution with theirs and no search. L layers, J experts;
 * maps are those of {@link ContextMaps}, 2L x J. One thread.
 */
final class MapCandidates {
    /** Maps that are taken into account. */
    private static final int NEIGHBOURS = 8;

    /** Candidates that are compared layer by layer. */
    private static final int KEPT = 16;

    private final MapShape shape;
    /** L x J: the pass before, every layer at unit length. */
    private final float[] before;

    private @Nullable MapMatches matches;
    /** Which matches are candidates. */
    private int[] members = new int[0];

    /** By candidate the sum of the cosines of {@link #layers} layers, and for L more the semantic one. */
    private double[] sums = new double[0];

    /** L x {@link #KEPT} x J: the candidates' own passes, side by side, since maps lie scattered in memory. */
    private final float[] passes;

    private int layers;
    private int observed;

    /** @param shape the model's */
    MapCandidates(MapShape shape) {
        this.shape = shape;
        before = new float[shape.probabilityCount()];
        passes = new float[KEPT * shape.probabilityCount()];
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
        int n = shape.expertCount();
        System.arraycopy(context, 0, before, 0, before.length);
        MapVectors.toUnitLayers(before, n);
        for (int i = 0; i < sums.length; i++) {
            members[i] = i;
            sums[i] = shape.layerCount() * (double) found.score(i) + found.cosines(i, shape.layerCount(), before);
        }
        layers = 2 * shape.layerCount();
        observed = 0;
        keepBest();
        for (int i = 0; i < sums.length; i++) {
            for (int layer = 0; layer < shape.layerCount(); layer++) {
                found.probabilities(members[i], shape.layerCount() + layer, passes, (layer * KEPT + i) * n);
            }
        }
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
        int n = shape.expertCount();
        for (; matches != null && observed <= layer; observed++) {
            layers++;
            for (int i = 0; i < sums.length; i++) {
                sums[i] += MapVectors.cosine(
                        passes, (observed * KEPT + i) * n, context, (shape.layerCount() + observed) * n, n);
            }
        }
    }

    /**
     * How the pass of a candidate spread over a layer's experts.
     *
     * @param out J, out
     */
    void probabilities(int candidate, int layer, float[] out) {
        System.arraycopy(passes, (layer * KEPT + candidate) * out.length, out, 0, out.length);
    }

    /** What followed a candidate, a {@link Continuation}. */
    byte[] continuation(int candidate) {
        MapMatches found = matches;
        if (found == null) {
            throw new IllegalStateException("nothing has been found");
        }
        return found.continuation(members[candidate]);
    }

    /** The candidates that are most like the pass. */
    MapMixture nearest() {
        if (matches == null) {
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
            nearest[i] = best.place(i);
            scores[i] = sums[best.place(i)] / layers;
        }
        return new MapMixture(shape, this, nearest, scores);
    }

    /** What there is where nothing is known. */
    MapMixture none() {
        return new MapMixture(shape, this, new int[0], new double[0]);
    }
}
