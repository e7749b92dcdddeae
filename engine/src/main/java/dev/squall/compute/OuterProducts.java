package dev.squall.compute;

import static dev.squall.compute.ColumnTile.ACTIVATION_ROWS;
import static dev.squall.compute.ColumnTile.COLUMN;
import static dev.squall.compute.ColumnTile.COLUMNS_OF_SUM;
import static dev.squall.compute.ColumnTile.ROW_OF_SUMS;
import static dev.squall.compute.SuperBlocks.ELEMENTS;
import static dev.squall.compute.SuperBlocks.SUMS;
import static dev.squall.compute.VectorMath.FLOATS;
import static dev.squall.compute.VectorMath.LANES;
import static dev.squall.compute.WeightMemory.ADDRESSES;
import static dev.squall.compute.WeightMemory.MEMORY;

import dev.squall.model.WeightMatrix;
import jdk.incubator.vector.FloatVector;

/**
 * Products of {@link SuperBlocks} with many rows of activations. A lane is a row of weights, 32 of them in two vectors: a
 * column of weights times one activation adds to one sum of all of them, so that nothing is folded, and each multiple of a
 * block's sums is taken for sixteen rows at once. Activations are read one by one, so that no vector straddles two cache
 * lines. Needs vectors of sixteen lanes.
 */
final class OuterProducts {
    /** Rows of activations from which on it is faster than {@link SuperBlockStreams}. */
    static final int COUNT_MIN = ACTIVATION_ROWS;

    private static final long HALF = 4L * LANES;

    private OuterProducts() {}

    /**
     * Multiplies {@link ColumnTile#ROWS} rows of weights from {@code address}, outputs from {@code o}. A block of each row
     * is read at a time, here and there, so the rows behind them, which mostly follow, are brought nearer before, in the
     * order in which they lie.
     */
    static void multiply(
            WeightMatrix w,
            long address,
            FloatRows x,
            int[] xOffsets,
            float[] y,
            int[] yOffsets,
            int o,
            int first,
            int count,
            Tile tile) {
        boolean minima = SuperBlockCodec.hasMinima(w.type());
        boolean eighths = SuperBlockCodec.hasMinimaOfEighths(w.type());
        ColumnTile columns = tile.columns();
        columns.clearSums(count);
        long panelBytes = ColumnTile.ROWS * w.rowBytes();
        long next = address + panelBytes;
        if (next + panelBytes <= w.data().address() + w.data().byteSize()) {
            tile.touched = CacheLines.touch(next, Math.toIntExact(panelBytes));
        }
        for (int k = 0; k < w.columns(); k += ELEMENTS) {
            columns.decode(w.type(), address + w.type().rowBytes(k), w.rowBytes(), tile);
            int i = 0;
            for (; i + ACTIVATION_ROWS <= count; i += ACTIVATION_ROWS) {
                for (int sum = 0; sum < SUMS; sum += 2) {
                    multiplyTwoByFour(columns, sum, x.values(), xOffsets, first + i, k);
                }
                if (eighths) {
                    addFourLessEighths(columns, x.blocks(), xOffsets, first + i, k, i);
                } else if (minima) {
                    for (int j = 0; j < ACTIVATION_ROWS; j++) {
                        add(columns, x.blocks(), xOffsets[first + i + j] + k, j, i + j, true, false);
                    }
                } else {
                    addFour(columns, x.blocks(), xOffsets, first + i, k, i);
                }
            }
            for (; i < count; i++) {
                multiplyTwoByOne(columns, x.values(), xOffsets[first + i] + k);
                add(columns, x.blocks(), xOffsets[first + i] + k, 0, i, minima, eighths);
            }
        }
        for (int i = 0; i < count; i++) {
            sum(columns.sums() + (long) i * ROW_OF_SUMS, y, yOffsets[first + i] + o);
        }
    }

