package dev.squall.predict;

/** What speaks for the use of an expert, as numbers that {@link CalibratedScore} weighs. */
final class Signals {
    /** Bias, maps, router ahead, recent use, long use, last probability. */
    static final int COUNT = 6;

    private static final double FLOOR = 1e-3;

    private Signals() {}

    static double[] initialWeights() {
        return new double[] {0, 0.4, 0.6, 0.1, 0.3, 0.1};
    }

    /**
     * @param mixture the neighbours' probability; 0 where there are none
     * @param ahead the router's own probability; 0 where it is not known
     */
    static void fill(double[] out, int at, double mixture, double ahead, UseHistory history, int layer, int expert) {
        out[at] = 1;
        out[at + 1] = logOdds(mixture);
        out[at + 2] = logOdds(ahead);
        out[at + 3] = logOdds(history.recentUse(layer, expert));
        out[at + 4] = logOdds(history.longUse(layer, expert));
        out[at + 5] = logOdds(history.lastProbability(layer, expert));
    }

    private static double logOdds(double p) {
        return p <= 0 ? 0 : Math.log((p + FLOOR) / (1 - p + FLOOR));
    }
}
