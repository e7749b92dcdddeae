package dev.squall.predict;

/** What speaks for the use of an expert, as numbers that {@link CalibratedScore} weighs. */
final class Signals {
    /** Bias, maps, router ahead, recent use, long use, last probability, learnt logit. */
    static final int COUNT = 7;

    private static final double FLOOR = 1e-3;
    private static final float LOGIT_MAX = 10;

    private Signals() {}

    static double[] initialWeights() {
        return new double[] {0, 0.3, 0.3, 0.1, 0.3, 0.1, 0.3};
    }

    /**
     * @param mixtureOdds of the neighbours' probability; 0 where there are none
     * @param aheadOdds of the router's own probability; 0 where it is not known
     * @param learnt the logit of {@link LearnedRouters}; 0 where there is none
     * @param at the layer's and expert's place in the history
     */
    static void fill(
            double[] out, int from, float mixtureOdds, float aheadOdds, float learnt, UseHistory history, int at) {
        out[from] = 1;
        out[from + 1] = mixtureOdds;
        out[from + 2] = aheadOdds;
        out[from + 3] = history.recentOdds()[at];
        out[from + 4] = history.longOdds()[at];
        out[from + 5] = history.lastOdds()[at];
        out[from + 6] = Math.clamp(learnt, -LOGIT_MAX, LOGIT_MAX);
    }

    /** The log-odds of a probability, within some 7 of 0; 0 for 0, which stands for what is not known. */
    static float logOdds(double p) {
        return p <= 0 ? 0 : (float) Math.log((p + FLOOR) / (1 - p + FLOOR));
    }

    /** {@link #logOdds(double)} of each. */
    static void logOdds(float[] probabilities, float[] out) {
        for (int i = 0; i < probabilities.length; i++) {
            out[i] = logOdds(probabilities[i]);
        }
    }
}