    /** Two of the eight sums of a block of all rows with four rows of activations. */
    private static void multiplyTwoByFour(ColumnTile columns, int sum, float[] x, int[] xOffsets, int first, int k) {
        long w = (columns.columns() + (long) COLUMNS_OF_SUM * sum) & ADDRESSES;
        int x0 = xOffsets[first] + k + sum;
        int x1 = xOffsets[first + 1] + k + sum;
        int x2 = xOffsets[first + 2] + k + sum;
        int x3 = xOffsets[first + 3] + k + sum;
        FloatVector a0 = FloatVector.zero(FLOATS);
        FloatVector b0 = a0;
        FloatVector a1 = a0;
        FloatVector b1 = a0;
        FloatVector a2 = a0;
        FloatVector b2 = a0;
        FloatVector a3 = a0;
        FloatVector b3 = a0;
        FloatVector a4 = a0;
        FloatVector b4 = a0;
        FloatVector a5 = a0;
        FloatVector b5 = a0;
        FloatVector a6 = a0;
        FloatVector b6 = a0;
        FloatVector a7 = a0;
        FloatVector b7 = a0;
        for (int j = 0; j < ELEMENTS; j += SUMS) {
            long at = w + (long) COLUMN / SUMS * j;
            FloatVector a = FloatVector.fromMemorySegment(FLOATS, MEMORY, at, Lanes.ORDER);
            FloatVector b = FloatVector.fromMemorySegment(FLOATS, MEMORY, at + HALF, Lanes.ORDER);
            FloatVector v = FloatVector.broadcast(FLOATS, x[x0 + j]);
            a0 = a.fma(v, a0);
            b0 = b.fma(v, b0);
            v = FloatVector.broadcast(FLOATS, x[x1 + j]);
            a1 = a.fma(v, a1);
            b1 = b.fma(v, b1);
            v = FloatVector.broadcast(FLOATS, x[x2 + j]);
            a2 = a.fma(v, a2);
            b2 = b.fma(v, b2);
            v = FloatVector.broadcast(FLOATS, x[x3 + j]);
            a3 = a.fma(v, a3);
            b3 = b.fma(v, b3);
            a = FloatVector.fromMemorySegment(FLOATS, MEMORY, at + COLUMNS_OF_SUM, Lanes.ORDER);
            b = FloatVector.fromMemorySegment(FLOATS, MEMORY, at + COLUMNS_OF_SUM + HALF, Lanes.ORDER);
            v = FloatVector.broadcast(FLOATS, x[x0 + j + 1]);
            a4 = a.fma(v, a4);
            b4 = b.fma(v, b4);
            v = FloatVector.broadcast(FLOATS, x[x1 + j + 1]);
            a5 = a.fma(v, a5);
            b5 = b.fma(v, b5);
            v = FloatVector.broadcast(FLOATS, x[x2 + j + 1]);
            a6 = a.fma(v, a6);
            b6 = b.fma(v, b6);
            v = FloatVector.broadcast(FLOATS, x[x3 + j + 1]);
            a7 = a.fma(v, a7);
            b7 = b.fma(v, b7);
        }
        long to = (columns.blockSums() + (long) COLUMN * sum) & ADDRESSES;
        a0.intoMemorySegment(MEMORY, to, Lanes.ORDER);
        b0.intoMemorySegment(MEMORY, to + HALF, Lanes.ORDER);
        a1.intoMemorySegment(MEMORY, to + 1L * ROW_OF_SUMS, Lanes.ORDER);
        b1.intoMemorySegment(MEMORY, to + 1L * ROW_OF_SUMS + HALF, Lanes.ORDER);
        a2.intoMemorySegment(MEMORY, to + 2L * ROW_OF_SUMS, Lanes.ORDER);
        b2.intoMemorySegment(MEMORY, to + 2L * ROW_OF_SUMS + HALF, Lanes.ORDER);
        a3.intoMemorySegment(MEMORY, to + 3L * ROW_OF_SUMS, Lanes.ORDER);
        b3.intoMemorySegment(MEMORY, to + 3L * ROW_OF_SUMS + HALF, Lanes.ORDER);
        a4.intoMemorySegment(MEMORY, to + COLUMN, Lanes.ORDER);
        b4.intoMemorySegment(MEMORY, to + COLUMN + HALF, Lanes.ORDER);
        a5.intoMemorySegment(MEMORY, to + 1L * ROW_OF_SUMS + COLUMN, Lanes.ORDER);
        b5.intoMemorySegment(MEMORY, to + 1L * ROW_OF_SUMS + COLUMN + HALF, Lanes.ORDER);
        a6.intoMemorySegment(MEMORY, to + 2L * ROW_OF_SUMS + COLUMN, Lanes.ORDER);
        b6.intoMemorySegment(MEMORY, to + 2L * ROW_OF_SUMS + COLUMN + HALF, Lanes.ORDER);
        a7.intoMemorySegment(MEMORY, to + 3L * ROW_OF_SUMS + COLUMN, Lanes.ORDER);
        b7.intoMemorySegment(MEMORY, to + 3L * ROW_OF_SUMS + COLUMN + HALF, Lanes.ORDER);
    }

