package dev.squall.predict;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * A probability from several signals by logistic regression, learnt online from what came of each prediction: what
 * calibrates a predictor's confidence instead of trusting it. One thread.
 */
final class CalibratedScore {
    private final double[] weights;
    private final double[] squaredGradients;
    private final double rate;

    /**
     * @param initial a weight for each signal to begin with
     * @param rate how fast it learns (AdaGrad's step)
     */
    CalibratedScore(double[] initial, double rate) {
        weights = initial.clone();
        squaredGradients = new double[weights.length];
        this.rate = rate;
    }

    /** The probability that signals from {@code from} speak for. */
    double probability(double[] signals, int from) {
        double sum = 0;
        for (int i = 0; i < weights.length; i++) {
            sum += weights[i] * signals[from + i];
        }
        return 1 / (1 + Math.exp(-sum));
    }

    /** Learns that what these signals spoke for happened, or did not. */
    void learn(double[] signals, int from, boolean happened) {
        double error = probability(signals, from) - (happened ? 1 : 0);
        for (int i = 0; i < weights.length; i++) {
            double gradient = error * signals[from + i];
            squaredGradients[i] += gradient * gradient;
            weights[i] -= rate * gradient / Math.sqrt(1 + squaredGradients[i]);
        }
    }

    void write(DataOutput out) throws IOException {
        Weights.write(weights, out);
        Weights.write(squaredGradients, out);
    }

    void read(DataInput in) throws IOException {
        Weights.read(weights, in);
        Weights.read(squaredGradients, in);
    }
}
