package dev.squall.predict;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;

/**
 * How soon a layer will use each expert again, learnt online: the discounted value of its next use, by temporal
 * differences. It begins as what followed similar passes. The value is 1 if the next visit uses it, else {@link
 * #DISCOUNT} times the value after that visit. What is known after a visit and tells it: its hidden state, how it
 * spread, and what it used lately and in the long run. One thread; allocates nothing after start.
 */
final class ReuseRates {
    /** Worth of a use one visit later. */
    static final float DISCOUNT = 0.7f;

    private static final float RATE = 0.03f;
    private static final float DAMPING = 0.01f;
    /** Log-odds span about -7 to 7. */
    private static final float SCALE = 0.3f;
    /** Most weights of all maps together. */
    private static final long WEIGHTS_MAX = 8L << 20;

    private final UseHistory history;
    private final LearnedRouters routers;
    private final int expertCount;
    /** By layer; none where the model is too large. */
    private final OnlineMap[] values;

    private final float[][] inputs;
    private final float[][] logits;
    private final boolean[] hasInputs;
    private final float[] continuedOdds;
    private final float[] nextInputs;
    private final float[] nextLogits;
    private final float[] errors;

    /** @param routers whose features of a layer's hidden state it reads */
    ReuseRates(MapShape shape, UseHistory history, LearnedRouters routers) {
        this.history = history;
        this.routers = routers;
        expertCount = shape.expertCount();
        int features = routers.featureCount();
        int inputCount = features + 1 + 4 * expertCount;
        boolean fits = features > 0 && (long) inputCount * shape.probabilityCount() <= WEIGHTS_MAX;
        values = new OnlineMap[fits ? shape.layerCount() : 0];
        for (int layer = 0; layer < values.length; layer++) {
            values[layer] = new OnlineMap(inputCount, expertCount, RATE, DAMPING);
            for (int expert = 0; expert < expertCount; expert++) {
                values[layer].set(features + 1 + expert, expert, 1 / SCALE);
            }
        }
        inputs = new float[values.length][inputCount];
        logits = new float[values.length][expertCount];
        hasInputs = new boolean[shape.layerCount()];
        continuedOdds = new float[expertCount];
        nextInputs = new float[inputCount];
        nextLogits = new float[expertCount];
        errors = new float[expertCount];
    }

    /**
     * A layer has been routed for a single row; history and routers have observed it.
     *
     * @param used J, 1 for what it used
     * @param continued J, the discounted value of the next use after similar passes, or a stand-in
     * @param isLearning whether something is learnt of it
     */
    void onRouted(int layer, float[] used, float[] continued, boolean isLearning) {
        if (values.length == 0) {
            return;
        }
        int features = routers.featureCount();
        System.arraycopy(routers.features(layer), 0, nextInputs, 0, features + 1);
        Logistic.logOdds(continued, continuedOdds);
        set(features + 1, continuedOdds, 0);
        set(features + 1 + expertCount, history.recentOdds(), history.from(layer));
        set(features + 1 + 2 * expertCount, history.lastOdds(), history.from(layer));
        set(features + 1 + 3 * expertCount, history.longOdds(), history.from(layer));
        Arrays.fill(nextLogits, 0);
        values[layer].addTo(nextInputs, nextLogits);
        if (isLearning && hasInputs[layer]) {
            for (int expert = 0; expert < expertCount; expert++) {
                float target = used[expert] > 0 ? 1 : DISCOUNT * Logistic.sigmoid(nextLogits[expert]);
                errors[expert] = Logistic.sigmoid(logits[layer][expert]) - target;
            }
            values[layer].learn(inputs[layer], errors);
        }
        System.arraycopy(nextInputs, 0, inputs[layer], 0, nextInputs.length);
        System.arraycopy(nextLogits, 0, logits[layer], 0, nextLogits.length);
        hasInputs[layer] = true;
    }

    private void set(int from, float[] odds, int first) {
        for (int expert = 0; expert < expertCount; expert++) {
            nextInputs[from + expert] = SCALE * odds[first + expert];
        }
    }

    /** The rate of use by a coming visit that has this value if it stays the same: {@code v = r + (1 - r) DISCOUNT v}. */
    double rate(int layer, int expert) {
        if (!hasInputs[layer]) {
            return history.longUse(layer, expert);
        }
        double value = Logistic.sigmoid(logits[layer][expert]);
        return value * (1 - DISCOUNT) / (1 - DISCOUNT * value);
    }

    void write(DataOutput out) throws IOException {
        for (OnlineMap value : values) {
            value.write(out);
        }
    }

    void read(DataInput in) throws IOException {
        for (OnlineMap value : values) {
            value.read(in);
        }
    }
}