    /** All eight sums of a block of all rows with the activations at an offset. */
    private static void multiplyTwoByOne(ColumnTile columns, float[] x, int xOffset) {
        long w = columns.columns() & ADDRESSES;
        FloatVector a0 = FloatVector.zero(FLOATS);
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        FloatVector a4 = a0;
        FloatVector a5 = a0;
        FloatVector a6 = a0;
        FloatVector a7 = a0;
        FloatVector b0 = a0;
        FloatVector b1 = a0;
        FloatVector b2 = a0;
        FloatVector b3 = a0;
        FloatVector b4 = a0;
        FloatVector b5 = a0;
        FloatVector b6 = a0;
        FloatVector b7 = a0;
        for (int j = 0; j < ELEMENTS; j += SUMS) {
            long at = w + (long) COLUMN / SUMS * j;
            FloatVector v = FloatVector.broadcast(FLOATS, x[xOffset + j]);
            a0 = FloatVector.fromMemorySegment(FLOATS, MEMORY, at, Lanes.ORDER).fma(v, a0);
            b0 = FloatVector.fromMemorySegment(FLOATS, MEMORY, at + HALF, Lanes.ORDER)
                    .fma(v, b0);
            v = FloatVector.broadcast(FLOATS, x[xOffset + j + 1]);
            a1 = FloatVector.fromMemorySegment(FLOATS, MEMORY, at + 1L * COLUMNS_OF_SUM, Lanes.ORDER)
                    .fma(v, a1);
            b1 = FloatVector.fromMemorySegment(FLOATS, MEMORY, at + 1L * COLUMNS_OF_SUM + HALF, Lanes.ORDER)
                    .fma(v, b1);
            v = FloatVector.broadcast(FLOATS, x[xOffset + j + 2]);
            a2 = FloatVector.fromMemorySegment(FLOATS, MEMORY, at + 2L * COLUMNS_OF_SUM, Lanes.ORDER)
                    .fma(v, a2);
            b2 = FloatVector.fromMemorySegment(FLOATS, MEMORY, at + 2L * COLUMNS_OF_SUM + HALF, Lanes.ORDER)
                    .fma(v, b2);
            v = FloatVector.broadcast(FLOATS, x[xOffset + j + 3]);
            a3 = FloatVector.fromMemorySegment(FLOATS, MEMORY, at + 3L * COLUMNS_OF_SUM, Lanes.ORDER)
                    .fma(v, a3);
            b3 = FloatVector.fromMemorySegment(FLOATS, MEMORY, at + 3L * COLUMNS_OF_SUM + HALF, Lanes.ORDER)
                    .fma(v, b3);
            v = FloatVector.broadcast(FLOATS, x[xOffset + j + 4]);
            a4 = FloatVector.fromMemorySegment(FLOATS, MEMORY, at + 4L * COLUMNS_OF_SUM, Lanes.ORDER)
                    .fma(v, a4);
            b4 = FloatVector.fromMemorySegment(FLOATS, MEMORY, at + 4L * COLUMNS_OF_SUM + HALF, Lanes.ORDER)
                    .fma(v, b4);
            v = FloatVector.broadcast(FLOATS, x[xOffset + j + 5]);
            a5 = FloatVector.fromMemorySegment(FLOATS, MEMORY, at + 5L * COLUMNS_OF_SUM, Lanes.ORDER)
                    .fma(v, a5);
            b5 = FloatVector.fromMemorySegment(FLOATS, MEMORY, at + 5L * COLUMNS_OF_SUM + HALF, Lanes.ORDER)
                    .fma(v, b5);
            v = FloatVector.broadcast(FLOATS, x[xOffset + j + 6]);
            a6 = FloatVector.fromMemorySegment(FLOATS, MEMORY, at + 6L * COLUMNS_OF_SUM, Lanes.ORDER)
                    .fma(v, a6);
            b6 = FloatVector.fromMemorySegment(FLOATS, MEMORY, at + 6L * COLUMNS_OF_SUM + HALF, Lanes.ORDER)
                    .fma(v, b6);
            v = FloatVector.broadcast(FLOATS, x[xOffset + j + 7]);
            a7 = FloatVector.fromMemorySegment(FLOATS, MEMORY, at + 7L * COLUMNS_OF_SUM, Lanes.ORDER)
                    .fma(v, a7);
            b7 = FloatVector.fromMemorySegment(FLOATS, MEMORY, at + 7L * COLUMNS_OF_SUM + HALF, Lanes.ORDER)
                    .fma(v, b7);
        }
        long to = columns.blockSums() & ADDRESSES;
        a0.intoMemorySegment(MEMORY, to, Lanes.ORDER);
        b0.intoMemorySegment(MEMORY, to + HALF, Lanes.ORDER);
        a1.intoMemorySegment(MEMORY, to + 1L * COLUMN, Lanes.ORDER);
        b1.intoMemorySegment(MEMORY, to + 1L * COLUMN + HALF, Lanes.ORDER);
        a2.intoMemorySegment(MEMORY, to + 2L * COLUMN, Lanes.ORDER);
        b2.intoMemorySegment(MEMORY, to + 2L * COLUMN + HALF, Lanes.ORDER);
        a3.intoMemorySegment(MEMORY, to + 3L * COLUMN, Lanes.ORDER);
        b3.intoMemorySegment(MEMORY, to + 3L * COLUMN + HALF, Lanes.ORDER);
        a4.intoMemorySegment(MEMORY, to + 4L * COLUMN, Lanes.ORDER);
        b4.intoMemorySegment(MEMORY, to + 4L * COLUMN + HALF, Lanes.ORDER);
        a5.intoMemorySegment(MEMORY, to + 5L * COLUMN, Lanes.ORDER);
        b5.intoMemorySegment(MEMORY, to + 5L * COLUMN + HALF, Lanes.ORDER);
        a6.intoMemorySegment(MEMORY, to + 6L * COLUMN, Lanes.ORDER);
        b6.intoMemorySegment(MEMORY, to + 6L * COLUMN + HALF, Lanes.ORDER);
        a7.intoMemorySegment(MEMORY, to + 7L * COLUMN, Lanes.ORDER);
        b7.intoMemorySegment(MEMORY, to + 7L * COLUMN + HALF, Lanes.ORDER);
    }

