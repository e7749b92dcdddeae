package dev.squall.predict;

import java.util.Arrays;

/**
 * What a policy learns when a layer has been routed. R observed rows: all rows of a small pass, some of a large one. J
 * experts. The arrays are reused: a policy copies what it keeps.
 */
public final class LayerObservation {
    /** Most rows that are observed in a pass. */
    public static final int ROWS_MAX = 8;

    private final MapShape shape;
    private final float[] probabilities;
    private final int[] counts;
    private final float[] ahead;
    private final float[] hidden;
    private long visit;
    private long lag;
    private int rowCount;
    private int rowsOfPass;
    private GateAhead gates = (row, distance, out, outOffset) -> false;

    /** What routers of later layers would say now. */
    @FunctionalInterface
    public interface GateAhead {
        /**
         * The distribution that the router of the layer {@code distance} further on gives on the hidden state that the
         * observed layer's own router read.
         *
         * @param out J numbers from {@code outOffset}, adding up to 1
         * @return false if there is no such layer, or its distribution is not known
         */
        boolean distribution(int row, int distance, float[] out, int outOffset);
    }

    LayerObservation(MapShape shape) {
        this.shape = shape;
        probabilities = new float[ROWS_MAX * shape.expertCount()];
        ahead = new float[shape.expertCount()];
        hidden = new float[ROWS_MAX * shape.embeddingLength()];
        counts = new int[shape.expertCount()];
    }

    void set(long newVisit, long newLag, int newRowCount, int newRowsOfPass, GateAhead newGates) {
        visit = newVisit;
        lag = newLag;
        rowCount = newRowCount;
        rowsOfPass = newRowsOfPass;
        gates = newGates;
        Arrays.fill(counts, 0);
    }

    /** Which visit: pass times L plus layer. */
    public long visit() {
        return visit;
    }

    /** The layer, dense layers not counted. */
    public int layer() {
        return (int) (visit % shape.layerCount());
    }

    /** How many visits the forward pass has gone on since; what is predicted for nearer layers comes too late. */
    public long lag() {
        return lag;
    }

    /** R. */
    public int rowCount() {
        return rowCount;
    }

    /** All rows of the pass. */
    public int rowsOfPass() {
        return rowsOfPass;
    }

    /** R x J, how each observed row's router spreads over the experts. */
    public float[] probabilities() {
        return probabilities;
    }

    /**
     * R x h, the hidden state that each observed row's router read, before its norm, scaled to a root mean square of 1;
     * zeros where the policy does not look ahead.
     */
    public float[] hidden() {
        return hidden;
    }

    /** J, how many of all the rows chose each expert. */
    public int[] counts() {
        return counts;
    }

    /**
     * How likely each expert is used by some row of the pass, if each observed row spreads as the router of a later layer
     * spreads on its present hidden state: the largest over the rows.
     *
     * @param out J numbers, out
     * @return false if that is not known
     */
    public boolean ahead(int distance, float[] out) {
        Arrays.fill(out, 0, shape.expertCount(), 0f);
        for (int row = 0; row < rowCount; row++) {
            if (!gates.distribution(row, distance, ahead, 0)) {
                return false;
            }
            for (int expert = 0; expert < shape.expertCount(); expert++) {
                out[expert] = Math.max(out[expert], ahead[expert]);
            }
        }
        return true;
    }

    GateAhead gates() {
        return gates;
    }
}
