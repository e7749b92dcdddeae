package dev.squall.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The likeliest token of a vocabulary of V, of equals the first, in two steps: many work-items look through some of it each,
 * then one group through what they found. Exact.
 */
final class ChoiceKernels {
    private static final float NONE = -3.4e38f;

    private ChoiceKernels() {}

    /**
     * The largest of every so many logits times {@code scale}. Work-item i looks at i, i + items and so on.
     *
     * @param logits V
     * @param bestLogits items, out
     * @param bestTokens items, out
     * @param items at most V
     */
    static void bestOfSome(
            KernelContext context,
            FloatArray logits,
            FloatArray bestLogits,
            IntArray bestTokens,
            int vocabularySize,
            int items,
            float scale) {
        int item = context.globalIdx;
        if (item < items) {
            float best = logits.get(item) * scale;
            int token = item;
            for (int i = item + items; i < vocabularySize; i += items) {
                float logit = logits.get(i) * scale;
                int isBetter = logit > best ? 1 : 0;
                best = isBetter > 0 ? logit : best;
                token = isBetter > 0 ? i : token;
            }
            bestLogits.set(item, best);
            bestTokens.set(item, token);
        }
    }

    /**
     * The token of the largest logit of those found. One group.
     *
     * @param chosen one token, out
     */
    static void bestOfAll(
            KernelContext context, FloatArray bestLogits, IntArray bestTokens, IntArray chosen, int items) {
        float[] logits = context.allocateFloatLocalArray(MatrixKernels.GROUP_MAX);
        int[] tokens = context.allocateIntLocalArray(MatrixKernels.GROUP_MAX);
        int local = context.localIdx;
        int size = context.localGroupSizeX;
        float best = NONE;
        int token = Integer.MAX_VALUE;
        for (int i = local; i < items; i += size) {
            float logit = bestLogits.get(i);
            int other = bestTokens.get(i);
            // TornadoVM compiles a < b || a == b && c wrongly.
            int isBetter = logit > best ? 1 : 0;
            int isFirst = logit == best ? (other < token ? 1 : 0) : 0;
            best = isBetter + isFirst > 0 ? logit : best;
            token = isBetter + isFirst > 0 ? other : token;
        }
        logits[local] = best;
        tokens[local] = token;
        context.localBarrier();
        if (local == 0) {
            for (int i = 1; i < size; i++) {
                int isBetter = logits[i] > best ? 1 : 0;
                int isFirst = logits[i] == best ? (tokens[i] < token ? 1 : 0) : 0;
                best = isBetter + isFirst > 0 ? logits[i] : best;
                token = isBetter + isFirst > 0 ? tokens[i] : token;
            }
            chosen.set(0, token);
        }
    }
}
