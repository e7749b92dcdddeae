package dev.squall.predict;

/**
 * How soon a layer will use each expert again, learnt online: the discounted value of its next use, by temporal
 * differences. The value is 1 if the next visit uses it, else {@link #DISCOUNT} times the value after that visit. What is
 * known after a visit and tells it: how the layer spread, what it used lately and in the long run, and the token. One
 * thread; allocates nothing after start.
 */
final class ReuseRates {
    /** Worth of a use one visit later. */
    private static final float DISCOUNT = 0.7f;

    private final UseHistory history;
    private final LearnedLogits values;
    private final boolean isLearnt;
    private final float[][] inputs;
    private final float[][] logits;
    private final boolean[] hasInputs;
    private final float[] recent;
    private final float[] longUse;
    private final float[] nextInputs;
    private final float[] nextLogits;
    private final float[] targets;

    ReuseRates(MapShape shape, UseHistory history) {
        this.history = history;
        values = new LearnedLogits(shape, 3, 1);
        isLearnt = values.distances() > 0;
        inputs = new float[shape.layerCount()][values.inputCount()];
        logits = new float[shape.layerCount()][shape.expertCount()];
        hasInputs = new boolean[shape.layerCount()];
        recent = new float[shape.expertCount()];
        longUse = new float[shape.expertCount()];
        nextInputs = new float[values.inputCount()];
        nextLogits = new float[shape.expertCount()];
        targets = new float[shape.expertCount()];
    }

    /**
     * A layer has been routed for a single row.
     *
     * @param used J, 1 for what it used
     * @param present J, how it spread
     * @param folded the token's embedding
     */
    void onRouted(int layer, float[] used, float[] present, float[] folded) {
        if (!isLearnt) {
            return;
        }
        history.recentUses(layer, recent);
        history.longUses(layer, longUse);
        values.begin(nextInputs, folded);
        values.set(nextInputs, 0, recent);
        values.set(nextInputs, 1, present);
        values.set(nextInputs, 2, longUse);
        values.logits(layer, 0, nextInputs, nextLogits);
        if (hasInputs[layer]) {
            for (int expert = 0; expert < targets.length; expert++) {
                targets[expert] = used[expert] > 0 ? 1 : DISCOUNT * value(nextLogits[expert]);
            }
            values.learn(layer, 0, inputs[layer], logits[layer], targets);
        }
        System.arraycopy(nextInputs, 0, inputs[layer], 0, nextInputs.length);
        System.arraycopy(nextLogits, 0, logits[layer], 0, nextLogits.length);
        hasInputs[layer] = true;
    }

    private static float value(float logit) {
        return (float) (1 / (1 + Math.exp(-logit)));
    }

    /** The rate of use by a coming visit that has this value if it stays the same: {@code v = r + (1 - r) DISCOUNT v}. */
    double rate(int layer, int expert) {
        if (!isLearnt || !hasInputs[layer]) {
            return history.longUse(layer, expert);
        }
        double value = value(logits[layer][expert]);
        return value * (1 - DISCOUNT) / (1 - DISCOUNT * value);
    }
}
