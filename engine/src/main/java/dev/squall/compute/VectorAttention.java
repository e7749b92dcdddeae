package dev.squall.compute;

import static dev.squall.compute.VectorMath.FLOATS;
import static dev.squall.compute.VectorMath.LANES;
import static dev.squall.compute.VectorMath.sum;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.jspecify.annotations.Nullable;

/**
 * {@link Kernels#attend} with the Vector API. Keys, then values, are read once for all query heads of the group, some
 * positions at a time into {@link Tile#halves}, and used by four heads together where there are four. A head's score is
 * summed lane by lane along its elements and then over the lanes as a tree, a value's elements position by position,
 * whichever heads share the call.
 */
final class VectorAttention {
    private VectorAttention() {}

    static void attend(
            KvCache.Span span,
            HeadGroup group,
            float[] query,
            int queryOffset,
            float @Nullable [] sinks,
            int sinksOffset,
            float[] out,
            int outOffset,
            float[] scratch,
            Tile tile) {
        KvCache cache = span.cache();
        int positions = span.positions();
        int keyStride = cache.keyStride();
        int valueStride = cache.valueStride();
        long keys = WeightMemory.address(cache.keys(), span.keyOffset(), 2L * positions * keyStride);
        long values = WeightMemory.address(cache.values(), span.valueOffset(), 2L * positions * valueStride);
        int queryLength = group.size() * keyStride;
        VectorRounding.round(ActivationPrecision.FLOAT16, query, queryOffset, queryLength, query, queryOffset);
        scoreKeys(keys, keyStride, positions, group.scale(), query, queryOffset, group.size(), scratch, tile);
        for (int g = 0; g < group.size(); g++) {
            int scores = g * positions;
            float sink = sinks == null ? Float.NEGATIVE_INFINITY : sinks[sinksOffset + g];
            softmax(scratch, scores, positions, sink);
            VectorRounding.round(ActivationPrecision.FLOAT16, scratch, scores, positions, scratch, scores);
        }
        mixValues(values, valueStride, positions, group.size(), scratch, tile);
        for (int g = 0; g < group.size(); g++) {
            int mix = group.size() * positions + g * valueStride;
            System.arraycopy(scratch, mix, out, outOffset + g * group.valueLength(), group.valueLength());
        }
    }

    private static int positionsTogether(int stride) {
        return Math.min(Tile.ACTIVATION_ROWS, Tile.HALVES / stride);
    }

    /** scores[g · positions + p] = scale · q_g · k_p. */
    private static void scoreKeys(
            long keys,
            int stride,
            int positions,
            float scale,
            float[] query,
            int queryOffset,
            int queryHeads,
            float[] scores,
            Tile tile) {
        int some = positionsTogether(stride);
        for (int p = 0; p < positions; p += some) {
            int n = Math.min(some, positions - p);
            Lanes.halves(keys + 2L * p * stride, n * stride, tile.halves);
            int g = 0;
            for (; g + 4 <= queryHeads; g += 4) {
                scoreFour(tile.halves, stride, n, query, queryOffset + g * stride, tile.sums);
                for (int head = 0; head < 4; head++) {
                    sums(tile.sums, head * LANES, 4 * LANES, n, scale, scores, (g + head) * positions + p);
                }
            }
            for (; g < queryHeads; g++) {
                scoreOne(tile.halves, stride, n, query, queryOffset + g * stride, tile.sums);
                sums(tile.sums, 0, LANES, n, scale, scores, g * positions + p);
            }
        }
    }

    /** Four heads with each of n keys: four vectors of sums a key. */
    private static void scoreFour(float[] keys, int stride, int n, float[] query, int q, float[] sums) {
        int q1 = q + stride;
        int q2 = q1 + stride;
        int q3 = q2 + stride;
        for (int p = 0; p < n; p++) {
            FloatVector s0 = FloatVector.zero(FLOATS);
            FloatVector s1 = s0;
            FloatVector s2 = s0;
            FloatVector s3 = s0;
            for (int i = 0; i < stride; i += LANES) {
                FloatVector k = FloatVector.fromArray(FLOATS, keys, p * stride + i);
                s0 = k.fma(FloatVector.fromArray(FLOATS, query, q + i), s0);
                s1 = k.fma(FloatVector.fromArray(FLOATS, query, q1 + i), s1);
                s2 = k.fma(FloatVector.fromArray(FLOATS, query, q2 + i), s2);
                s3 = k.fma(FloatVector.fromArray(FLOATS, query, q3 + i), s3);
            }
            int at = 4 * p * LANES;
            s0.intoArray(sums, at);
            s1.intoArray(sums, at + LANES);
            s2.intoArray(sums, at + 2 * LANES);
            s3.intoArray(sums, at + 3 * LANES);
        }
    }

    /** One head with each of n keys: one vector of sums a key. */
    private static void scoreOne(float[] keys, int stride, int n, float[] query, int q, float[] sums) {
        for (int p = 0; p < n; p++) {
            FloatVector s = FloatVector.zero(FLOATS);
            for (int i = 0; i < stride; i += LANES) {
                s = FloatVector.fromArray(FLOATS, keys, p * stride + i)
                        .fma(FloatVector.fromArray(FLOATS, query, q + i), s);
            }
            s.intoArray(sums, p * LANES);
        }
    }

    /** scores = scale · Σ lanes of each of n vectors that lie {@code step} floats apart. */
    private static void sums(float[] sums, int at, int step, int n, float scale, float[] scores, int scoresOffset) {
        for (int i = 0; i < n; i++) {
            scores[scoresOffset + i] = sum(FloatVector.fromArray(FLOATS, sums, at + i * step)) * scale;
        }
    }

