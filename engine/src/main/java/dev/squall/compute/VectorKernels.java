package dev.squall.compute;

import static dev.squall.compute.VectorMath.FLOATS;
import static dev.squall.compute.VectorMath.LANES;
import static dev.squall.compute.VectorMath.sum;
import static dev.squall.compute.VectorMath.sumLanes;

import dev.squall.gguf.BlockType;
import dev.squall.model.WeightMatrix;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The Vector API's kernels. A product decodes four rows of weights to floats in the first-level cache and
 * multiplies them with every row of activations; a sum is taken lane by lane along k, then over the lanes as a tree,
 * then over what is left of k, so it depends on the vector width of the machine and on nothing else. Products of one
 * row with Q8_0 weights decode in registers instead, with the same operations in the same order.
 */
final class VectorKernels implements Kernels {
    private static final int TILE_ROWS = 4;

    @Override
    public int tileFloats(int columns) {
        return TILE_ROWS * (columns + 4 * LANES);
    }

    @Override
    public String description() {
        return "Vector API, " + FLOATS.vectorBitSize() + " bits";
    }

    @Override
    public void decodeRow(WeightMatrix w, int row, float[] out, int outOffset) {
        long rowBytes = w.rowBytes();
        BlockDecoders.decode(w, WeightMemory.address(w.data(), row * rowBytes, rowBytes), out, outOffset);
    }

    @Override
    public void multiply(
            WeightMatrix w,
            int from,
            int to,
            float[] x,
            int[] xOffsets,
            float[] y,
            int[] yOffsets,
            int first,
            int count,
            float[] tile) {
        long rowBytes = w.rowBytes();
        long address = WeightMemory.address(w.data(), from * rowBytes, (to - from) * rowBytes);
        int columns = w.columns();
        int o = from;
        if (count == 1 && w.type() == BlockType.Q8_0 && LANES == 16) {
            for (; o + TILE_ROWS <= to; o += TILE_ROWS, address += TILE_ROWS * rowBytes) {
                multiplyFourQ8_0(address, rowBytes, columns, x, xOffsets[first], y, yOffsets[first] + o, tile);
            }
        }
        for (; o + TILE_ROWS <= to; o += TILE_ROWS) {
            for (int row = 0; row < TILE_ROWS; row++, address += rowBytes) {
                BlockDecoders.decode(w, address, tile, row * columns);
            }
            int i = first;
            for (; i + 4 <= first + count; i += 4) {
                multiplyFourByFour(tile, columns, x, xOffsets, y, yOffsets, i, o);
            }
            for (; i < first + count; i++) {
                multiplyFourByOne(tile, columns, x, xOffsets[i], y, yOffsets[i] + o);
            }
        }
        for (; o < to; o++, address += rowBytes) {
            BlockDecoders.decode(w, address, tile, 0);
            for (int i = first; i < first + count; i++) {
                y[yOffsets[i] + o] = multiplyOneByOne(tile, columns, x, xOffsets[i]);
            }
        }
    }

    /** Four rows of Q8_0 weights with one row of activations, weights decoded in registers. */
    private static void multiplyFourQ8_0(
            long address, long rowBytes, int columns, float[] x, int xOffset, float[] y, int yOffset, float[] tile) {
        long w0 = address;
        long w1 = w0 + rowBytes;
        long w2 = w1 + rowBytes;
        long w3 = w2 + rowBytes;
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        for (int k = 0, block = 0; k < columns; k += 32, block += 34) {
            float d0 = BlockDecoders.half(w0 + block);
            float d1 = BlockDecoders.half(w1 + block);
            float d2 = BlockDecoders.half(w2 + block);
            float d3 = BlockDecoders.half(w3 + block);
            FloatVector low = FloatVector.fromArray(FLOATS, x, xOffset + k);
            s0 = BlockDecoders.bytes(w0 + block + 2, 0).mul(d0).fma(low, s0);
            s1 = BlockDecoders.bytes(w1 + block + 2, 0).mul(d1).fma(low, s1);
            s2 = BlockDecoders.bytes(w2 + block + 2, 0).mul(d2).fma(low, s2);
            s3 = BlockDecoders.bytes(w3 + block + 2, 0).mul(d3).fma(low, s3);
            FloatVector high = FloatVector.fromArray(FLOATS, x, xOffset + k + 16);
            s0 = BlockDecoders.bytes(w0 + block + 18, 0).mul(d0).fma(high, s0);
            s1 = BlockDecoders.bytes(w1 + block + 18, 0).mul(d1).fma(high, s1);
            s2 = BlockDecoders.bytes(w2 + block + 18, 0).mul(d2).fma(high, s2);
            s3 = BlockDecoders.bytes(w3 + block + 18, 0).mul(d3).fma(high, s3);
        }
        int lanes = TILE_ROWS * columns;
        s0.intoArray(tile, lanes);
        s1.intoArray(tile, lanes + LANES);
        s2.intoArray(tile, lanes + 2 * LANES);
        s3.intoArray(tile, lanes + 3 * LANES);
        for (int row = 0; row < TILE_ROWS; row++) {
            y[yOffset + row] = sumLanes(tile, lanes + row * LANES);
        }
    }

