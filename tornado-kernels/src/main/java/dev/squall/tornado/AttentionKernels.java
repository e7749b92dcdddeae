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
    /** Positions whose scores a group holds at once. */
    static final int TILE = 64;

    private AttentionKernels() {}

    /**
     * Turns pairs of elements of every head by the row's angles (Su et al., 2021), then multiplies all of the head and rounds
     * it to half precision. One work-item a head, R·heads of them. Exact but for three roundings.
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
                x.set(from + pair * step, a * cosine - b * sine);
                x.set(from + pair * step + distance, a * sine + b * cosine);
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
                x.set(from + pair * step, a * cosine - b * sine);
                x.set(from + pair * step + distance, a * sine + b * cosine);
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
     * out = Σ_p softmax_p(scale · q · k_p) v_p over the positions that a row sees and the head's sink, which has no value,
     * with a running maximum and sum (Milakov and Gimelshein, 2018) over tiles of {@link #TILE}. One group a query head of a row, R·H of them. Error at most
     * (positions + D) · 2^-22 of the largest |v|, beside the device's exponential; unlike the JVM backend's, probabilities
     * are not rounded to half precision.
     *
     * @param parameters from where {@link CallField#SINKS} says H sinks
     * @param queries R x H·D of keys, rounded
     * @param values may be the keys
     * @param sharing query heads of one key/value head
     * @param valueStride elements from one position's value to the next one's
     */
    static void attend(
            KernelContext context,
            IntArray call,
            FloatArray parameters,
            FloatArray queries,
            FloatArray keys,
            FloatArray values,
            FloatArray out,
            int heads,
            int sharing,
            int keyLength,
            int valueLength,
            int valueStride,
            int positionsMax,
            float scale) {
        float[] scores = context.allocateFloatLocalArray(TILE);
        int local = context.localIdx;
        int size = context.localGroupSizeX;
        int group = context.groupIdx;
        int row = group / heads;
        int field = CallField.COUNT + row * 3;
        int run = call.get(field) + group % heads / sharing * positionsMax;
        int end = call.get(field + 1) + 1;
        int query = group * keyLength;
        int result = group * valueLength;
        for (int i = local; i < valueLength; i += size) {
            out.set(result + i, 0);
        }
        float max = parameters.get(call.get(CallField.SINKS) + group % heads);
        float sum = 1;
        for (int first = call.get(field + 2); first < end; first += TILE) {
            int tile = TornadoMath.min(TILE, end - first);
            context.localBarrier();
            for (int p = local; p < tile; p += size) {
                int key = (run + first + p) * keyLength;
                float dot = 0;
                for (int i = 0; i < keyLength; i++) {
                    dot += queries.get(query + i) * keys.get(key + i);
                }
                scores[p] = dot * scale;
            }
            context.localBarrier();
            float before = max;
            for (int p = 0; p < tile; p++) {
                max = TornadoMath.max(max, scores[p]);
            }
            float correction = TornadoMath.exp(before - max);
            sum *= correction;
            for (int p = 0; p < tile; p++) {
                sum += TornadoMath.exp(scores[p] - max);
            }
            for (int i = local; i < valueLength; i += size) {
                float value = out.get(result + i) * correction;
                for (int p = 0; p < tile; p++) {
                    value += TornadoMath.exp(scores[p] - max) * values.get((run + first + p) * valueStride + i);
                }
                out.set(result + i, value);
            }
        }
        for (int i = local; i < valueLength; i += size) {
            out.set(result + i, out.get(result + i) / sum);
        }
    }
}
