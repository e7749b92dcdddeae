package dev.squall.predict;

/** The largest of some numbers. */
final class Best {
    private Best() {}

    /** Marks the {@code count} largest of n numbers; of equals the first. */
    static void mark(float[] values, int from, int n, int count, boolean[] isBest) {
        float bound = Float.POSITIVE_INFINITY;
        int boundAt = -1;
        for (int marked = 0; marked < count; marked++) {
            int best = -1;
            for (int i = 0; i < n; i++) {
                float value = values[from + i];
                boolean isLeft = value < bound || (value == bound && i > boundAt);
                if (isLeft && (best < 0 || value > values[from + best])) {
                    best = i;
                }
            }
            if (best < 0) {
                return;
            }
            bound = values[from + best];
            boundAt = best;
            isBest[best] = true;
        }
    }
}