    /** The softmax over n scores and one more, the sink, whose own probability is dropped. */
    private static void softmax(float[] scores, int offset, int n, float sink) {
        float max = sink;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, scores[offset + i]);
        }
        int whole = FLOATS.loopBound(n);
        FloatVector sums = FloatVector.zero(FLOATS);
        for (int i = 0; i < whole; i += LANES) {
            FloatVector e = VectorMath.exp(
                    FloatVector.fromArray(FLOATS, scores, offset + i).sub(max));
            e.intoArray(scores, offset + i);
            sums = sums.add(e);
        }
        float sum = sum(sums);
        if (sink != Float.NEGATIVE_INFINITY) {
            sum += VectorMath.exp(sink - max);
        }
        for (int i = whole; i < n; i++) {
            float e = VectorMath.exp(scores[offset + i] - max);
            scores[offset + i] = e;
            sum += e;
        }
        float inverse = 1 / sum;
        for (int i = 0; i < whole; i += LANES) {
            FloatVector.fromArray(FLOATS, scores, offset + i).mul(inverse).intoArray(scores, offset + i);
        }
        for (int i = whole; i < n; i++) {
            scores[offset + i] *= inverse;
        }
    }

    /** Behind the probabilities in {@code scratch}, for each head: Σ_p probability[p] · v_p, {@code stride} elements. */
    private static void mixValues(long values, int stride, int positions, int queryHeads, float[] scratch, Tile tile) {
        int mixes = queryHeads * positions;
        Arrays.fill(scratch, mixes, mixes + queryHeads * stride, 0f);
        int some = positionsTogether(stride);
        for (int p = 0; p < positions; p += some) {
            int n = Math.min(some, positions - p);
            Lanes.halves(values + 2L * p * stride, n * stride, tile.halves);
            int g = 0;
            for (; g + 4 <= queryHeads; g += 4) {
                mixFour(tile.halves, stride, n, scratch, g * positions + p, positions, mixes + g * stride);
            }
            for (; g < queryHeads; g++) {
                mixOne(tile.halves, stride, n, scratch, g * positions + p, mixes + g * stride);
            }
        }
    }

    /** Adds n values to the mixes of four heads, one vector of elements at a time. */
    private static void mixFour(float[] values, int stride, int n, float[] scratch, int weights, int step, int mix) {
        int w1 = weights + step;
        int w2 = w1 + step;
        int w3 = w2 + step;
        for (int i = 0; i < stride; i += LANES) {
            FloatVector m0 = FloatVector.fromArray(FLOATS, scratch, mix + i);
            FloatVector m1 = FloatVector.fromArray(FLOATS, scratch, mix + stride + i);
            FloatVector m2 = FloatVector.fromArray(FLOATS, scratch, mix + 2 * stride + i);
            FloatVector m3 = FloatVector.fromArray(FLOATS, scratch, mix + 3 * stride + i);
            for (int p = 0; p < n; p++) {
                FloatVector v = FloatVector.fromArray(FLOATS, values, p * stride + i);
                m0 = v.lanewise(VectorOperators.FMA, scratch[weights + p], m0);
                m1 = v.lanewise(VectorOperators.FMA, scratch[w1 + p], m1);
                m2 = v.lanewise(VectorOperators.FMA, scratch[w2 + p], m2);
                m3 = v.lanewise(VectorOperators.FMA, scratch[w3 + p], m3);
            }
            m0.intoArray(scratch, mix + i);
            m1.intoArray(scratch, mix + stride + i);
            m2.intoArray(scratch, mix + 2 * stride + i);
            m3.intoArray(scratch, mix + 3 * stride + i);
        }
    }

    /** Adds n values to the mix of one head, four vectors of elements at a time while there are four. */
    private static void mixOne(float[] values, int stride, int n, float[] scratch, int weights, int mix) {
        int i = 0;
        for (; i + 4 * LANES <= stride; i += 4 * LANES) {
            FloatVector m0 = FloatVector.fromArray(FLOATS, scratch, mix + i);
            FloatVector m1 = FloatVector.fromArray(FLOATS, scratch, mix + i + LANES);
            FloatVector m2 = FloatVector.fromArray(FLOATS, scratch, mix + i + 2 * LANES);
            FloatVector m3 = FloatVector.fromArray(FLOATS, scratch, mix + i + 3 * LANES);
            for (int p = 0; p < n; p++) {
                int v = p * stride + i;
                float weight = scratch[weights + p];
                m0 = FloatVector.fromArray(FLOATS, values, v).lanewise(VectorOperators.FMA, weight, m0);
                m1 = FloatVector.fromArray(FLOATS, values, v + LANES).lanewise(VectorOperators.FMA, weight, m1);
                m2 = FloatVector.fromArray(FLOATS, values, v + 2 * LANES).lanewise(VectorOperators.FMA, weight, m2);
                m3 = FloatVector.fromArray(FLOATS, values, v + 3 * LANES).lanewise(VectorOperators.FMA, weight, m3);
            }
            m0.intoArray(scratch, mix + i);
            m1.intoArray(scratch, mix + i + LANES);
            m2.intoArray(scratch, mix + i + 2 * LANES);
            m3.intoArray(scratch, mix + i + 3 * LANES);
        }
        for (; i < stride; i += LANES) {
            FloatVector m = FloatVector.fromArray(FLOATS, scratch, mix + i);
            for (int p = 0; p < n; p++) {
                m = FloatVector.fromArray(FLOATS, values, p * stride + i)
                        .lanewise(VectorOperators.FMA, scratch[weights + p], m);
            }
            m.intoArray(scratch, mix + i);
        }
    }
}
