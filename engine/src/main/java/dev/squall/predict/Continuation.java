package dev.squall.predict;

/**
 * What the passes after a remembered one used, as bytes that are kept with its {@link ExpertMap}: the number of passes
 * that are known, then for each of L x J experts how many passes later it was used next, 0 for not within those known.
 */
public final class Continuation {
    /** Most passes that are known of a continuation. */
    public static final int PASSES_MAX = 16;

    private Continuation() {}

    /** The continuation of a pass of which nothing is known yet. */
    static byte[] begin(MapShape shape) {
        return new byte[1 + shape.probabilityCount()];
    }

    /** How many passes are known; 0 of bytes that are no continuation. */
    public static int passes(byte[] continuation) {
        return continuation.length == 0 ? 0 : continuation[0];
    }

    /**
     * How many passes later an expert was used next, from 1; 0 for not within {@link #passes}.
     *
     * @param id layer times J plus expert
     */
    public static int nextUse(byte[] continuation, int id) {
        return continuation[1 + id];
    }

    /**
     * Takes in the pass that comes next.
     *
     * @param used layer times J plus expert, of each that the pass uses
     */
    static void append(byte[] continuation, int[] used) {
        byte pass = ++continuation[0];
        for (int id : used) {
            if (continuation[1 + id] == 0) {
                continuation[1 + id] = pass;
            }
        }
    }

    /**
     * Refuses what cannot be one.
     *
     * @param probabilities of the map that it is kept with, at least L x J
     * @throws IllegalArgumentException if passes are out of range or there are more experts than in the map
     */
    public static void require(byte[] continuation, int probabilities) {
        if (continuation.length == 0) {
            return;
        }
        if (continuation.length - 1 > probabilities) {
            throw new IllegalArgumentException("a continuation of " + (continuation.length - 1)
                    + " experts with a map of " + probabilities + " probabilities, expected no more");
        }
        int passes = continuation[0];
        if (passes < 0 || passes > PASSES_MAX) {
            throw new IllegalArgumentException(
                    "a continuation of " + passes + " passes, expected from 0 to " + PASSES_MAX);
        }
        for (int i = 1; i < continuation.length; i++) {
            if (continuation[i] < 0 || continuation[i] > passes) {
                throw new IllegalArgumentException("a continuation of " + passes + " passes has a next use after "
                        + continuation[i] + ", expected from 0 to " + passes);
            }
        }
    }
}
