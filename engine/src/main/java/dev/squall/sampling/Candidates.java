package dev.squall.sampling;

import java.util.Arrays;

/**
 * The tokens that may come next, with their logits. Starts as the whole vocabulary in order of token id; samplers narrow
 * and reshape it. Owned by one {@link Sampler} and reused from token to token.
 */
final class Candidates {
    private final int[] tokens;
    private final float[] logits;
    private int size;
    private boolean sorted;

    Candidates(int vocabularySize) {
        tokens = new int[vocabularySize];
        logits = new float[vocabularySize];
    }

    /** Starts over with every token. */
    void reset(float[] vocabularyLogits) {
        size = tokens.length;
        sorted = false;
        for (int i = 0; i < size; i++) {
            tokens[i] = i;
        }
        System.arraycopy(vocabularyLogits, 0, logits, 0, size);
    }

    int size() {
        return size;
    }

    int token(int index) {
        return tokens[index];
    }

    float logit(int index) {
        return logits[index];
    }

    void setLogit(int index, float logit) {
        logits[index] = logit;
        sorted = false;
    }

    /** Divides every logit; the order stays. */
    void divide(float divisor) {
        for (int i = 0; i < size; i++) {
            logits[i] /= divisor;
        }
    }

    /** Keeps the {@code count} likeliest, likeliest first; of equals the lower token id. */
    void keepLikeliest(int count) {
        int kept = Math.min(count, size);
        if (!sorted) {
            sort(kept);
        }
        size = kept;
    }

    /** Sorts all candidates, likeliest first. */
    void sort() {
        keepLikeliest(size);
    }

    /** Natural exponentials of the logits less the largest, in order; candidates must be sorted. */
    double[] relativeProbabilities() {
        double[] relative = new double[size];
        for (int i = 0; i < size; i++) {
            relative[i] = Math.exp((double) logits[i] - logits[0]);
        }
        return relative;
    }

    /** The order is total: by falling logit, then by rising token id. Both fit into one long that sorts naturally. */
    private void sort(int kept) {
        long[] keys = new long[size];
        for (int i = 0; i < size; i++) {
            keys[i] = key(logits[i], tokens[i]);
        }
        if (kept < size / 8) {
            keys = smallest(keys, kept);
        }
        Arrays.sort(keys);
        for (int i = 0; i < kept; i++) {
            tokens[i] = (int) keys[i];
            logits[i] = logitOf(keys[i]);
        }
        sorted = true;
    }

    /** Rising keys are falling logits: a float's bits order as integers once the negative ones are flipped. */
    private static long key(float logit, int token) {
        int bits = Float.floatToIntBits(logit + 0f);
        int rising = bits ^ ((bits >> 31) & 0x7fffffff);
        return (long) ~rising << 32 | token;
    }

    private static float logitOf(long key) {
        int rising = ~(int) (key >> 32);
        return Float.intBitsToFloat(rising ^ ((rising >> 31) & 0x7fffffff));
    }

    /** The {@code count} smallest keys, in any order, by a max-heap of that size. */
    private static long[] smallest(long[] keys, int count) {
        long[] heap = Arrays.copyOf(keys, count);
        for (int i = count / 2 - 1; i >= 0; i--) {
            siftDown(heap, i);
        }
        for (int i = count; i < keys.length; i++) {
            if (count > 0 && keys[i] < heap[0]) {
                heap[0] = keys[i];
                siftDown(heap, 0);
            }
        }
        return heap;
    }

    private static void siftDown(long[] heap, int from) {
        int parent = from;
        long key = heap[parent];
        while (2 * parent + 1 < heap.length) {
            int child = 2 * parent + 1;
            if (child + 1 < heap.length && heap[child + 1] > heap[child]) {
                child++;
            }
            if (heap[child] <= key) {
                break;
            }
            heap[parent] = heap[child];
            parent = child;
        }
        heap[parent] = key;
    }
}
