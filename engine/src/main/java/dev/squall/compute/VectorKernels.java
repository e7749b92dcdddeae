package dev.squall.compute;

import static dev.squall.compute.VectorMath.FLOATS;
import static dev.squall.compute.VectorMath.LANES;
import static dev.squall.compute.VectorMath.sum;
import static dev.squall.compute.VectorMath.sumLanes;
import static dev.squall.compute.WeightMemory.ADDRESSES;
import static dev.squall.compute.WeightMemory.MEMORY;

import dev.squall.gguf.BlockCodec;
import dev.squall.gguf.BlockType;
import dev.squall.model.WeightMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import org.jspecify.annotations.Nullable;

/**
 * The Vector API's kernels. A product decodes four rows of weights, a few columns at a time, to floats in the
 * first-level cache and multiplies them with every row of activations; a sum is taken lane by lane along k, then over the
 * lanes as a tree, then over what is left of k, so it depends on the vector width of the machine and on nothing else.
 * With one row of activations, {@link RegisterProducts} decode in registers instead, with the same operations in the
 * same order. Super-blocks have products of their own, see {@link SuperBlocks}.
 *
 * <p>Loops are short on purpose: the compiler stops inlining in a method of some fifty vector operations, and from there
 * on every vector would be an object. Methods that multiply a tile are longer than what the compiler inlines (325 bytes),
 * also on purpose: taken into their caller they are half as fast, and whether it takes shorter ones differs from start
 * to start.
 */
final class VectorKernels implements Kernels {
    /**
     * Weights that are streamed again for each of several rows of activations: no more than the second-level cache
     * holds.
     */
    private static final long STREAM_BYTES = 128 << 10;

    @Override
    public String description() {
        return "Vector API, " + FLOATS.vectorBitSize() + " bits";
    }

    @Override
    public void decodeRow(WeightMatrix w, int row, float[] out, int outOffset, Tile tile) {
        if (SuperBlockCodec.has(w.type())) {
            BlockCodec.decode(w.type(), w.data(), row * w.rowBytes(), out, outOffset, w.columns());
            return;
        }
        long rowBytes = w.rowBytes();
        long address = WeightMemory.address(w.data(), row * rowBytes, rowBytes);
        for (int k = 0; k < w.columns(); k += Tile.COLUMNS) {
            int n = Math.min(Tile.COLUMNS, w.columns() - k);
            BlockDecoders.decode(w.type(), address + w.type().rowBytes(k), n, tile, 0);
            MemorySegment.copy(MEMORY, ValueLayout.JAVA_FLOAT, tile.row(0), out, outOffset + k, n);
        }
    }

    @Override
    public void multiply(
            WeightMatrix w,
            int from,
            int to,
            FloatRows x,
            int[] xOffsets,
            float[] y,
            int[] yOffsets,
            int first,
            int count,
            Tile tile) {
        long rowBytes = w.rowBytes();
        long address = WeightMemory.address(w.data(), from * rowBytes, (to - from) * rowBytes);
        if (SuperBlockStreams.has(w.type())) {
            multiplySuperBlocks(w, address, from, to, x, xOffsets, y, yOffsets, first, count, tile);
            return;
        }
        boolean superBlocks = SuperBlockCodec.has(w.type());
        if (count == 1 && to - from > 1 && RegisterProducts.has(w.type())) {
            int paired = multiplyPairs(w, address, from, to, x.values(), xOffsets[first], y, yOffsets[first], tile);
            address += paired * rowBytes;
            from += paired;
        }
        for (int done = 0; done < count; done += Tile.ACTIVATION_ROWS) {
            int some = Math.min(Tile.ACTIVATION_ROWS, count - done);
            for (int o = from; o < to; o += Tile.ROWS) {
                int rows = Math.min(Tile.ROWS, to - o);
                long at = address + (o - from) * rowBytes;
                if (superBlocks) {
                    SuperBlockProducts.multiply(w, at, rows, x, xOffsets, y, yOffsets, o, first + done, some, tile);
                } else {
                    multiplyRows(w, at, rows, x.values(), xOffsets, y, yOffsets, o, first + done, some, tile);
                }
            }
        }
    }

