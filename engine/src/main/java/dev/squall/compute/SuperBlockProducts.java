package dev.squall.compute;

import static dev.squall.compute.SuperBlockCodec.SCALE;
import static dev.squall.compute.SuperBlocks.SIXTEENTHS;
import static dev.squall.compute.SuperBlocks.SUMS;
import static dev.squall.compute.VectorMath.FLOATS;
import static dev.squall.compute.VectorMath.LANES;
import static dev.squall.compute.WeightMemory.MEMORY;

import dev.squall.gguf.BlockType;
import dev.squall.model.WeightMatrix;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Products of {@link SuperBlocks} with some rows of activations: four rows of weights are decoded to whole floats in the
 * first-level cache and multiplied with four rows of activations at a time. A vector has at most as many lanes as a block
 * has sums; {@link OuterProducts} and {@link SuperBlockStreams} are for wider ones.
 */
final class SuperBlockProducts {
    /** Room for the sums of one block of a row of weights with a row of activations. */
    private static final int BLOCK_SUMS = 16;

    private SuperBlockProducts() {}

    /** Up to four rows of weights from {@code address}, outputs from {@code o}. */
    static void multiply(
            WeightMatrix w,
            long address,
            int rows,
            FloatRows x,
            int[] xOffsets,
            float[] y,
            int[] yOffsets,
            int o,
            int first,
            int count,
            Tile tile) {
        BlockType type = w.type();
        boolean minima = SuperBlockCodec.hasMinima(type);
        Arrays.fill(tile.sums, 0, count * Tile.ROWS * SUMS, 0f);
        for (int k = 0; k < w.columns(); k += Tile.COLUMNS) {
            int n = Math.min(Tile.COLUMNS, w.columns() - k);
            for (int row = 0; row < rows; row++) {
                SuperBlockDecoders.decode(type, address + type.rowBytes(k) + row * w.rowBytes(), n, tile, row);
            }
            for (int block = 0; block < n; block += SuperBlocks.ELEMENTS) {
                multiplyBlock(x, xOffsets, k, block, rows, first, count, minima, tile);
            }
        }
        for (int i = 0; i < count; i++) {
            for (int row = 0; row < rows; row++) {
                y[yOffsets[first + i] + o + row] = SuperBlocks.sum(tile.sums, (i * Tile.ROWS + row) * SUMS);
            }
        }
    }

    private static void multiplyBlock(
            FloatRows x, int[] xOffsets, int k, int block, int rows, int first, int count, boolean minima, Tile tile) {
        int i = 0;
        for (; i + 4 <= count; i += 4) {
            for (int lane = 0; lane < SUMS; lane += LANES) {
                multiplyFourByFour(tile, block, x.values(), xOffsets, first + i, k + block, lane);
            }
            for (int j = 0; j < 4; j++) {
                add(x, xOffsets[first + i + j] + k + block, block, i + j, j, rows, minima, tile);
            }
        }
        for (int lane = 0; lane < SUMS; lane += LANES) {
            multiplyFourByFew(tile, block, x.values(), xOffsets, first + i, count - i, k + block, lane);
        }
        for (int j = 0; i + j < count; j++) {
            add(x, xOffsets[first + i + j] + k + block, block, i + j, j, rows, minima, tile);
        }
    }

