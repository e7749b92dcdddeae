package dev.squall.predict;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;

/**
 * A probability from several signals by logistic regression, learnt online from what came of each prediction: what
 * calibrates a predictor's confidence instead of trusting it. Of the J experts of a layer at once; S signals. One thread.
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

    /**
     * The probabilities that signals speak for.
     *
     * @param signals S x J
     * @param out J, out
     */
    void probabilities(float[] signals, float[] out) {
        int n = out.length;
        Arrays.fill(out, 0);
        for (int signal = 0; signal < weights.length; signal++) {
            float weight = (float) weights[signal];
            for (int expert = 0, at = signal * n; expert < n; expert++, at++) {
                out[expert] += weight * signals[at];
            }
        }
        for (int expert = 0; expert < n; expert++) {
            out[expert] = Logistic.sigmoid(out[expert]);
        }
    }

    /**
     * Learns what signals led to, by one step for all experts.
     *
     * @param signals S x J
     * @param happened J, 1 for what happened, 0 for what did not
     * @param said J, out: what it would have said
     */
    void learn(float[] signals, float[] happened, float[] said) {
        int n = said.length;
        probabilities(signals, said);
        for (int signal = 0; signal < weights.length; signal++) {
            float sum = 0;
            float squares = 0;
            for (int expert = 0, at = signal * n; expert < n; expert++, at++) {
                float gradient = (said[expert] - happened[expert]) * signals[at];
                sum += gradient;
                squares = Math.fma(gradient, gradient, squares);
            }
            squaredGradients[signal] += squares;
            weights[signal] -= rate * sum / Math.sqrt(1 + squaredGradients[signal]);
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
