package dev.squall.generate;

import dev.squall.gguf.BlockCodec;
import dev.squall.model.ModelWeights;
import dev.squall.model.WeightMatrix;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * An order of prompts in which neighbours are alike, so that those that share passes share experts. A prompt is the sum of
 * its tokens' embeddings, each at unit length, rare ones counting more; each next prompt is the one most like the last few.
 */
public final class PromptOrder {
    /** Numbers that embeddings are projected to, which keeps cosines to about an eighth. */
    private static final int DIMENSIONS = 64;

    /** How much of what was taken before still counts when the next prompt is looked for. */
    private static final float MEMORY = 0.8f;

    private static final long SEED = 0x5371_7561_6c6cL;

    private final WeightMatrix embeddings;
    private final float[] projection;
    private final Map<Integer, float[]> vectors = new HashMap<>();

    private PromptOrder(ModelWeights model) {
        embeddings = model.tokenEmbedding();
        projection = new float[DIMENSIONS * embeddings.columns()];
        SplittableRandom random = new SplittableRandom(SEED);
        for (int i = 0; i < projection.length; i++) {
            projection[i] = random.nextBoolean() ? 1 : -1;
        }
    }

    /**
     * Numbers of prompts, from 0, in that order, which begins with the first. Takes time with the square of their number:
     * 4,096 take half a second.
     *
     * @param prompts tokens of each, one or more
     */
    public static int[] bySimilarity(LanguageModel model, List<int[]> prompts) {
        PromptOrder order = new PromptOrder(model.weights());
        Map<Integer, Integer> promptsWith = new HashMap<>();
        for (int[] prompt : prompts) {
            Arrays.stream(prompt).distinct().forEach(token -> promptsWith.merge(token, 1, Integer::sum));
        }
        float[][] vectors = new float[prompts.size()][];
        for (int i = 0; i < vectors.length; i++) {
            vectors[i] = order.vector(prompts.get(i), promptsWith, vectors.length);
        }
        return chain(vectors);
    }

    /**
     * Each one most like the fading sum of those before.
     *
     * @param vectors of finite numbers; n of {@value #DIMENSIONS}
     */
    static int[] chain(float[][] vectors) {
        int[] order = new int[vectors.length];
        boolean[] taken = new boolean[vectors.length];
        float[] recent = new float[DIMENSIONS];
        int next = 0;
        for (int place = 0; place < order.length; place++) {
            order[place] = next;
            taken[next] = true;
            for (int i = 0; i < DIMENSIONS; i++) {
                recent[i] = MEMORY * recent[i] + vectors[next][i];
            }
            float best = Float.NEGATIVE_INFINITY;
            for (int other = 0; other < vectors.length; other++) {
                if (!taken[other]) {
                    float product = dot(recent, vectors[other]);
                    if (product > best) {
                        best = product;
                        next = other;
                    }
                }
            }
        }
        return order;
    }

    /** A prompt at unit length; zero if it has nothing that others do not have. */
    private float[] vector(int[] prompt, Map<Integer, Integer> promptsWith, int promptCount) {
        float[] sum = new float[DIMENSIONS];
        for (int token : prompt) {
            float weight = (float) Math.log((double) promptCount / promptsWith.getOrDefault(token, promptCount));
            float[] vector = vectors.computeIfAbsent(token, this::vector);
            for (int i = 0; i < DIMENSIONS; i++) {
                sum[i] += weight * vector[i];
            }
        }
        return unit(sum);
    }

    private float[] vector(int token) {
        float[] embedding = new float[embeddings.columns()];
        BlockCodec.decode(
                embeddings.type(),
                embeddings.data(),
                token * embeddings.rowBytes(),
                embedding,
                0,
                embeddings.columns());
        float[] projected = new float[DIMENSIONS];
        for (int i = 0; i < DIMENSIONS; i++) {
            int row = i * embedding.length;
            for (int column = 0; column < embedding.length; column++) {
                projected[i] += projection[row + column] * embedding[column];
            }
        }
        return unit(projected);
    }

    /** The vector at unit length; zero if it has none, or its numbers are not finite. */
    static float[] unit(float[] vector) {
        float length = (float) Math.sqrt(dot(vector, vector));
        if (!(length > 0 && length < Float.POSITIVE_INFINITY)) {
            // Some files hold embeddings that are no numbers, of tokens that nobody trained.
            return new float[vector.length];
        }
        for (int i = 0; i < vector.length; i++) {
            vector[i] /= length;
        }
        return vector;
    }

    private static float dot(float[] a, float[] b) {
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        for (int i = 0; i < DIMENSIONS; i += 4) {
            s0 += a[i] * b[i];
            s1 += a[i + 1] * b[i + 1];
            s2 += a[i + 2] * b[i + 2];
            s3 += a[i + 3] * b[i + 3];
        }
        return s0 + s1 + s2 + s3;
    }
}
