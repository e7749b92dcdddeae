package dev.squall.perplexity;

/** Natural logarithms of probabilities from logits, sums in double precision. */
final class LogSoftmax {
    private LogSoftmax() {}

    /** {@code out[i] = ln softmax(logits)[i]} of {@code out.length} logits from {@code offset} on. */
    static void of(float[] logits, int offset, float[] out) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < out.length; i++) {
            max = Math.max(max, logits[offset + i]);
        }
        double sum = 0;
        for (int i = 0; i < out.length; i++) {
            sum += Math.exp((double) logits[offset + i] - max);
        }
        double logSum = max + Math.log(sum);
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) (logits[offset + i] - logSum);
        }
    }

    /** The place of the greatest, the first of equals. */
    static int greatest(float[] values) {
        int greatest = 0;
        for (int i = 1; i < values.length; i++) {
            if (values[i] > values[greatest]) {
                greatest = i;
            }
        }
        return greatest;
    }
}