    /** Adds the multiples of four rows' sums of a block to those of all blocks. */
    private static void addFour(ColumnTile columns, float[] blocks, int[] xOffsets, int first, int k, int i) {
        float scale0 = blocks[SuperBlocks.header(xOffsets[first] + k) + SuperBlocks.SCALE];
        float scale1 = blocks[SuperBlocks.header(xOffsets[first + 1] + k) + SuperBlocks.SCALE];
        float scale2 = blocks[SuperBlocks.header(xOffsets[first + 2] + k) + SuperBlocks.SCALE];
        float scale3 = blocks[SuperBlocks.header(xOffsets[first + 3] + k) + SuperBlocks.SCALE];
        for (int half = 0; half < 2; half++) {
            FloatVector d =
                    vector((columns.headers() + HALF * half + (long) COLUMN * SuperBlockCodec.SCALE) & ADDRESSES);
            FloatVector d0 = d.mul(scale0);
            FloatVector d1 = d.mul(scale1);
            FloatVector d2 = d.mul(scale2);
            FloatVector d3 = d.mul(scale3);
            long from = (columns.blockSums() + HALF * half) & ADDRESSES;
            long to = (columns.sums() + (long) ROW_OF_SUMS * i + HALF * half) & ADDRESSES;
            for (int sum = 0; sum < SUMS; sum++) {
                long at = from + (long) COLUMN * sum;
                long out = to + (long) COLUMN * sum;
                vector(at).fma(d0, vector(out)).intoMemorySegment(MEMORY, out, Lanes.ORDER);
                vector(at + 1L * ROW_OF_SUMS)
                        .fma(d1, vector(out + 1L * ROW_OF_SUMS))
                        .intoMemorySegment(MEMORY, out + 1L * ROW_OF_SUMS, Lanes.ORDER);
                vector(at + 2L * ROW_OF_SUMS)
                        .fma(d2, vector(out + 2L * ROW_OF_SUMS))
                        .intoMemorySegment(MEMORY, out + 2L * ROW_OF_SUMS, Lanes.ORDER);
                vector(at + 3L * ROW_OF_SUMS)
                        .fma(d3, vector(out + 3L * ROW_OF_SUMS))
                        .intoMemorySegment(MEMORY, out + 3L * ROW_OF_SUMS, Lanes.ORDER);
            }
        }
    }