    private static void multiplyFourByFour(
            float[] tile, int columns, float[] x, int[] xOffsets, float[] y, int[] yOffsets, int i, int o) {
        int w1 = columns;
        int w2 = 2 * columns;
        int w3 = 3 * columns;
        int x0 = xOffsets[i];
        int x1 = xOffsets[i + 1];
        int x2 = xOffsets[i + 2];
        int x3 = xOffsets[i + 3];
        FloatVector zero = FloatVector.zero(FLOATS);
        FloatVector s00 = zero;
        FloatVector s01 = zero;
        FloatVector s02 = zero;
        FloatVector s03 = zero;
        FloatVector s10 = zero;
        FloatVector s11 = zero;
        FloatVector s12 = zero;
        FloatVector s13 = zero;
        FloatVector s20 = zero;
        FloatVector s21 = zero;
        FloatVector s22 = zero;
        FloatVector s23 = zero;
        FloatVector s30 = zero;
        FloatVector s31 = zero;
        FloatVector s32 = zero;
        FloatVector s33 = zero;
        int whole = FLOATS.loopBound(columns);
        for (int k = 0; k < whole; k += LANES) {
            FloatVector a = FloatVector.fromArray(FLOATS, tile, k);
            FloatVector b = FloatVector.fromArray(FLOATS, tile, w1 + k);
            FloatVector c = FloatVector.fromArray(FLOATS, tile, w2 + k);
            FloatVector d = FloatVector.fromArray(FLOATS, tile, w3 + k);
            FloatVector v = FloatVector.fromArray(FLOATS, x, x0 + k);
            s00 = a.fma(v, s00);
            s01 = b.fma(v, s01);
            s02 = c.fma(v, s02);
            s03 = d.fma(v, s03);
            v = FloatVector.fromArray(FLOATS, x, x1 + k);
            s10 = a.fma(v, s10);
            s11 = b.fma(v, s11);
            s12 = c.fma(v, s12);
            s13 = d.fma(v, s13);
            v = FloatVector.fromArray(FLOATS, x, x2 + k);
            s20 = a.fma(v, s20);
            s21 = b.fma(v, s21);
            s22 = c.fma(v, s22);
            s23 = d.fma(v, s23);
            v = FloatVector.fromArray(FLOATS, x, x3 + k);
            s30 = a.fma(v, s30);
            s31 = b.fma(v, s31);
            s32 = c.fma(v, s32);
            s33 = d.fma(v, s33);
        }
        int lanes = TILE_ROWS * columns;
        s00.intoArray(tile, lanes);
        s01.intoArray(tile, lanes + LANES);
        s02.intoArray(tile, lanes + 2 * LANES);
        s03.intoArray(tile, lanes + 3 * LANES);
        s10.intoArray(tile, lanes + 4 * LANES);
        s11.intoArray(tile, lanes + 5 * LANES);
        s12.intoArray(tile, lanes + 6 * LANES);
        s13.intoArray(tile, lanes + 7 * LANES);
        s20.intoArray(tile, lanes + 8 * LANES);
        s21.intoArray(tile, lanes + 9 * LANES);
        s22.intoArray(tile, lanes + 10 * LANES);
        s23.intoArray(tile, lanes + 11 * LANES);
        s30.intoArray(tile, lanes + 12 * LANES);
        s31.intoArray(tile, lanes + 13 * LANES);
        s32.intoArray(tile, lanes + 14 * LANES);
        s33.intoArray(tile, lanes + 15 * LANES);
        for (int row = 0; row < 4; row++) {
            finishFour(tile, row, columns, x, xOffsets[i + row], y, yOffsets[i + row] + o);
        }
    }

