package dev.squall.predict;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * A linear map that is learnt by gradient steps, which shrink with the gradients seen (AdaGrad). The gradient of a linear
 * map is an outer product, so what a weight has seen is kept as a product, too, of what its input and its output have seen
 * (as Adafactor does, Shazeer and Stern 2018): a step is one multiplication a weight, without root or division. n inputs, m
 * outputs. One thread; allocates nothing after start.
 */
final class OnlineMap {
    /** What keeps an input that was always zero from dividing by it. */
    private static final float TINY = 1e-6f;

    private final int inputs;
    private final int outputs;
    private final float rate;
    /** n x m; rows of their own, because the JIT makes vector code of two arrays only where their indices are the same. */
    private final float[][] weights;
    /** Sums of squares. */
    private final float[] inputSquares;

    private final float[] errorSquares;
    private final float[] steps;
    private float seen;

    /**
     * A map of zeros.
     *
     * @param inputs n
     * @param outputs m
     * @param rate the first step's length, whatever the gradient
     * @param damping squared errors that are taken as seen already: the larger, the more careful the first steps
     */
    OnlineMap(int inputs, int outputs, float rate, float damping) {
        this.inputs = inputs;
        this.outputs = outputs;
        this.rate = rate;
        weights = new float[inputs][outputs];
        inputSquares = new float[inputs];
        errorSquares = new float[outputs];
        steps = new float[outputs];
        Arrays.fill(inputSquares, TINY);
        Arrays.fill(errorSquares, damping);
    }

    /** Sets weights at random, so that inputs of length sqrt(n) give outputs of size 1. */
    void randomise(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (float[] row : weights) {
            for (int o = 0; o < outputs; o++) {
                row[o] = (float) (random.nextGaussian() / Math.sqrt(inputs));
            }
        }
    }

    /** Sets one weight. */
    void set(int input, int output, float weight) {
        weights[input][output] = weight;
    }

    /**
     * {@code out += W x}.
     *
     * @param x n numbers
     * @param out m numbers
     */
    void addTo(float[] x, float[] out) {
        addTo(x, out, outputs);
    }

    /** {@link #addTo(float[], float[])} for the first {@code count} outputs. */
    void addTo(float[] x, float[] out, int count) {
        int i = 0;
        for (; i + 4 <= inputs; i += 4) {
            addFourProducts(i, x, out, count);
        }
        for (; i < inputs; i++) {
            addProducts(weights[i], x[i], out, count);
        }
    }

    /** Four rows to one reading and writing of the sums. */
    private void addFourProducts(int i, float[] x, float[] out, int count) {
        float[] row0 = weights[i];
        float[] row1 = weights[i + 1];
        float[] row2 = weights[i + 2];
        float[] row3 = weights[i + 3];
        float x0 = x[i];
        float x1 = x[i + 1];
        float x2 = x[i + 2];
        float x3 = x[i + 3];
        for (int o = 0; o < count; o++) {
            out[o] += row0[o] * x0 + row1[o] * x1 + row2[o] * x2 + row3[o] * x3;
        }
    }

    private static void addProducts(float[] row, float x, float[] out, int count) {
        for (int o = 0; o < count; o++) {
            out[o] += row[o] * x;
        }
    }

    /**
     * {@code gradient += W^T error} by the first {@code count} outputs: what the inputs would have to change.
     *
     * @param error m numbers
     * @param gradient n numbers or more
     */
    void addGradient(float[] error, float[] gradient, int count) {
        int i = 0;
        for (; i + 4 <= inputs; i += 4) {
            addFourGradients(i, error, gradient, count);
        }
        for (; i < inputs; i++) {
            float[] row = weights[i];
            float sum = 0;
            for (int o = 0; o < count; o++) {
                sum = Math.fma(row[o], error[o], sum);
            }
            gradient[i] += sum;
        }
    }

    /** Four sums side by side, since each waits for its own last addition. */
    private void addFourGradients(int i, float[] error, float[] gradient, int count) {
        float[] row0 = weights[i];
        float[] row1 = weights[i + 1];
        float[] row2 = weights[i + 2];
        float[] row3 = weights[i + 3];
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        for (int o = 0; o < count; o++) {
            float e = error[o];
            s0 = Math.fma(row0[o], e, s0);
            s1 = Math.fma(row1[o], e, s1);
            s2 = Math.fma(row2[o], e, s2);
            s3 = Math.fma(row3[o], e, s3);
        }
        gradient[i] += s0;
        gradient[i + 1] += s1;
        gradient[i + 2] += s2;
        gradient[i + 3] += s3;
    }

    /**
     * A step against the gradient.
     *
     * @param x the inputs of a result, n numbers or more
     * @param error the loss's derivative by each output
     */
    void learn(float[] x, float[] error) {
        learn(x, error, outputs);
    }

    /** {@link #learn(float[], float[])} from the first {@code count} outputs. */
    void learn(float[] x, float[] error, int count) {
        seen++;
        for (int o = 0; o < count; o++) {
            errorSquares[o] += error[o] * error[o];
            steps[o] = -rate * error[o] / (float) Math.sqrt(errorSquares[o]);
        }
        for (int i = 0; i < inputs; i++) {
            inputSquares[i] += x[i] * x[i];
            float relative = x[i] * (float) Math.sqrt(seen / inputSquares[i]);
            addProducts(steps, relative, weights[i], count);
        }
    }

    void write(DataOutput out) throws IOException {
        for (float[] row : weights) {
            Weights.write(row, out);
        }
        Weights.write(inputSquares, out);
        Weights.write(errorSquares, out);
        out.writeFloat(seen);
    }

    void read(DataInput in) throws IOException {
        for (float[] row : weights) {
            Weights.read(row, in);
        }
        Weights.read(inputSquares, in);
        Weights.read(errorSquares, in);
        seen = in.readFloat();
    }
}