    /** With vectors of sixteen lanes: in tiles of columns, or for few rows of either kind as streams. */
    private static void multiplySuperBlocks(
            WeightMatrix w,
            long address,
            int from,
            int to,
            FloatRows x,
            int[] xOffsets,
            float[] y,
            int[] yOffsets,
            int first,
            int count,
            Tile tile) {
        long rowBytes = w.rowBytes();
        int o = from;
        if (count >= OuterProducts.COUNT_MIN) {
            for (; o + ColumnTile.ROWS <= to; o += ColumnTile.ROWS) {
                long at = address + (o - from) * rowBytes;
                for (int done = 0; done < count; done += Tile.ACTIVATION_ROWS) {
                    int some = Math.min(Tile.ACTIVATION_ROWS, count - done);
                    OuterProducts.multiply(w, at, x, xOffsets, y, yOffsets, o, first + done, some, tile);
                }
            }
        }
        int run = count == 1 ? to - from : (int) Math.max(1, STREAM_BYTES / rowBytes);
        for (; o < to; o += run) {
            long at = address + (o - from) * rowBytes;
            int rows = Math.min(run, to - o);
            for (int i = first; i < first + count; i++) {
                SuperBlockStreams.multiply(w.type(), at, rows, w.columns(), x, xOffsets[i], y, yOffsets[i] + o, tile);
            }
        }
    }

    /**
     * Multiplies rows two at a time, half of them apart: two rows of one page that are read in turns defeat the
     * processor's prefetching, two long streams do not.
     *
     * @return how many rows were multiplied: all but at most one
     */
    private static int multiplyPairs(
            WeightMatrix w, long address, int from, int to, float[] x, int xOffset, float[] y, int yOffset, Tile tile) {
        int pairs = (to - from) / 2;
        long rowBytes = w.rowBytes();
        RegisterProducts.prepare(w.type(), w.columns(), x, xOffset, tile);
        for (int i = 0; i < pairs; i++) {
            long at = address + i * rowBytes;
            RegisterProducts.multiplyTwo(w.type(), at, pairs * rowBytes, w.columns(), x, xOffset, tile);
            float first = sumLanes(tile.sums, 0);
            float second = sumLanes(tile.sums, LANES);
            for (int k = FLOATS.loopBound(w.columns()); k < w.columns(); k++) {
                first = Math.fma(Lanes.element(w.type(), at, k), x[xOffset + k], first);
                second = Math.fma(Lanes.element(w.type(), at + pairs * rowBytes, k), x[xOffset + k], second);
            }
            y[yOffset + from + i] = first;
            y[yOffset + from + pairs + i] = second;
        }
        return 2 * pairs;
    }

    /** Up to four rows of weights from {@code address}, outputs from {@code o}. */
    private static void multiplyRows(
            WeightMatrix w,
            long address,
            int rows,
            float[] x,
            int[] xOffsets,
            float[] y,
            int[] yOffsets,
            int o,
            int first,
            int count,
            Tile tile) {
        BlockType type = w.type();
        int columns = w.columns();
        long rowBytes = w.rowBytes();
        float[] sums = tile.sums;
        Arrays.fill(sums, 0, count * Tile.ROWS * LANES, 0f);
        int n = 0;
        for (int k = 0; k < columns; k += n) {
            n = Math.min(Tile.COLUMNS, columns - k);
            long at = address + type.rowBytes(k);
            for (int row = 0; row < rows; row++) {
                BlockDecoders.decode(type, at + row * rowBytes, n, tile, row);
            }
            int i = 0;
            for (; i + 4 <= count; i += 4) {
                multiplyFourByFour(tile, n, x, xOffsets, first + i, k, sums, i * Tile.ROWS * LANES);
            }
            multiplyFourByFew(tile, n, x, xOffsets, first + i, count - i, k, sums, i * Tile.ROWS * LANES);
        }
        int whole = FLOATS.loopBound(n);
        for (int i = 0; i < count; i++) {
            for (int row = 0; row < rows; row++) {
                float sum = sumLanes(sums, (i * Tile.ROWS + row) * LANES);
                for (int j = whole; j < n; j++) {
                    float weight = MEMORY.get(ValueLayout.JAVA_FLOAT, tile.row(row) + 4L * j);
                    sum = Math.fma(weight, x[xOffsets[first + i] + columns - n + j], sum);
                }
                y[yOffsets[first + i] + o + row] = sum;
            }
        }
    }