    private static void multiplyFourByOne(float[] tile, int columns, float[] x, int xOffset, float[] y, int yOffset) {
        int w1 = columns;
        int w2 = 2 * columns;
        int w3 = 3 * columns;
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        int whole = FLOATS.loopBound(columns);
        for (int k = 0; k < whole; k += LANES) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, xOffset + k);
            s0 = FloatVector.fromArray(FLOATS, tile, k).fma(v, s0);
            s1 = FloatVector.fromArray(FLOATS, tile, w1 + k).fma(v, s1);
            s2 = FloatVector.fromArray(FLOATS, tile, w2 + k).fma(v, s2);
            s3 = FloatVector.fromArray(FLOATS, tile, w3 + k).fma(v, s3);
        }
        int lanes = TILE_ROWS * columns;
        s0.intoArray(tile, lanes);
        s1.intoArray(tile, lanes + LANES);
        s2.intoArray(tile, lanes + 2 * LANES);
        s3.intoArray(tile, lanes + 3 * LANES);
        finishFour(tile, 0, columns, x, xOffset, y, yOffset);
    }

    /** Sums the lanes of four outputs of one row of activations and adds the products that fill no vector. */
    private static void finishFour(
            float[] tile, int lanesRow, int columns, float[] x, int xOffset, float[] y, int yOffset) {
        int lanes = TILE_ROWS * (columns + lanesRow * LANES);
        for (int row = 0; row < TILE_ROWS; row++) {
            float sum = sumLanes(tile, lanes + row * LANES);
            y[yOffset + row] = withRest(sum, tile, row * columns, columns, x, xOffset);
        }
    }

    private static float multiplyOneByOne(float[] tile, int columns, float[] x, int xOffset) {
        FloatVector s = FloatVector.zero(FLOATS);
        int whole = FLOATS.loopBound(columns);
        for (int k = 0; k < whole; k += LANES) {
            s = FloatVector.fromArray(FLOATS, tile, k).fma(FloatVector.fromArray(FLOATS, x, xOffset + k), s);
        }
        return withRest(sum(s), tile, 0, columns, x, xOffset);
    }

    /** Adds the products of the columns that fill no vector. */
    private static float withRest(float sum, float[] tile, int tileOffset, int columns, float[] x, int xOffset) {
        float total = sum;
        for (int k = FLOATS.loopBound(columns); k < columns; k++) {
            total = Math.fma(tile[tileOffset + k], x[xOffset + k], total);
        }
        return total;
    }

    @Override
    public void rmsNorm(float[] x, int xOffset, float[] weight, int n, float epsilon, float[] y, int yOffset) {
        FloatVector squares = FloatVector.zero(FLOATS);
        int whole = FLOATS.loopBound(n);
        for (int i = 0; i < whole; i += LANES) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, xOffset + i);
            squares = v.fma(v, squares);
        }
        float sum = sum(squares);
        for (int i = whole; i < n; i++) {
            sum = Math.fma(x[xOffset + i], x[xOffset + i], sum);
        }
        float scale = (float) (1 / Math.sqrt(sum / n + epsilon));
        for (int i = 0; i < whole; i += LANES) {
            FloatVector.fromArray(FLOATS, x, xOffset + i)
                    .mul(scale)
                    .mul(FloatVector.fromArray(FLOATS, weight, i))
                    .intoArray(y, yOffset + i);
        }
        for (int i = whole; i < n; i++) {
            y[yOffset + i] = x[xOffset + i] * scale * weight[i];
        }
    }

    @Override
    public void round(ActivationPrecision precision, float[] x, int xOffset, int n, float[] y, int yOffset) {
        VectorRounding.round(precision, x, xOffset, n, y, yOffset);
    }

    @Override
    public void swiglu(float[] gate, int gateOffset, float[] up, int upOffset, int n) {
        int whole = FLOATS.loopBound(n);
        for (int i = 0; i < whole; i += LANES) {
            silu(FloatVector.fromArray(FLOATS, gate, gateOffset + i))
                    .mul(FloatVector.fromArray(FLOATS, up, upOffset + i))
                    .intoArray(gate, gateOffset + i);
        }
        for (int i = whole; i < n; i++) {
            float silu =
                    silu(FloatVector.broadcast(FLOATS, gate[gateOffset + i])).lane(0);
            gate[gateOffset + i] = silu * up[upOffset + i];
        }
    }

    private static FloatVector silu(FloatVector g) {
        return g.div(VectorMath.exp(g.neg()).add(1));
    }

    @Override
    public void addScaled(float scale, float[] x, int xOffset, float[] y, int yOffset, int n) {
        int whole = FLOATS.loopBound(n);
        FloatVector factor = FloatVector.broadcast(FLOATS, scale);
        for (int i = 0; i < whole; i += LANES) {
            FloatVector.fromArray(FLOATS, x, xOffset + i)
                    .fma(factor, FloatVector.fromArray(FLOATS, y, yOffset + i))
                    .intoArray(y, yOffset + i);
        }
        for (int i = whole; i < n; i++) {
            y[yOffset + i] = Math.fma(x[xOffset + i], scale, y[yOffset + i]);
        }
    }

    @Override
    public void attend(
            KvCache cache,
            int layer,
            int sequence,
            int kvHead,
            int positions,
            float scale,
            float[] query,
            int queryOffset,
            int queryHeads,
            float[] out,
            int outOffset,
            int valueLength,
            float[] scratch) {
        int keyStride = cache.keyStride();
        int valueStride = cache.valueStride();
        long keys = WeightMemory.address(
                cache.keys(), cache.keyOffset(layer, sequence, kvHead, 0), 2L * positions * keyStride);
        long values = WeightMemory.address(
                cache.values(), cache.valueOffset(layer, sequence, kvHead, 0), 2L * positions * valueStride);
        int queryLength = queryHeads * keyStride;
        VectorRounding.round(ActivationPrecision.FLOAT16, query, queryOffset, queryLength, query, queryOffset);
        for (int g = 0; g < queryHeads; g++) {
            int scores = g * positions;
            scoreKeys(keys, keyStride, positions, scale, query, queryOffset + g * keyStride, scratch, scores);
            softmax(scratch, scores, positions);
            VectorRounding.round(ActivationPrecision.FLOAT16, scratch, scores, positions, scratch, scores);
            mixValues(values, valueStride, positions, scratch, scores, out, outOffset + g * valueLength, valueLength);
        }
    }

    private static void scoreKeys(
            long keys, int stride, int positions, float scale, float[] query, int q, float[] scores, int scoresOffset) {
        for (int p = 0; p < positions; p++) {
            long key = keys + 2L * p * stride;
            FloatVector dot = FloatVector.zero(FLOATS);
            for (int i = 0; i < stride; i += LANES) {
                dot = BlockDecoders.halves(key + 2L * i).fma(FloatVector.fromArray(FLOATS, query, q + i), dot);
            }
            scores[scoresOffset + p] = sum(dot) * scale;
        }
    }

    private static void softmax(float[] scores, int offset, int n) {
        float max = Float.NEGATIVE_INFINITY;
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
        for (int i = whole; i < n; i++) {
            float e = VectorMath.exp(FloatVector.broadcast(FLOATS, scores[offset + i] - max))
                    .lane(0);
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

    /** out = Σ_p weights[p] · values[p], one vector of value elements at a time. */
    private static void mixValues(
            long values,
            int stride,
            int positions,
            float[] weights,
            int weightsOffset,
            float[] out,
            int outOffset,
            int valueLength) {
        for (int i = 0; i < valueLength; i += LANES) {
            FloatVector mix = FloatVector.zero(FLOATS);
            for (int p = 0; p < positions; p++) {
                mix = BlockDecoders.halves(values + 2L * ((long) p * stride + i))
                        .lanewise(VectorOperators.FMA, weights[weightsOffset + p], mix);
            }
            int rest = valueLength - i;
            if (rest >= LANES) {
                mix.intoArray(out, outOffset + i);
            } else {
                mix.intoArray(out, outOffset + i, FLOATS.indexInRange(0, rest));
            }
        }
    }
}
