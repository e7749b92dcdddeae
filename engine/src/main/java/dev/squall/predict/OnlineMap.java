package dev.squall.predict;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * A linear map that is learnt by gradient steps, each weight's step shrinking with the gradients it has seen (AdaGrad). n
 * inputs, m outputs, weights n x m. One thread; allocates nothing after start.
 */
final class OnlineMap {
    private final int inputs;
    private final int outputs;
    private final float rate;
    private final float[] weights;
    private final float[] squares;

    /**
     * A map of zeros.
     *
     * @param inputs n
     * @param outputs m
     * @param rate the first step's length, whatever the gradient
     * @param damping squared gradients that are taken as seen already: the larger, the more careful the first steps
     */
    OnlineMap(int inputs, int outputs, float rate, float damping) {
        this.inputs = inputs;
        this.outputs = outputs;
        this.rate = rate;
        weights = new float[Math.multiplyExact(inputs, outputs)];
        squares = new float[weights.length];
        Arrays.fill(squares, damping);
    }

    /** Sets weights at random, so that inputs of length sqrt(n) give outputs of size 1. */
    void randomise(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (float) (random.nextGaussian() / Math.sqrt(inputs));
        }
    }

    /** Sets one weight. */
    void set(int input, int output, float weight) {
        weights[input * outputs + output] = weight;
    }

    /**
     * {@code out += W x}.
     *
     * @param x n numbers
     * @param out m numbers
     */
    void addTo(float[] x, float[] out) {
        for (int i = 0; i < inputs; i++) {
            float xi = x[i];
            int from = i * outputs;
            for (int o = 0; o < outputs; o++) {
                out[o] += weights[from + o] * xi;
            }
        }
    }

    /**
     * {@code gradient += W^T error}: what the inputs would have to change.
     *
     * @param error m numbers
     * @param gradient n numbers or more
     */
    void addGradient(float[] error, float[] gradient) {
        for (int i = 0; i < inputs; i++) {
            int from = i * outputs;
            float sum = 0;
            for (int o = 0; o < outputs; o++) {
                sum += weights[from + o] * error[o];
            }
            gradient[i] += sum;
        }
    }

    /**
     * A step against the gradient.
     *
     * @param x the inputs of a result
     * @param error the loss's derivative by each output
     */
    void learn(float[] x, float[] error) {
        for (int i = 0; i < inputs; i++) {
            float xi = x[i];
            int from = i * outputs;
            for (int o = 0; o < outputs; o++) {
                float gradient = xi * error[o];
                float sum = squares[from + o] + gradient * gradient;
                squares[from + o] = sum;
                weights[from + o] -= rate * gradient / (float) Math.sqrt(sum);
            }
        }
    }
}
