package dev.squall.predict;

import java.util.Arrays;

/**
 * Logits for the experts of layers, learnt online: for each layer and each distance a linear map from what is known now
 * (logistic regression, AdaGrad). ProMoE trains such predictors beforehand. A map reads some distributions over the J
 * experts and the token's embedding; at first it repeats the first distribution, so that learning begins where that ends
 * and corrects it. One thread; allocates nothing after start.
 */
final class LearnedLogits {
    /** Numbers that a token's embedding is folded to. */
    static final int EMBEDDING_INPUTS = 64;

    /** Most weights of all maps together. */
    private static final long WEIGHTS_MAX = 4L << 20;

    /** Log-odds span about -7 to 7. */
    private static final float SCALE = 0.3f;

    private static final float RATE = 0.2f;
    /** An error below this teaches nothing that is worth its time. */
    private static final float ERROR_MIN = 0.05f;

    private final int expertCount;
    private final int inputCount;
    private final int distances;
    /** By layer and distance: J x inputs. */
    private final float[][][] weights;

    private final float[][][] squares;

    /**
     * Makes maps for as many distances as fit, which may be none.
     *
     * @param distributions how many each reads
     */
    LearnedLogits(MapShape shape, int distributions, int distancesMax) {
        expertCount = shape.expertCount();
        inputCount = 1 + EMBEDDING_INPUTS + distributions * expertCount;
        long ofDistance = (long) shape.probabilityCount() * inputCount;
        distances = (int) Math.min(distancesMax, WEIGHTS_MAX / ofDistance);
        weights = new float[shape.layerCount()][distances][expertCount * inputCount];
        squares = new float[shape.layerCount()][distances][expertCount * inputCount];
        for (float[][] layer : weights) {
            for (float[] map : layer) {
                for (int expert = 0; expert < expertCount; expert++) {
                    map[expert * inputCount + 1 + EMBEDDING_INPUTS + expert] = 1 / SCALE;
                }
            }
        }
    }

    /** How many distances are learnt, 0 where the model is too large. */
    int distances() {
        return distances;
    }

    /** Numbers that a map reads. */
    int inputCount() {
        return inputCount;
    }

    /** Folds a token's embedding into {@link #EMBEDDING_INPUTS} numbers of length about 1 (a count sketch). */
    static void fold(float[] embedding, int length, float[] out) {
        Arrays.fill(out, 0);
        double squaredLength = 0;
        for (int i = 0; i < length; i++) {
            int hash = (i + 1) * 0x9E3779B9;
            hash ^= hash >>> 15;
            hash *= 0x85EBCA6B;
            hash ^= hash >>> 13;
            out[(hash >>> 1) % EMBEDDING_INPUTS] += (hash & 1) == 0 ? embedding[i] : -embedding[i];
            squaredLength += (double) embedding[i] * embedding[i];
        }
        float scale = squaredLength == 0 ? 0 : (float) Math.sqrt(SCALE * EMBEDDING_INPUTS / squaredLength);
        for (int i = 0; i < out.length; i++) {
            out[i] *= scale;
        }
    }

    /**
     * Begins the inputs of a map.
     *
     * @param folded the token's embedding
     */
    void begin(float[] inputs, float[] folded) {
        inputs[0] = 1;
        System.arraycopy(folded, 0, inputs, 1, EMBEDDING_INPUTS);
    }

    /**
     * Sets one of the distributions among the inputs.
     *
     * @param index which
     * @param probabilities J; 0 counts as not known
     */
    void set(float[] inputs, int index, float[] probabilities) {
        int from = 1 + EMBEDDING_INPUTS + index * expertCount;
        for (int expert = 0; expert < expertCount; expert++) {
            inputs[from + expert] = SCALE * (float) Signals.logOdds(probabilities[expert]);
        }
    }

    /**
     * The logit of each expert.
     *
     * @param distance from 0, below {@link #distances()}
     * @param out J logits
     */
    void logits(int layer, int distance, float[] inputs, float[] out) {
        float[] map = weights[layer][distance];
        for (int expert = 0; expert < expertCount; expert++) {
            out[expert] = dot(map, expert * inputCount, inputs);
        }
    }

    private float dot(float[] map, int from, float[] inputs) {
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        int i = 0;
        for (; i + 4 <= inputCount; i += 4) {
            s0 += map[from + i] * inputs[i];
            s1 += map[from + i + 1] * inputs[i + 1];
            s2 += map[from + i + 2] * inputs[i + 2];
            s3 += map[from + i + 3] * inputs[i + 3];
        }
        for (; i < inputCount; i++) {
            s0 += map[from + i] * inputs[i];
        }
        return s0 + s1 + s2 + s3;
    }

    /**
     * Learns from what came of it.
     *
     * @param targets J, from 0 to 1: what the logits should have said as probabilities
     */
    void learn(int layer, int distance, float[] inputs, float[] logits, float[] targets) {
        for (int expert = 0; expert < expertCount; expert++) {
            float error = (float) (1 / (1 + Math.exp(-logits[expert]))) - targets[expert];
            if (Math.abs(error) >= ERROR_MIN) {
                step(weights[layer][distance], squares[layer][distance], expert * inputCount, inputs, error);
            }
        }
    }

    private void step(float[] map, float[] sums, int from, float[] inputs, float error) {
        for (int i = 0; i < inputCount; i++) {
            float gradient = error * inputs[i];
            float sum = sums[from + i] + gradient * gradient;
            sums[from + i] = sum;
            map[from + i] -= RATE * gradient / (float) Math.sqrt(0.01f + sum);
        }
    }
}
