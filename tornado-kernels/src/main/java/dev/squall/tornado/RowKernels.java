package dev.squall.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * What is done to rows of floats between products. Rows lie one after the other. {@code count} is how many rows a call has,
 * {@code call[0]}; work-items beyond do nothing. Small vectors of weights (norms, biases) lie in one array of parameters,
 * each from where a field of the call says.
 */
final class RowKernels {
    /** Bytes that one work-item of {@link #fillSlot} copies. */
    static final int COPIED_BYTES = 16;

    private RowKernels() {}

    /** Touches arrays that a graph leaves on the device for others. One work-item. */
    static void touch(KernelContext context, FloatArray array) {
        int i = context.globalIdx;
        array.set(i, array.get(i));
    }

    /** The same for bytes. */
    static void touchBytes(KernelContext context, ByteArray array) {
        int i = context.globalIdx;
        array.set(i, array.get(i));
    }

    /** The same for integers. */
    static void touchInts(KernelContext context, IntArray array) {
        int i = context.globalIdx;
        array.set(i, array.get(i));
    }

    /** to = row {@code call[field]} of from. */
    static void copyRow(KernelContext context, IntArray call, FloatArray from, FloatArray to, int width, int field) {
        int i = context.globalIdx;
        if (i < width) {
            to.set(i, from.get(call.get(field) * width + i));
        }
    }

    /**
     * Puts what crosses after attention into one array: a row of the hidden states, E elements, then the router's logits of
     * all rows. One work-item an element, at most E for each row and the logits.
     *
     * @param expertCount logits of a row
     * @param field of the call that says which row
     */
    static void collect(
            KernelContext context,
            IntArray call,
            FloatArray hidden,
            FloatArray logits,
            FloatArray to,
            int width,
            int expertCount,
            int field) {
        int i = context.globalIdx;
        if (i < width) {
            to.set(i, hidden.get(call.get(field) * width + i));
        }
        if (i < call.get(0) * expertCount) {
            to.set(width + i, logits.get(i));
        }
    }

    /**
     * Copies an expert that has come to the staging array into its slot. One work-item copies {@link #COPIED_BYTES}.
     *
     * @param target the byte that the slot begins at, and the bytes to copy
     */
    static void fillSlot(KernelContext context, IntArray target, ByteArray staging, ByteArray slots) {
        int first = context.globalIdx * COPIED_BYTES;
        int end = TornadoMath.min(first + COPIED_BYTES, target.get(1));
        int to = target.get(0);
        for (int i = first; i < end; i++) {
            slots.set(to + i, staging.get(i));
        }
    }

    /** to = from, the first {@code elements}. */
    static void copy(KernelContext context, FloatArray from, FloatArray to, int elements) {
        int i = context.globalIdx;
        if (i < elements) {
            to.set(i, from.get(i));
        }
    }

    /**
     * y = x · weight / sqrt(mean(x²) + epsilon), n elements of each vector by themselves, in place or not (Zhang and
     * Sennrich, 2019). One group a vector; relative error at most (n + 4) · 2^-24 beside the device's root.
     *
     * @param stride elements from one vector's first to the next one's, at least n
     * @param lanes how many sums the squares are taken in
     * @param weightField the field of the call that says where in {@code parameters} the n weights begin
     */
    static void rmsNorm(
            KernelContext context,
            IntArray call,
            FloatArray parameters,
            FloatArray x,
            FloatArray y,
            int n,
            int stride,
            int lanes,
            float epsilon,
            int weightField) {
        float[] parts = context.allocateFloatLocalArray(MatrixKernels.GROUP_MAX);
        int local = context.localIdx;
        int size = context.localGroupSizeX;
        int vector = context.groupIdx;
        int from = vector * stride;
        int weights = call.get(weightField);
        int whole = n - n % lanes;
        for (int lane = local; lane < lanes; lane += size) {
            float squares = 0;
            for (int i = lane; i < whole; i += lanes) {
                float value = x.get(from + i);
                squares = DeviceMath.fma(value, value, squares);
            }
            parts[lane] = squares;
        }
        context.localBarrier();
        if (local == 0) {
            int half = lanes / 2;
            for (int i = lanes - 1; i > 0; i--) {
                parts[i - half] += parts[i];
                half = i == half ? half / 2 : half;
            }
            float all = parts[0];
            for (int i = whole; i < n; i++) {
                float value = x.get(from + i);
                all = DeviceMath.fma(value, value, all);
            }
            parts[0] = all;
        }
        context.localBarrier();
        float scale = DeviceMath.inverseRoot(DeviceMath.divide(parts[0], n) + epsilon);
        for (int i = local; i < n; i += size) {
            y.set(from + i, x.get(from + i) * scale * parameters.get(weights + i));
        }
    }

    /** y[r][i] += bias[i], rows of {@code width}. */
    static void addBias(
            KernelContext context, IntArray call, FloatArray parameters, FloatArray y, int width, int biasField) {
        int i = context.globalIdx;
        if (i < call.get(0) * width) {
            y.set(i, y.get(i) + parameters.get(call.get(biasField) + i % width));
        }
    }

    /** y += scale · x, rows of {@code width}. */
    static void addScaled(KernelContext context, IntArray call, FloatArray x, FloatArray y, int width, float scale) {
        int i = context.globalIdx;
        if (i < call.get(0) * width) {
            y.set(i, DeviceMath.fma(scale, x.get(i), y.get(i)));
        }
    }

    /** gate = silu(gate) · up, {@code elements} of them; silu(g) = g / (1 + e^-g). Error at most 2^-20 of the result. */
    static void swiglu(KernelContext context, FloatArray table, FloatArray gate, FloatArray up, int elements) {
        int i = context.globalIdx;
        if (i < elements) {
            float g = gate.get(i);
            gate.set(i, DeviceMath.divide(g, DeviceMath.exp(-g, table) + 1) * up.get(i));
        }
    }

    /**
     * gate = g · sigmoid(1.702 g) · (u + 1), {@code elements} of them, with g = min(gate, 7) and u = up within [-7, 7]
     * (gpt-oss). Error at most 2^-19 of the result.
     */
    static void clampedSwiglu(KernelContext context, FloatArray table, FloatArray gate, FloatArray up, int elements) {
        int i = context.globalIdx;
        if (i < elements) {
            float g = TornadoMath.min(gate.get(i), 7f);
            float u = TornadoMath.max(TornadoMath.min(up.get(i), 7f), -7f) + 1;
            gate.set(i, DeviceMath.divide(g, DeviceMath.exp(g * -1.702f, table) + 1) * u);
        }
    }

    /**
     * Copies a part of vectors to a part of others, {@code perRow} vectors of each row: element toFirst + i of vector v is
     * element fromFirst + i of vector v / sharing, for {@code count} elements. One work-item an element, R·perRow·count of
     * them.
     *
     * @param fromStride elements from one vector's first to the next one's
     * @param toStride the same of those that are written
     */
    static void copyParts(
            KernelContext context,
            IntArray call,
            FloatArray from,
            FloatArray to,
            int perRow,
            int sharing,
            int fromStride,
            int fromFirst,
            int toStride,
            int toFirst,
            int count) {
        int i = context.globalIdx;
        if (i < call.get(0) * perRow * count) {
            int vector = i / count;
            to.set(
                    vector * toStride + toFirst + i % count,
                    from.get(vector / sharing * fromStride + fromFirst + i % count));
        }
    }
}
