package dev.squall.predict;

/** What speaks for the use of an expert, as numbers that {@link CalibratedScore} weighs. */
final class Signals {
    /** Bias, maps, router ahead, recent use, long use, last probability, learnt logit. */
    static final int COUNT = 7;

    private static final double FLOOR = 1e-3;
    private static final double LOGIT_MAX = 10;

    private Signals() {}

    static double[] initialWeights() {
        return new double[] {0, 0.3, 0.3, 0.1, 0.3, 0.1, 0.3};
    }

    /**
     * @param mixture the neighbours' probability; 0 where there are none
     * @param ahead the router's own probability; 0 where it is not known
     * @param learnt the logit of {@link LearnedLogits}; 0 where there is none
     */
    static void fill(
            double[] out,
            int at,
            double mixture,
            double ahead,
            double learnt,
            UseHistory history,
            int layer,
            int expert) {
        out[at] = 1;
        out[at + 1] = logOdds(mixture);
        out[at + 2] = logOdds(ahead);
        out[at + 3] = logOdds(history.recentUse(layer, expert));
        out[at + 4] = logOdds(history.longUse(layer, expert));
        out[at + 5] = logOdds(history.lastProbability(layer, expert));
        out[at + 6] = Math.clamp(learnt, -LOGIT_MAX, LOGIT_MAX);
    }

    static double logOdds(double p) {
        return p <= 0 ? 0 : Math.log((p + FLOOR) / (1 - p + FLOOR));
    }
}
