package dev.squall.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Experts beside their products. R rows, E hidden width, K experts used. */
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
                all = DeviceMath.fma(outputs.get(pair * width + i % width), weights.get(pair), all);
            }
            sum.set(i, all);
        }
    }

    /**
     * y_p += the bias of the expert of pair p. One work-item an element, R·K·width of them; exact but for one rounding.
     *
     * @param experts from element {@code expertField} on the expert of each pair
     * @param biasField the field of the call that says where in {@code parameters} the biases of expert 0 begin; those of
     *     the others follow, each {@code width} long
     */
    static void addExpertBias(
            KernelContext context,
            IntArray call,
            IntArray experts,
            FloatArray parameters,
            FloatArray y,
            int width,
            int used,
            int biasField,
            int expertField) {
        int i = context.globalIdx;
        if (i < call.get(0) * used * width) {
            int bias = call.get(biasField) + experts.get(expertField + i / width) * width;
            y.set(i, y.get(i) + parameters.get(bias + i % width));
        }
    }

    /**
     * y_r += sigmoid(gate · x_r) · shared_r: a shared expert that has a gate. One group a row; error at most E · 2^-22.
     *
     * @param table a {@link DecodingTable}
     * @param lanes how many sums the product is taken in
     * @param gateField the field of the call that says where in {@code parameters} the E numbers of the gate begin
     */
    static void addGated(
            KernelContext context,
            IntArray call,
            FloatArray parameters,
            FloatArray table,
            FloatArray x,
            FloatArray shared,
            FloatArray y,
            int width,
            int lanes,
            int gateField) {
        float[] parts = context.allocateFloatLocalArray(MatrixKernels.GROUP_MAX);
        int local = context.localIdx;
        int size = context.localGroupSizeX;
        int row = context.groupIdx;
        int gate = call.get(gateField);
        int whole = width - width % lanes;
        for (int lane = local; lane < lanes; lane += size) {
            float sum = 0;
            for (int i = lane; i < whole; i += lanes) {
                sum = DeviceMath.fma(parameters.get(gate + i), x.get(row * width + i), sum);
            }
            parts[lane] = sum;
        }
        context.localBarrier();
        if (local == 0) {
            int half = lanes / 2;
            for (int i = lanes - 1; i > 0; i--) {
                parts[i - half] += parts[i];
                half = i == half ? half / 2 : half;
            }
            float all = parts[0];
            for (int i = whole; i < width; i++) {
                all = DeviceMath.fma(parameters.get(gate + i), x.get(row * width + i), all);
            }
            parts[0] = all;
        }
        context.localBarrier();
        float weight = DeviceMath.divide(1, DeviceMath.exp(-parts[0], table) + 1);
        for (int i = local; i < width; i += size) {
            y.set(row * width + i, DeviceMath.fma(shared.get(row * width + i), weight, y.get(row * width + i)));
        }
    }
}
