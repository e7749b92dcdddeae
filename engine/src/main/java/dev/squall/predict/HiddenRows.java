package dev.squall.predict;

/** The hidden states of the running pass, on the thread that computes it. */
@FunctionalInterface
public interface HiddenRows {
    /** Copies a row's hidden state, E numbers, as it is before the norm of the layer that has just been routed. */
    void copy(int row, float[] out, int outOffset);
}
