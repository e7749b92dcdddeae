package dev.squall.index;

import java.util.SplittableRandom;

/**
 * Makes vectors of several groups short enough for an HNSW graph, and of unit length: each group is projected on its own,
 * so that a query which is zero beyond some group is still compared with a prefix. The projection is a subsampled
 * randomised Hadamard transform (Ailon and Chazelle 2009; Tropp 2011): random signs, a Walsh-Hadamard transform, and a
 * fixed choice of its numbers. It keeps inner products of unit vectors to within about {@code 1 / sqrt(numbers kept)}.
 */
final class Projection {
    /** The most numbers of a projected vector: half of what Lucene's formats take; the search is exact in the end. */
    static final int DIMENSIONS_MAX = 512;

    private static final long SEED = 0x5371_7561_6c6cL;

    private final int groups;
    private final int groupLength;
    private final int kept;
    private final float[] signs;
    private final int[] chosen;

    /**
     * @param groups how many, at most DIMENSIONS_MAX
     * @param groupLength numbers of a group
     */
    Projection(int groups, int groupLength) {
        if (groups > DIMENSIONS_MAX) {
            throw new MapIndexException("maps of " + groups + " layers, expected at most " + DIMENSIONS_MAX);
        }
        this.groups = groups;
        this.groupLength = groupLength;
        kept = Math.min(groupLength, DIMENSIONS_MAX / groups);
        SplittableRandom random = new SplittableRandom(SEED);
        int padded = Math.max(1, Integer.highestOneBit(groupLength * 2 - 1));
        signs = new float[padded];
        for (int i = 0; i < padded; i++) {
            signs[i] = random.nextBoolean() ? 1 : -1;
        }
        chosen = random.ints(0, padded).distinct().limit(kept).sorted().toArray();
    }

    /** Whether vectors stay as they are, but for their length. */
    boolean keepsAll() {
        return kept == groupLength;
    }

    /** Numbers of a projected vector. */
    int dimensions() {
        return groups * kept;
    }

    /**
     * A vector of unit length whose inner product with others like it is the mean cosine of their groups, or close to it.
     *
     * @param vector groups x groupLength, every group that counts at unit length
     * @param count the groups that count, from the first; the others become zero
     */
    float[] project(float[] vector, int count) {
        float[] out = new float[dimensions()];
        float scale = (float) (1 / Math.sqrt(count));
        if (keepsAll()) {
            for (int i = 0; i < count * groupLength; i++) {
                out[i] = vector[i] * scale;
            }
            return out;
        }
        float[] transformed = new float[signs.length];
        for (int group = 0; group < count; group++) {
            for (int i = 0; i < transformed.length; i++) {
                transformed[i] = i < groupLength ? vector[group * groupLength + i] * signs[i] : 0;
            }
            transform(transformed);
            double squares = 0;
            for (int i = 0; i < kept; i++) {
                double value = transformed[chosen[i]];
                squares += value * value;
            }
            float factor = squares == 0 ? 0 : (float) (scale / Math.sqrt(squares));
            for (int i = 0; i < kept; i++) {
                out[group * kept + i] = transformed[chosen[i]] * factor;
            }
        }
        return out;
    }

    /** The Walsh-Hadamard transform in place. */
    static void transform(float[] v) {
        for (int half = 1; half < v.length; half *= 2) {
            for (int from = 0; from < v.length; from += 2 * half) {
                for (int i = from; i < from + half; i++) {
                    float a = v[i];
                    float b = v[i + half];
                    v[i] = a + b;
                    v[i + half] = a - b;
                }
            }
        }
    }
}
