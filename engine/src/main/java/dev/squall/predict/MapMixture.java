package dev.squall.predict;

import java.util.Arrays;

/**
 * A weighted set of maps of {@link ContextMaps}: what passes like the running one did, and what came after them. Empty
 * where nothing is known. L layers, J experts.
 */
final class MapMixture {
    /** How much nearer maps count for more: weight {@code e^(SHARPNESS · score)}. */
    private static final double SHARPNESS = 40;

    /** What none of the maps goes on with; 0 stands for what is not known. */
    private static final float NEVER = 1e-4f;

    private final MapCandidates candidates;
    private final int[] members;
    private final double[] weights;
    private final float[] ofMap;
    /** By the number of passes until a use, what it is worth. */
    private final double[] worth = new double[Continuation.PASSES_MAX + 1];

    /**
     * @param shape the model's
     * @param members candidates that take part
     * @param scores of each of them, a mean of cosines
     */
    MapMixture(MapShape shape, MapCandidates candidates, int[] members, double[] scores) {
        this.candidates = candidates;
        this.members = members;
        weights = new double[members.length];
        ofMap = new float[shape.expertCount()];
        double best = 0;
        for (double score : scores) {
            best = Math.max(best, score);
        }
        double total = 0;
        for (int i = 0; i < weights.length; i++) {
            weights[i] = Math.exp(SHARPNESS * (scores[i] - best));
            total += weights[i];
        }
        for (int i = 0; i < weights.length; i++) {
            weights[i] /= total;
        }
    }

    /**
     * For each expert of a layer, over what followed the maps: the share that used it in the pass after.
     *
     * @param out J, out
     */
    void nextUses(int layer, float[] out) {
        discountedUses(layer, 0, out);
    }

    /**
     * For each expert of a layer the mean of {@code discount^(n-1)}, n being the passes until its next use.
     *
     * @param out J, out; zeros if nothing is known
     * @return false if nothing is known
     */
    boolean discountedUses(int layer, float discount, float[] out) {
        Arrays.fill(out, 0);
        for (int passes = 1; passes < worth.length; passes++) {
            worth[passes] = passes == 1 ? 1 : worth[passes - 1] * discount;
        }
        double known = 0;
        for (int i = 0; i < weights.length; i++) {
            byte[] continuation = candidates.continuation(members[i]);
            if (Continuation.passes(continuation) == 0) {
                continue;
            }
            known += weights[i];
            for (int expert = 0; expert < out.length; expert++) {
                int passes = Continuation.nextUse(continuation, layer * out.length + expert);
                if (passes > 0) {
                    out[expert] += (float) (weights[i] * worth[passes]);
                }
            }
        }
        for (int expert = 0; known > 0 && expert < out.length; expert++) {
            out[expert] = Math.max(NEVER, out[expert] / (float) known);
        }
        return known > 0;
    }

    /**
     * The mean distribution of a layer of the pass that is predicted.
     *
     * @param out J, out; zeros if nothing is known
     */
    void distribution(int layer, float[] out) {
        Arrays.fill(out, 0);
        for (int i = 0; i < weights.length; i++) {
            candidates.probabilities(members[i], layer, ofMap);
            for (int expert = 0; expert < ofMap.length; expert++) {
                out[expert] += (float) (weights[i] * ofMap[expert]);
            }
        }
    }
}