    /** The sums of a block of each of the tile's rows with four rows of activations, to {@link Tile#blockSums}. */
    private static void multiplyFourByFour(
            Tile tile, int block, float[] x, int[] xOffsets, int first, int k, int lane) {
        int x0 = xOffsets[first] + k;
        int x1 = xOffsets[first + 1] + k;
        int x2 = xOffsets[first + 2] + k;
        int x3 = xOffsets[first + 3] + k;
        long w0 = (tile.row(0) + 4L * block) & WeightMemory.ADDRESSES;
        long w1 = (tile.row(1) + 4L * block) & WeightMemory.ADDRESSES;
        long w2 = (tile.row(2) + 4L * block) & WeightMemory.ADDRESSES;
        long w3 = (tile.row(3) + 4L * block) & WeightMemory.ADDRESSES;
        FloatVector s00 = FloatVector.zero(FLOATS);
        FloatVector s01 = s00;
        FloatVector s02 = s00;
        FloatVector s03 = s00;
        FloatVector s10 = s00;
        FloatVector s11 = s00;
        FloatVector s12 = s00;
        FloatVector s13 = s00;
        FloatVector s20 = s00;
        FloatVector s21 = s00;
        FloatVector s22 = s00;
        FloatVector s23 = s00;
        FloatVector s30 = s00;
        FloatVector s31 = s00;
        FloatVector s32 = s00;
        FloatVector s33 = s00;
        for (int j = lane; j < SuperBlocks.ELEMENTS; j += SUMS) {
            FloatVector a = FloatVector.fromMemorySegment(FLOATS, MEMORY, w0 + 4L * j, Lanes.ORDER);
            FloatVector b = FloatVector.fromMemorySegment(FLOATS, MEMORY, w1 + 4L * j, Lanes.ORDER);
            FloatVector c = FloatVector.fromMemorySegment(FLOATS, MEMORY, w2 + 4L * j, Lanes.ORDER);
            FloatVector d = FloatVector.fromMemorySegment(FLOATS, MEMORY, w3 + 4L * j, Lanes.ORDER);
            FloatVector v = FloatVector.fromArray(FLOATS, x, x0 + j);
            s00 = v.fma(a, s00);
            s01 = v.fma(b, s01);
            s02 = v.fma(c, s02);
            s03 = v.fma(d, s03);
            v = FloatVector.fromArray(FLOATS, x, x1 + j);
            s10 = v.fma(a, s10);
            s11 = v.fma(b, s11);
            s12 = v.fma(c, s12);
            s13 = v.fma(d, s13);
            v = FloatVector.fromArray(FLOATS, x, x2 + j);
            s20 = v.fma(a, s20);
            s21 = v.fma(b, s21);
            s22 = v.fma(c, s22);
            s23 = v.fma(d, s23);
            v = FloatVector.fromArray(FLOATS, x, x3 + j);
            s30 = v.fma(a, s30);
            s31 = v.fma(b, s31);
            s32 = v.fma(c, s32);
            s33 = v.fma(d, s33);
        }
        float[] sums = tile.blockSums;
        s00.intoArray(sums, lane);
        s01.intoArray(sums, BLOCK_SUMS + lane);
        s02.intoArray(sums, 2 * BLOCK_SUMS + lane);
        s03.intoArray(sums, 3 * BLOCK_SUMS + lane);
        s10.intoArray(sums, 4 * BLOCK_SUMS + lane);
        s11.intoArray(sums, 5 * BLOCK_SUMS + lane);
        s12.intoArray(sums, 6 * BLOCK_SUMS + lane);
        s13.intoArray(sums, 7 * BLOCK_SUMS + lane);
        s20.intoArray(sums, 8 * BLOCK_SUMS + lane);
        s21.intoArray(sums, 9 * BLOCK_SUMS + lane);
        s22.intoArray(sums, 10 * BLOCK_SUMS + lane);
        s23.intoArray(sums, 11 * BLOCK_SUMS + lane);
        s30.intoArray(sums, 12 * BLOCK_SUMS + lane);
        s31.intoArray(sums, 13 * BLOCK_SUMS + lane);
        s32.intoArray(sums, 14 * BLOCK_SUMS + lane);
        s33.intoArray(sums, 15 * BLOCK_SUMS + lane);
    }

    /** The same with up to three rows of activations. */
    private static void multiplyFourByFew(
            Tile tile, int block, float[] x, int[] xOffsets, int first, int count, int k, int lane) {
        long w0 = (tile.row(0) + 4L * block) & WeightMemory.ADDRESSES;
        long w1 = (tile.row(1) + 4L * block) & WeightMemory.ADDRESSES;
        long w2 = (tile.row(2) + 4L * block) & WeightMemory.ADDRESSES;
        long w3 = (tile.row(3) + 4L * block) & WeightMemory.ADDRESSES;
        for (int i = 0; i < count; i++) {
            int xOffset = xOffsets[first + i] + k;
            FloatVector s0 = FloatVector.zero(FLOATS);
            FloatVector s1 = s0;
            FloatVector s2 = s0;
            FloatVector s3 = s0;
            for (int j = lane; j < SuperBlocks.ELEMENTS; j += SUMS) {
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
            int to = i * Tile.ROWS * BLOCK_SUMS + lane;
            s0.intoArray(tile.blockSums, to);
            s1.intoArray(tile.blockSums, to + BLOCK_SUMS);
            s2.intoArray(tile.blockSums, to + 2 * BLOCK_SUMS);
            s3.intoArray(tile.blockSums, to + 3 * BLOCK_SUMS);
        }
    }

    /**
     * Adds the multiple of a block's sums, and of its minima, to the sums of row i of activations.
     *
     * @param at where the block of activations is
     * @param j which of the rows in {@link Tile#blockSums} it is
     */
    private static void add(FloatRows x, int at, int block, int i, int j, int rows, boolean minima, Tile tile) {
        float[] activations = x.blocks();
        int header = SuperBlocks.header(at);
        float scale = activations[header + SuperBlocks.SCALE];
        for (int row = 0; row < rows; row++) {
            int weights = tile.header(row) + block / SuperBlocks.ELEMENTS * SuperBlockCodec.HEADER;
            float d = tile.headers[weights + SCALE] * scale;
            float dMin = -(tile.headers[weights + SCALE + 1] * scale);
            int to = (i * Tile.ROWS + row) * SUMS;
            int from = (j * Tile.ROWS + row) * BLOCK_SUMS;
            for (int lane = 0; lane < SUMS; lane += LANES) {
                FloatVector sum = FloatVector.fromArray(FLOATS, tile.blockSums, from + lane);
                FloatVector total =
                        sum.fma(FloatVector.broadcast(FLOATS, d), FloatVector.fromArray(FLOATS, tile.sums, to + lane));
                if (minima) {
                    FloatVector even = FloatVector.fromArray(FLOATS, tile.headers, weights + lane)
                            .mul(FloatVector.fromArray(FLOATS, activations, header + SIXTEENTHS + lane));
                    FloatVector both = FloatVector.fromArray(FLOATS, tile.headers, weights + SUMS + lane)
                            .fma(FloatVector.fromArray(FLOATS, activations, header + SIXTEENTHS + SUMS + lane), even);
                    total = both.fma(FloatVector.broadcast(FLOATS, dMin), total);
                }
                total.intoArray(tile.sums, to + lane);
            }
        }
    }
}