    /** The same, and subtracts the multiples of minima, of which each two neighbouring sixteenths have one. */
    private static void addFourLessEighths(
            ColumnTile columns, float[] blocks, int[] xOffsets, int first, int k, int i) {
        int x0 = SuperBlocks.header(xOffsets[first] + k);
        int x1 = SuperBlocks.header(xOffsets[first + 1] + k);
        int x2 = SuperBlocks.header(xOffsets[first + 2] + k);
        int x3 = SuperBlocks.header(xOffsets[first + 3] + k);
        for (int half = 0; half < 2; half++) {
            long headers = (columns.headers() + HALF * half) & ADDRESSES;
            FloatVector d = vector(headers + (long) COLUMN * SuperBlockCodec.SCALE);
            FloatVector d0 = d.mul(blocks[x0 + SuperBlocks.SCALE]);
            FloatVector d1 = d.mul(blocks[x1 + SuperBlocks.SCALE]);
            FloatVector d2 = d.mul(blocks[x2 + SuperBlocks.SCALE]);
            FloatVector d3 = d.mul(blocks[x3 + SuperBlocks.SCALE]);
            d = vector(headers + COLUMN * (SuperBlockCodec.SCALE + 1L)).neg();
            FloatVector m0 = d.mul(blocks[x0 + SuperBlocks.SCALE]);
            FloatVector m1 = d.mul(blocks[x1 + SuperBlocks.SCALE]);
            FloatVector m2 = d.mul(blocks[x2 + SuperBlocks.SCALE]);
            FloatVector m3 = d.mul(blocks[x3 + SuperBlocks.SCALE]);
            long from = (columns.blockSums() + HALF * half) & ADDRESSES;
            long to = (columns.sums() + (long) ROW_OF_SUMS * i + HALF * half) & ADDRESSES;
            for (int sum = 0; sum < SUMS; sum++) {
                long at = from + (long) COLUMN * sum;
                long out = to + (long) COLUMN * sum;
                FloatVector m = vector(headers + (long) COLUMN * sum);
                int eighth = SuperBlocks.EIGHTHS + sum;
                FloatVector total = vector(at).fma(d0, vector(out));
                m.mul(blocks[x0 + eighth]).fma(m0, total).intoMemorySegment(MEMORY, out, Lanes.ORDER);
                total = vector(at + 1L * ROW_OF_SUMS).fma(d1, vector(out + 1L * ROW_OF_SUMS));
                m.mul(blocks[x1 + eighth])
                        .fma(m1, total)
                        .intoMemorySegment(MEMORY, out + 1L * ROW_OF_SUMS, Lanes.ORDER);
                total = vector(at + 2L * ROW_OF_SUMS).fma(d2, vector(out + 2L * ROW_OF_SUMS));
                m.mul(blocks[x2 + eighth])
                        .fma(m2, total)
                        .intoMemorySegment(MEMORY, out + 2L * ROW_OF_SUMS, Lanes.ORDER);
                total = vector(at + 3L * ROW_OF_SUMS).fma(d3, vector(out + 3L * ROW_OF_SUMS));
                m.mul(blocks[x3 + eighth])
                        .fma(m3, total)
                        .intoMemorySegment(MEMORY, out + 3L * ROW_OF_SUMS, Lanes.ORDER);
            }
        }
    }

