package dev.squall.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Rotation, cache and attention. R rows, H query heads, G key/value heads, D elements of a head. The cache holds vectors
 * rounded to half precision in 32-bit floats, a run of {@code positionsMax} for each (layer, sequence, head). For row r the
 * call has, from {@link CallField#COUNT} + 3 r: the cache vector of head 0 at position 0, the row's position, and the first
 * position that it sees.
 */
final class AttentionKernels {
    /** Positions whose scores a group sums at once, a multiple of every number of lanes. */
    static final int TILE = 64;

    /** The most lanes of a processor's vectors. */
    static final int LANES_MAX = 16;

    private AttentionKernels() {}

    /**
     * Turns pairs of elements of every head by the row's angles (Su et al., 2021), then multiplies all of the head and
     * rounds it to half precision. One work-item a head, R·heads of them. Exact but for three roundings.
     * (A kernel named rotate would clash with OpenCL's own function.)
     *
     * @param angles R x 2·pairs, a row's cosines, then its sines
     * @param step elements from one pair's first to the next pair's first
     * @param distance elements from a pair's first to its second
     */
    static void rotateHeads(
            KernelContext context,
            IntArray call,
            FloatArray angles,
            FloatArray x,
            int heads,
            int length,
            int pairs,
            int step,
            int distance,
            float scale) {
        int head = context.globalIdx;
        if (head < call.get(0) * heads) {
            int from = head * length;
            int cosines = head / heads * 2 * pairs;
            for (int pair = 0; pair < pairs; pair++) {
                float cosine = angles.get(cosines + pair);
                float sine = angles.get(cosines + pairs + pair);
                float a = x.get(from + pair * step);
                float b = x.get(from + pair * step + distance);
                x.set(from + pair * step, DeviceMath.fma(a, cosine, DeviceMath.product(b, -sine)));
                x.set(from + pair * step + distance, DeviceMath.fma(a, sine, DeviceMath.product(b, cosine)));
            }
            for (int i = 0; i < length; i++) {
                x.set(from + i, RoundingKernels.half(x.get(from + i) * scale));
            }
        }
    }

    /**
     * Turns pairs of elements of every vector by the row's angles, from its element {@code first} on, and leaves the others.
     * One work-item a vector, R·perRow of them. Exact but for three roundings.
     *
     * @param angles as of {@link #rotateHeads}
     */
    static void turnParts(
            KernelContext context,
            IntArray call,
            FloatArray angles,
            FloatArray x,
            int perRow,
            int length,
            int first,
            int pairs,
            int step,
            int distance) {
        int vector = context.globalIdx;
        if (vector < call.get(0) * perRow) {
            int from = vector * length + first;
            int cosines = vector / perRow * 2 * pairs;
            for (int pair = 0; pair < pairs; pair++) {
                float cosine = angles.get(cosines + pair);
                float sine = angles.get(cosines + pairs + pair);
                float a = x.get(from + pair * step);
                float b = x.get(from + pair * step + distance);
                x.set(from + pair * step, DeviceMath.fma(a, cosine, DeviceMath.product(b, -sine)));
                x.set(from + pair * step + distance, DeviceMath.fma(a, sine, DeviceMath.product(b, cosine)));
            }
        }
    }

    /** Writes rows of heads to the cache, rounded to half precision. One work-item an element, R·heads·length of them. */
    static void store(
            KernelContext context,
            IntArray call,
            FloatArray x,
            FloatArray cache,
            int heads,
            int length,
            int positionsMax) {
        int i = context.globalIdx;
        if (i < call.get(0) * heads * length) {
            int row = i / (heads * length);
            int head = i / length % heads;
            int field = CallField.COUNT + row * 3;
            int vector = call.get(field) + head * positionsMax + call.get(field + 1);
            cache.set(vector * length + i % length, RoundingKernels.half(x.get(i)));
        }
    }

    /**
     * weights_p = softmax_p(scale · q · k_p) over the positions that a row sees and the head's sink, rounded to half
     * precision, as {@code dev.squall.compute.VectorAttention} has them. One
     * group a query head of a row, R·H of them. A score is summed in lanes along its elements, the sum of the softmax in
     * lanes along positions.
     *
     * @param parameters from where {@link CallField#SINKS} says H sinks
     * @param table a {@link DecodingTable}
     * @param queries R x H·D of keys, rounded
     * @param weights R·H x positionsMax, the first the position that the row sees first
     * @param sharing query heads of one key/value head
     * @param lanes at most {@link #LANES_MAX}
     */
    static void weighPositions(
            KernelContext context,
            IntArray call,
            FloatArray parameters,
            FloatArray table,
            FloatArray queries,
            FloatArray keys,
            FloatArray weights,
            int heads,
            int sharing,
            int keyLength,
            int positionsMax,
            int lanes,
            float scale) {
        float[] parts = context.allocateFloatLocalArray(TILE * LANES_MAX);
        float[] tile = context.allocateFloatLocalArray(MatrixKernels.GROUP_MAX);
        int local = context.localIdx;
        int size = context.localGroupSizeX;
        int group = context.groupIdx;
        int field = CallField.COUNT + group / heads * 3;
        int first = call.get(field + 2);
        int count = call.get(field + 1) + 1 - first;
        int run = call.get(field) + group % heads / sharing * positionsMax + first;
        int query = group * keyLength;
        int result = group * positionsMax;
        float sink = parameters.get(call.get(CallField.SINKS) + group % heads);
        float max = sink;
        for (int from = 0; from < count; from += TILE) {
            int positions = TornadoMath.min(TILE, count - from);
            for (int unit = local; unit < positions * lanes; unit += size) {
                int key = (run + from + unit / lanes) * keyLength;
                float sum = 0;
                for (int i = unit % lanes; i < keyLength; i += lanes) {
                    sum = DeviceMath.fma(keys.get(key + i), queries.get(query + i), sum);
                }
                parts[unit] = sum;
            }
            context.localBarrier();
            for (int p = local; p < positions; p += size) {
                int half = lanes / 2;
                for (int i = lanes - 1; i > 0; i--) {
                    parts[p * lanes + i - half] += parts[p * lanes + i];
                    half = i == half ? half / 2 : half;
                }
                float score = parts[p * lanes] * scale;
                weights.set(result + from + p, score);
                max = TornadoMath.max(max, score);
            }
            context.localBarrier();
        }
        tile[local] = max;
        context.localBarrier();
        for (int i = 0; i < size; i++) {
            max = TornadoMath.max(max, tile[i]);
        }
        context.localBarrier();
        for (int lane = local; lane < lanes; lane += size) {
            parts[lane] = 0;
        }
        int whole = count - count % lanes;
        for (int from = 0; from < count; from += TILE) {
            int positions = TornadoMath.min(TILE, count - from);
            for (int p = local; p < positions; p += size) {
                float power = DeviceMath.exp(weights.get(result + from + p) - max, table);
                weights.set(result + from + p, power);
                tile[p] = power;
            }
            context.localBarrier();
            for (int lane = local; lane < lanes; lane += size) {
                float sum = parts[lane];
                int end = TornadoMath.min(positions, whole - from);
                for (int p = lane; p < end; p += lanes) {
                    sum += tile[p];
                }
                parts[lane] = sum;
            }
            context.localBarrier();
        }
        if (local == 0) {
            int half = lanes / 2;
            for (int i = lanes - 1; i > 0; i--) {
                parts[i - half] += parts[i];
                half = i == half ? half / 2 : half;
            }
            float sum = parts[0] + DeviceMath.exp(sink - max, table);
            for (int p = whole; p < count; p++) {
                sum += tile[p % TILE];
            }
            parts[0] = sum;
        }
        context.localBarrier();
        float inverse = DeviceMath.divide(1, parts[0]);
        for (int from = 0; from < count; from += TILE) {
            int positions = TornadoMath.min(TILE, count - from);
            for (int p = local; p < positions; p += size) {
                weights.set(result + from + p, RoundingKernels.half(weights.get(result + from + p) * inverse));
            }
        }
    }

    /**
     * out = Σ_p weights_p v_p over the positions that a row sees, one after the other. One work-item an element,
     * R·H·valueLength of them; error at most positions · 2^-24 · Σ|weights_p v_p|.
     *
     * @param weights as {@link #weighPositions} leaves them
     * @param values may be the keys
     * @param valueStride elements from one position's value to the next one's
     */
    static void mixValues(
            KernelContext context,
            IntArray call,
            FloatArray weights,
            FloatArray values,
            FloatArray out,
            int heads,
            int sharing,
            int valueLength,
            int valueStride,
            int positionsMax) {
        int i = context.globalIdx;
        if (i < call.get(0) * heads * valueLength) {
            int vector = i / valueLength;
            int field = CallField.COUNT + vector / heads * 3;
            int first = call.get(field + 2);
            int count = call.get(field + 1) + 1 - first;
            int run = call.get(field) + vector % heads / sharing * positionsMax + first;
            int value = run * valueStride + i % valueLength;
            float sum = 0;
            for (int p = 0; p < count; p++) {
                sum = DeviceMath.fma(values.get(value + p * valueStride), weights.get(vector * positionsMax + p), sum);
            }
            out.set(i, sum);
        }
    }
}