    /** Adds n columns of the tile's four rows times four rows of activations to sixteen vectors of sums. */
    private static void multiplyFourByFour(
            Tile tile, int n, float[] x, int[] xOffsets, int first, int k, float[] sums, int at) {
        int x0 = xOffsets[first] + k;
        int x1 = xOffsets[first + 1] + k;
        int x2 = xOffsets[first + 2] + k;
        int x3 = xOffsets[first + 3] + k;
        long w0 = tile.row(0) & ADDRESSES;
        long w1 = tile.row(1) & ADDRESSES;
        long w2 = tile.row(2) & ADDRESSES;
        long w3 = tile.row(3) & ADDRESSES;
        FloatVector s00 = FloatVector.fromArray(FLOATS, sums, at);
        FloatVector s01 = FloatVector.fromArray(FLOATS, sums, at + LANES);
        FloatVector s02 = FloatVector.fromArray(FLOATS, sums, at + 2 * LANES);
        FloatVector s03 = FloatVector.fromArray(FLOATS, sums, at + 3 * LANES);
        FloatVector s10 = FloatVector.fromArray(FLOATS, sums, at + 4 * LANES);
        FloatVector s11 = FloatVector.fromArray(FLOATS, sums, at + 5 * LANES);
        FloatVector s12 = FloatVector.fromArray(FLOATS, sums, at + 6 * LANES);
        FloatVector s13 = FloatVector.fromArray(FLOATS, sums, at + 7 * LANES);
        FloatVector s20 = FloatVector.fromArray(FLOATS, sums, at + 8 * LANES);
        FloatVector s21 = FloatVector.fromArray(FLOATS, sums, at + 9 * LANES);
        FloatVector s22 = FloatVector.fromArray(FLOATS, sums, at + 10 * LANES);
        FloatVector s23 = FloatVector.fromArray(FLOATS, sums, at + 11 * LANES);
        FloatVector s30 = FloatVector.fromArray(FLOATS, sums, at + 12 * LANES);
        FloatVector s31 = FloatVector.fromArray(FLOATS, sums, at + 13 * LANES);
        FloatVector s32 = FloatVector.fromArray(FLOATS, sums, at + 14 * LANES);
        FloatVector s33 = FloatVector.fromArray(FLOATS, sums, at + 15 * LANES);
        int whole = FLOATS.loopBound(n);
        for (int j = 0; j < whole; j += LANES) {
            FloatVector a = FloatVector.fromMemorySegment(FLOATS, MEMORY, w0 + 4L * j, Lanes.ORDER);
            FloatVector b = FloatVector.fromMemorySegment(FLOATS, MEMORY, w1 + 4L * j, Lanes.ORDER);
            FloatVector c = FloatVector.fromMemorySegment(FLOATS, MEMORY, w2 + 4L * j, Lanes.ORDER);
            FloatVector d = FloatVector.fromMemorySegment(FLOATS, MEMORY, w3 + 4L * j, Lanes.ORDER);
            FloatVector v = FloatVector.fromArray(FLOATS, x, x0 + j);
            s00 = a.fma(v, s00);
            s01 = b.fma(v, s01);
            s02 = c.fma(v, s02);
            s03 = d.fma(v, s03);
            v = FloatVector.fromArray(FLOATS, x, x1 + j);
            s10 = a.fma(v, s10);
            s11 = b.fma(v, s11);
            s12 = c.fma(v, s12);
            s13 = d.fma(v, s13);
            v = FloatVector.fromArray(FLOATS, x, x2 + j);
            s20 = a.fma(v, s20);
            s21 = b.fma(v, s21);
            s22 = c.fma(v, s22);
            s23 = d.fma(v, s23);
            v = FloatVector.fromArray(FLOATS, x, x3 + j);
            s30 = a.fma(v, s30);
            s31 = b.fma(v, s31);
            s32 = c.fma(v, s32);
            s33 = d.fma(v, s33);
        }
        s00.intoArray(sums, at);
        s01.intoArray(sums, at + LANES);
        s02.intoArray(sums, at + 2 * LANES);
        s03.intoArray(sums, at + 3 * LANES);
        s10.intoArray(sums, at + 4 * LANES);
        s11.intoArray(sums, at + 5 * LANES);
        s12.intoArray(sums, at + 6 * LANES);
        s13.intoArray(sums, at + 7 * LANES);
        s20.intoArray(sums, at + 8 * LANES);
        s21.intoArray(sums, at + 9 * LANES);
        s22.intoArray(sums, at + 10 * LANES);
        s23.intoArray(sums, at + 11 * LANES);
        s30.intoArray(sums, at + 12 * LANES);
        s31.intoArray(sums, at + 13 * LANES);
        s32.intoArray(sums, at + 14 * LANES);
        s33.intoArray(sums, at + 15 * LANES);
    }