    /**
     * Adds the multiple of a block's sums, and of its minima, to the sums of row i of activations.
     *
     * @param at where the block of activations is
     * @param j which of the rows in {@link ColumnTile#blockSums} it is
     * @param eighths whether each two sixteenths have one minimum
     */
    private static void add(ColumnTile columns, float[] blocks, int at, int j, int i, boolean minima, boolean eighths) {
        int header = SuperBlocks.header(at);
        float scale = blocks[header + SuperBlocks.SCALE];
        for (int half = 0; half < 2; half++) {
            long headers = (columns.headers() + HALF * half) & ADDRESSES;
            long from = (columns.blockSums() + (long) ROW_OF_SUMS * j + HALF * half) & ADDRESSES;
            long to = (columns.sums() + (long) ROW_OF_SUMS * i + HALF * half) & ADDRESSES;
            FloatVector d =
                    vector(headers + (long) COLUMN * SuperBlockCodec.SCALE).mul(scale);
            FloatVector dMin = vector(headers + COLUMN * (SuperBlockCodec.SCALE + 1L))
                    .mul(scale)
                    .neg();
            for (int sum = 0; sum < SUMS; sum++) {
                long column = (long) COLUMN * sum;
                FloatVector total = FloatVector.fromMemorySegment(FLOATS, MEMORY, from + column, Lanes.ORDER)
                        .fma(d, FloatVector.fromMemorySegment(FLOATS, MEMORY, to + column, Lanes.ORDER));
                if (eighths) {
                    total = vector(headers + column)
                            .mul(blocks[header + SuperBlocks.EIGHTHS + sum])
                            .fma(dMin, total);
                } else if (minima) {
                    FloatVector m = vector(headers + column).mul(blocks[header + SuperBlocks.SIXTEENTHS + sum]);
                    FloatVector v = FloatVector.broadcast(FLOATS, blocks[header + SuperBlocks.SIXTEENTHS + SUMS + sum]);
                    total = vector(headers + (long) COLUMN * SUMS + column)
                            .fma(v, m)
                            .fma(dMin, total);
                }
                total.intoMemorySegment(MEMORY, to + column, Lanes.ORDER);
            }
        }
    }

    /** The product of each row with one row of activations: {@link SuperBlocks#sum} of sixteen at a time. */
    private static void sum(long sums, float[] y, int yOffset) {
        for (int half = 0; half < 2; half++) {
            long at = (sums + HALF * half) & ADDRESSES;
            FloatVector s04 = vector(at).add(vector(at + 4L * COLUMN));
            FloatVector s26 = vector(at + 2L * COLUMN).add(vector(at + 6L * COLUMN));
            FloatVector s15 = vector(at + COLUMN).add(vector(at + 5L * COLUMN));
            FloatVector s37 = vector(at + 3L * COLUMN).add(vector(at + 7L * COLUMN));
            s04.add(s26).add(s15.add(s37)).intoArray(y, yOffset + half * LANES);
        }
    }

    private static FloatVector vector(long at) {
        return FloatVector.fromMemorySegment(FLOATS, MEMORY, at, Lanes.ORDER);
    }
}
