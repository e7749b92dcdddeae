package dev.squall.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Router and experts beside their products, and the choice of a token. R rows, E hidden width, J experts, K of them used.
 *
 * <p>Ties are found by arithmetic: TornadoVM 5.2 turns a float equality that is joined to another condition into its
 * opposite.
 */
final class ExpertKernels {
    private ExpertKernels() {}

    /**
     * sum = Σ_k weight_k · output_k, from the best expert down. One work-item an element, R·E of them; the
     * error is that of K additions.
     *
     * @param outputs R·K x E
     * @param weights R x K
     */
    static void sumExperts(
            KernelContext context,
            IntArray call,
            FloatArray outputs,
            FloatArray weights,
            FloatArray sum,
            int width,
            int used) {
        int i = context.globalIdx;
        if (i < call.get(0) * width) {
            int row = i / width;
            float all = 0;
            for (int rank = 0; rank < used; rank++) {
                int pair = row * used + rank;
                all += weights.get(pair) * outputs.get(pair * width + i % width);
            }
            sum.set(i, all);
        }
    }

    /**
     * y_r += sigmoid(gate · x_r) · shared_r: a shared expert that has a gate. One group a row; error at most E · 2^-22.
     *
     * @param gateField the field of the call that says where in {@code parameters} the E numbers of the gate begin
     */
    static void addGated(
            KernelContext context,
            IntArray call,
            FloatArray parameters,
            FloatArray x,
            FloatArray shared,
            FloatArray y,
            int width,
            int gateField) {
        float[] parts = context.allocateFloatLocalArray(MatrixKernels.GROUP_MAX);
        int local = context.localIdx;
        int size = context.localGroupSizeX;
        int row = context.groupIdx;
        int gate = call.get(gateField);
        float sum = 0;
        for (int i = local; i < width; i += size) {
            sum += parameters.get(gate + i) * x.get(row * width + i);
        }
        parts[local] = sum;
        context.localBarrier();
        float all = 0;
        for (int i = 0; i < size; i++) {
            all += parts[i];
        }
        float weight = 1 / (1 + TornadoMath.exp(-all));
        for (int i = local; i < width; i += size) {
            y.set(row * width + i, y.get(row * width + i) + weight * shared.get(row * width + i));
        }
    }

    /**
     * The softmax of each row's logits and its K best experts, best first, of equals the lower index. One work-item an
     * expert of a row, R·J of them; relative error of a probability at most (J + 4) · 2^-23.
     *
     * @param logits R x J
     * @param probabilities R x J, out
     * @param chosen R x K, out
     */
    static void route(
            KernelContext context,
            IntArray call,
            FloatArray logits,
            FloatArray probabilities,
            IntArray chosen,
            int experts,
            int used) {
        int i = context.globalIdx;
        if (i < call.get(0) * experts) {
            int row = i / experts;
            int expert = i % experts;
            float own = logits.get(i);
            float max = own;
            int rank = 0;
            for (int other = 0; other < experts; other++) {
                float value = logits.get(row * experts + other);
                max = TornadoMath.max(max, value);
                int above = value > own ? 1 : 0;
                int below = value < own ? 1 : 0;
                rank += above + (1 - above - below) * (other < expert ? 1 : 0);
            }
            float sum = 0;
            for (int other = 0; other < experts; other++) {
                sum += TornadoMath.exp(logits.get(row * experts + other) - max);
            }
            probabilities.set(i, TornadoMath.exp(own - max) / sum);
            if (rank < used) {
                chosen.set(row * used + rank, expert);
            }
        }
    }

    /**
     * The index of the largest of n values, of equals the lowest. One group of at most {@link MatrixKernels#GROUP_MAX}.
     *
     * @param index one number, out
     */
    static void argmax(KernelContext context, FloatArray values, IntArray index, int n) {
        float[] largest = context.allocateFloatLocalArray(MatrixKernels.GROUP_MAX);
        int[] where = context.allocateIntLocalArray(MatrixKernels.GROUP_MAX);
        int local = context.localIdx;
        int size = context.localGroupSizeX;
        float best = -3.4e38f;
        int at = n;
        for (int i = local; i < n; i += size) {
            float value = values.get(i);
            at = value > best ? i : at;
            best = TornadoMath.max(best, value);
        }
        largest[local] = best;
        where[local] = at;
        context.localBarrier();
        if (local == 0) {
            float all = largest[0];
            int first = where[0];
            for (int i = 1; i < size; i++) {
                int above = largest[i] > all ? 1 : 0;
                int below = largest[i] < all ? 1 : 0;
                int better = above + (1 - above - below) * (where[i] < first ? 1 : 0);
                first = better > 0 ? where[i] : first;
                all = TornadoMath.max(all, largest[i]);
            }
            index.set(0, first);
        }
    }
}
