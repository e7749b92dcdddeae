package dev.squall.predict;

import java.util.Arrays;

/** What speaks for the use of a layer's J experts by one visit, as numbers that {@link CalibratedScore} weighs. */
final class Signals {
    /** Bias, maps, router ahead, recent use, long use, last probability, learnt logit. */
    private static final double[] INITIAL_WEIGHTS = {0, 0.3, 0.3, 0.1, 0.3, 0.1, 0.3};

    private static final float LOGIT_MAX = 10;

    private final int expertCount;
    /** By signal and expert. */
    private final float[] values;

    private final float[] probabilities;
    private long visit = -1;

    Signals(int expertCount) {
        this.expertCount = expertCount;
        values = new float[INITIAL_WEIGHTS.length * expertCount];
        Arrays.fill(values, 0, expertCount, 1);
        probabilities = new float[expertCount];
    }

    static double[] initialWeights() {
        return INITIAL_WEIGHTS.clone();
    }

    /**
     * Takes in what is known of a visit.
     *
     * @param mixtureOdds J, of the neighbours' probabilities; 0 where there are none
     * @param aheadOdds J, of the router's own probabilities; 0 where it is not known
     * @param learnt J logits of {@link LearnedRouters}; 0 where there are none
     * @param from the layer's place in the history
     */
    void set(long newVisit, float[] mixtureOdds, float[] aheadOdds, float[] learnt, UseHistory history, int from) {
        visit = newVisit;
        set(1, mixtureOdds, 0);
        set(2, aheadOdds, 0);
        set(3, history.recentOdds(), from);
        set(4, history.longOdds(), from);
        set(5, history.lastOdds(), from);
        for (int expert = 0, at = 6 * expertCount; expert < expertCount; expert++, at++) {
            values[at] = Math.max(-LOGIT_MAX, Math.min(LOGIT_MAX, learnt[expert]));
        }
    }

    private void set(int signal, float[] numbers, int from) {
        System.arraycopy(numbers, from, values, signal * expertCount, expertCount);
    }

    /** J, how likely that visit uses each expert; valid until the next call of any method. */
    float[] weigh(CalibratedScore score) {
        score.probabilities(values, probabilities);
        return probabilities;
    }

    /**
     * Lets a score learn what came of the visit, if it is the one that was spoken of last.
     *
     * @param used J, 1 for what it used
     */
    void teach(CalibratedScore score, long ended, float[] used) {
        if (visit == ended) {
            score.learn(values, used, probabilities);
        }
    }
}