    /** Adds n columns of the tile's four rows times each of some rows of activations to four vectors of sums. */
    private static void multiplyFourByFew(
            Tile tile, int n, float[] x, int[] xOffsets, int first, int count, int k, float[] sums, int at) {
        long w0 = tile.row(0) & ADDRESSES;
        long w1 = tile.row(1) & ADDRESSES;
        long w2 = tile.row(2) & ADDRESSES;
        long w3 = tile.row(3) & ADDRESSES;
        int whole = FLOATS.loopBound(n);
        for (int i = 0; i < count; i++) {
            int xOffset = xOffsets[first + i] + k;
            int to = at + i * Tile.ROWS * LANES;
            FloatVector s0 = FloatVector.fromArray(FLOATS, sums, to);
            FloatVector s1 = FloatVector.fromArray(FLOATS, sums, to + LANES);
            FloatVector s2 = FloatVector.fromArray(FLOATS, sums, to + 2 * LANES);
            FloatVector s3 = FloatVector.fromArray(FLOATS, sums, to + 3 * LANES);
            for (int j = 0; j < whole; j += LANES) {
                FloatVector v = FloatVector.fromArray(FLOATS, x, xOffset + j);
                s0 = FloatVector.fromMemorySegment(FLOATS, MEMORY, w0 + 4L * j, Lanes.ORDER)
                        .fma(v, s0);
                s1 = FloatVector.fromMemorySegment(FLOATS, MEMORY, w1 + 4L * j, Lanes.ORDER)
                        .fma(v, s1);
                s2 = FloatVector.fromMemorySegment(FLOATS, MEMORY, w2 + 4L * j, Lanes.ORDER)
                        .fma(v, s2);
                s3 = FloatVector.fromMemorySegment(FLOATS, MEMORY, w3 + 4L * j, Lanes.ORDER)
                        .fma(v, s3);
            }
            s0.intoArray(sums, to);
            s1.intoArray(sums, to + LANES);
            s2.intoArray(sums, to + 2 * LANES);
            s3.intoArray(sums, to + 3 * LANES);
        }
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
    public void round(ActivationPrecision precision, float[] x, int xOffset, int n, FloatRows y, int yOffset) {
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
    public void clampedSwiglu(float[] gate, int gateOffset, float[] up, int upOffset, int n) {
        int whole = FLOATS.loopBound(n);
        for (int i = 0; i < whole; i += LANES) {
            FloatVector g = FloatVector.fromArray(FLOATS, gate, gateOffset + i).min(SWIGLU_LIMIT);
            FloatVector u = FloatVector.fromArray(FLOATS, up, upOffset + i)
                    .min(SWIGLU_LIMIT)
                    .max(-SWIGLU_LIMIT)
                    .add(1);
            g.div(VectorMath.exp(g.mul(-SWIGLU_ALPHA)).add(1)).mul(u).intoArray(gate, gateOffset + i);
        }
        for (int i = whole; i < n; i++) {
            float g = Math.min(gate[gateOffset + i], SWIGLU_LIMIT);
            float u = Math.max(Math.min(up[upOffset + i], SWIGLU_LIMIT), -SWIGLU_LIMIT) + 1;
            gate[gateOffset + i] = g / (VectorMath.exp(g * -SWIGLU_ALPHA) + 1) * u;
        }
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
        VectorAttention.attend(span, group, query, queryOffset, sinks, sinksOffset, out, outOffset, scratch, tile);
    }
}
