package dev.squall.predict;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;

/** How each layer has used its experts, newer visits counting for more. */
final class UseHistory {
    private static final float RECENT = 0.25f;
    private static final float LONG = 0.02f;

    /** What recent use counts for: between 0.2 and 0.6 it makes no difference. */
    private static final float RECENT_SHARE = 0.3f;

    private final int expertCount;
    private final float[] recent;
    private final float[] longUse;
    private final float[] last;
    private final float[] recentOdds;
    private final float[] longOdds;
    private final float[] lastOdds;

    UseHistory(MapShape shape) {
        expertCount = shape.expertCount();
        recent = new float[shape.probabilityCount()];
        longUse = new float[shape.probabilityCount()];
        last = new float[shape.probabilityCount()];
        Arrays.fill(recent, (float) shape.usedCount() / expertCount);
        Arrays.fill(longUse, (float) shape.usedCount() / expertCount);
        Arrays.fill(last, 1f / expertCount);
        recentOdds = new float[shape.probabilityCount()];
        longOdds = new float[shape.probabilityCount()];
        lastOdds = new float[shape.probabilityCount()];
        for (int layer = 0; layer < shape.layerCount(); layer++) {
            keepOdds(layer * expertCount);
        }
    }

    void onRouted(LayerObservation observed) {
        int base = observed.layer() * expertCount;
        int lastRow = (observed.rowCount() - 1) * expertCount;
        for (int expert = 0; expert < expertCount; expert++) {
            float used = (float) observed.counts()[expert] / observed.rowsOfPass();
            recent[base + expert] += RECENT * (used - recent[base + expert]);
            longUse[base + expert] += LONG * (used - longUse[base + expert]);
            last[base + expert] = observed.probabilities()[lastRow + expert];
        }
        keepOdds(base);
    }

    private void keepOdds(int from) {
        for (int i = from; i < from + expertCount; i++) {
            recentOdds[i] = Logistic.logOdds(recent[i]);
            longOdds[i] = Logistic.logOdds(longUse[i]);
            lastOdds[i] = Logistic.logOdds(last[i]);
        }
    }

    /** Where a layer's experts begin in {@link #recentOdds}, {@link #longOdds} and {@link #lastOdds}. */
    int from(int layer) {
        return layer * expertCount;
    }

    /** Log-odds of the share of about the last four visits that used each expert, L x J; not to be changed. */
    float[] recentOdds() {
        return recentOdds;
    }

    /** Log-odds of {@link #longUse}, L x J; not to be changed. */
    float[] longOdds() {
        return longOdds;
    }

    /** Log-odds of what the layer's router gave each expert last, L x J; not to be changed. */
    float[] lastOdds() {
        return lastOdds;
    }

    /** The share of about the last fifty visits that used it. */
    double longUse(int layer, int expert) {
        return longUse[layer * expertCount + expert];
    }

    /** How often a layer uses an expert, by its recent use and that in the long run. */
    double use(int layer, int expert) {
        int at = layer * expertCount + expert;
        return RECENT_SHARE * recent[at] + (1 - RECENT_SHARE) * longUse[at];
    }

    /** The share of about the last four visits that used each expert of a layer, J. */
    void recentUses(int layer, float[] out) {
        System.arraycopy(recent, layer * expertCount, out, 0, expertCount);
    }

    /** The long run only: what is recent is over. */
    void write(DataOutput out) throws IOException {
        Weights.write(longUse, out);
    }

    void read(DataInput in) throws IOException {
        Weights.read(longUse, in);
        System.arraycopy(longUse, 0, recent, 0, longUse.length);
        for (int from = 0; from < longUse.length; from += expertCount) {
            keepOdds(from);
        }
    }
}
