package dev.squall.expert;

import java.util.Arrays;

/**
 * What a policy wants the cache to know and to do, for some layers. L layers with experts, J experts. Filled by one
 * thread, then published, which copies it; reused.
 */
public final class PrefetchPlan {
    private final int layerCount;
    private final int expertCount;
    private final double[] probabilities;
    private final double[] priorities;
    private final double[] rates;
    private final long[] visits;
    private final boolean[] hasRates;
    private boolean isEmpty;

    public PrefetchPlan(int layerCount, int expertCount) {
        this.layerCount = layerCount;
        this.expertCount = expertCount;
        probabilities = new double[layerCount * expertCount];
        priorities = new double[probabilities.length];
        rates = new double[probabilities.length];
        visits = new long[layerCount];
        hasRates = new boolean[layerCount];
        clear();
    }

    /** Forgets everything. */
    public void clear() {
        Arrays.fill(visits, -1);
        Arrays.fill(hasRates, false);
        isEmpty = true;
    }

    /** Whether it says nothing. */
    public boolean isEmpty() {
        return isEmpty;
    }

    /**
     * Begins the forecast of a visit: no expert is used, none is wanted. Replaces what was said of the layer before.
     *
     * @param visit the coming visit of the layer {@code visit mod L}
     */
    public void forecast(long visit) {
        int layer = (int) (visit % layerCount);
        visits[layer] = visit;
        isEmpty = false;
        int from = layer * expertCount;
        Arrays.fill(probabilities, from, from + expertCount, 0);
        Arrays.fill(priorities, from, from + expertCount, 0);
    }

    /** How likely the forecast visit of that layer uses the expert, 0 to 1. */
    public void setProbability(int layer, int expert, double probability) {
        probabilities[layer * expertCount + expert] = probability;
    }

    /**
     * Names the expert for the forecast visit of that layer: it is loaded ahead if it is not there.
     *
     * @param priority above 0; the cache divides it by the visits ahead and loads the largest first (FineMoE, section 4.5)
     */
    public void request(int layer, int expert, double priority) {
        priorities[layer * expertCount + expert] = priority;
    }

    /** Says in what share of its visits a layer uses an expert in the long run. */
    public void setUseRate(int layer, int expert, double rate) {
        hasRates[layer] = true;
        isEmpty = false;
        rates[layer * expertCount + expert] = rate;
    }

    /** The probability said last. */
    public double probability(int layer, int expert) {
        return probabilities[layer * expertCount + expert];
    }

    double priority(int layer, int expert) {
        return priorities[layer * expertCount + expert];
    }

    double useRate(int layer, int expert) {
        return rates[layer * expertCount + expert];
    }

    /** The visit that is forecast for a layer; -1 for none. */
    long visit(int layer) {
        return visits[layer];
    }

    boolean hasUseRates(int layer) {
        return hasRates[layer];
    }
}
