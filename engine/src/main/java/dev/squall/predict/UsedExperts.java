package dev.squall.predict;

/**
 * The experts that maps say are used, a bit each: what tells in nanoseconds whether two passes went the same way, before
 * their distributions are read and compared.
 */
final class UsedExperts {
    private final MapShape shape;
    private final boolean[] isUsed;

    UsedExperts(MapShape shape) {
        this.shape = shape;
        isUsed = new boolean[shape.expertCount()];
    }

    /** Longs of a whole map's bits. */
    int words() {
        return words(shape.probabilityCount());
    }

    private static int words(int bits) {
        return (bits + Long.SIZE - 1) / Long.SIZE;
    }

    /**
     * Bit {@code layer · J + expert} of each layer's likeliest experts.
     *
     * @param probabilities the first layers of a map, a multiple of J
     * @return as many longs as these layers take
     */
    long[] of(float[] probabilities) {
        long[] bits = new long[words(probabilities.length)];
        for (int from = 0; from < probabilities.length; from += isUsed.length) {
            Best.mark(probabilities, from, isUsed.length, shape.usedCount(), isUsed);
            for (int expert = 0; expert < isUsed.length; expert++) {
                if (isUsed[expert]) {
                    bits[(from + expert) / Long.SIZE] |= 1L << (from + expert);
                    isUsed[expert] = false;
                }
            }
        }
        return bits;
    }

    /** How many experts of a beginning a map uses, too, whose bits are {@code all[from]} and on. */
    static int inCommon(long[] beginning, long[] all, int from) {
        int count = 0;
        for (int word = 0; word < beginning.length; word++) {
            count += Long.bitCount(beginning[word] & all[from + word]);
        }
        return count;
    }
}
