package dev.squall.compute;

import static dev.squall.compute.SuperBlockCodec.SCALE;
import static dev.squall.compute.SuperBlocks.SUMS;
import static dev.squall.compute.Tile.PAIR_LANES;
import static dev.squall.compute.VectorMath.FLOATS;
import static dev.squall.compute.VectorMath.INTS;
import static dev.squall.compute.VectorMath.LANES;
import static dev.squall.compute.WeightMemory.ADDRESSES;
import static dev.squall.compute.WeightMemory.MEMORY;

import dev.squall.gguf.BlockType;
import dev.squall.model.WeightMatrix;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;

/**
 * {@link SuperBlockProducts} with vectors of sixteen lanes, twice as many as a block has sums. Two rows of weights a and b
 * exchange half of their elements, so that one vector has eight of a and the next eight of b, another those of b and of a.
 * Both are multiplied with the same sixteen activations; then one's sums, and the other's with their halves exchanged, add
 * up to the eight sums of a and the eight of b in one vector.
 */
final class PairProducts {
    private PairProducts() {}

    /** Whether there are products of a type here. */
    static boolean has(BlockType type) {
        return LANES == PAIR_LANES && SuperBlockCodec.has(type);
    }

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
        for (int k = 0; k < w.columns(); k += SuperBlocks.ELEMENTS) {
            for (int row = 0; row < rows; row++) {
                long block = address + type.rowBytes(k) + row * w.rowBytes();
                WideDecoders.decode(type, block, tile, row);
                Arrays.fill(tile.multiples, row * SUMS, (row + 1) * SUMS, tile.headers[tile.header(row) + SCALE]);
            }
            exchange(tile, 0);
            exchange(tile, 2);
            int i = 0;
            for (; i + 4 <= count; i += 4) {
                multiplyFourByFour(tile, x, xOffsets, first + i, k, i * Tile.ROWS * SUMS);
            }
            multiplyFourByFew(tile, x, xOffsets, first + i, count - i, k, i * Tile.ROWS * SUMS);
            if (minima) {
                subtractMinima(x, xOffsets, first, count, k, rows, tile);
            }
        }
        for (int i = 0; i < count; i++) {
            for (int row = 0; row < rows; row++) {
                y[yOffsets[first + i] + o + row] = SuperBlocks.sum(tile.sums, (i * Tile.ROWS + row) * SUMS);
            }
        }
    }

    /** Lets two rows of weights exchange each second group of eight elements, the later ones of sixteen. */
    private static void exchange(Tile tile, int row) {
        VectorMask<Float> last = VectorMask.fromLong(FLOATS, 0xff00);
        long w0 = tile.row(row) & ADDRESSES;
        long w1 = tile.row(row + 1) & ADDRESSES;
        for (int j = 0; j < SuperBlocks.ELEMENTS; j += PAIR_LANES) {
            FloatVector a = FloatVector.fromMemorySegment(FLOATS, MEMORY, w0 + 4L * j, Lanes.ORDER);
            FloatVector b = FloatVector.fromMemorySegment(FLOATS, MEMORY, w1 + 4L * j, Lanes.ORDER);
            a.blend(b, last).intoMemorySegment(MEMORY, w0 + 4L * j, Lanes.ORDER);
            b.blend(a, last).intoMemorySegment(MEMORY, w1 + 4L * j, Lanes.ORDER);
        }
    }

    /** Adds multiples of the sums of a block in each of the tile's rows with four rows of activations. */
    private static void multiplyFourByFour(Tile tile, FloatRows rows, int[] xOffsets, int first, int k, int to) {
        float[] x = rows.values();
        int x0 = xOffsets[first] + k;
        int x1 = xOffsets[first + 1] + k;
        int x2 = xOffsets[first + 2] + k;
        int x3 = xOffsets[first + 3] + k;
        long w0 = tile.row(0) & ADDRESSES;
        long w1 = tile.row(1) & ADDRESSES;
        long w2 = tile.row(2) & ADDRESSES;
        long w3 = tile.row(3) & ADDRESSES;
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
        for (int j = 0; j < SuperBlocks.ELEMENTS; j += PAIR_LANES) {
            FloatVector a = FloatVector.fromMemorySegment(FLOATS, MEMORY, w0 + 4L * j, Lanes.ORDER);
            FloatVector b = FloatVector.fromMemorySegment(FLOATS, MEMORY, w1 + 4L * j, Lanes.ORDER);
            FloatVector c = FloatVector.fromMemorySegment(FLOATS, MEMORY, w2 + 4L * j, Lanes.ORDER);
            FloatVector g = FloatVector.fromMemorySegment(FLOATS, MEMORY, w3 + 4L * j, Lanes.ORDER);
            FloatVector v = FloatVector.fromArray(FLOATS, x, x0 + j);
            s00 = v.fma(a, s00);
            s01 = v.fma(b, s01);
            s02 = v.fma(c, s02);
            s03 = v.fma(g, s03);
            v = FloatVector.fromArray(FLOATS, x, x1 + j);
            s10 = v.fma(a, s10);
            s11 = v.fma(b, s11);
            s12 = v.fma(c, s12);
            s13 = v.fma(g, s13);
            v = FloatVector.fromArray(FLOATS, x, x2 + j);
            s20 = v.fma(a, s20);
            s21 = v.fma(b, s21);
            s22 = v.fma(c, s22);
            s23 = v.fma(g, s23);
            v = FloatVector.fromArray(FLOATS, x, x3 + j);
            s30 = v.fma(a, s30);
            s31 = v.fma(b, s31);
            s32 = v.fma(c, s32);
            s33 = v.fma(g, s33);
        }
        IntVector otherHalf = IntVector.fromArray(INTS, LaneTables.OTHER_HALF, 0);
        float[] sums = tile.sums;
        float[] headers = rows.blocks();
        FloatVector d = FloatVector.fromArray(FLOATS, tile.multiples, 0);
        FloatVector e = FloatVector.fromArray(FLOATS, tile.multiples, PAIR_LANES);
        FloatVector scale0 = FloatVector.broadcast(FLOATS, headers[SuperBlocks.header(x0) + SuperBlocks.SCALE]);
        otherHalf
                .selectFrom(s01.reinterpretAsInts())
                .reinterpretAsFloats()
                .add(s00)
                .fma(d.mul(scale0), FloatVector.fromArray(FLOATS, sums, to))
                .intoArray(sums, to);
        otherHalf
                .selectFrom(s03.reinterpretAsInts())
                .reinterpretAsFloats()
                .add(s02)
                .fma(e.mul(scale0), FloatVector.fromArray(FLOATS, sums, to + PAIR_LANES))
                .intoArray(sums, to + PAIR_LANES);
        FloatVector scale1 = FloatVector.broadcast(FLOATS, headers[SuperBlocks.header(x1) + SuperBlocks.SCALE]);
        otherHalf
                .selectFrom(s11.reinterpretAsInts())
                .reinterpretAsFloats()
                .add(s10)
                .fma(d.mul(scale1), FloatVector.fromArray(FLOATS, sums, to + 2 * PAIR_LANES))
                .intoArray(sums, to + 2 * PAIR_LANES);
        otherHalf
                .selectFrom(s13.reinterpretAsInts())
                .reinterpretAsFloats()
                .add(s12)
                .fma(e.mul(scale1), FloatVector.fromArray(FLOATS, sums, to + 3 * PAIR_LANES))
                .intoArray(sums, to + 3 * PAIR_LANES);
        FloatVector scale2 = FloatVector.broadcast(FLOATS, headers[SuperBlocks.header(x2) + SuperBlocks.SCALE]);
        otherHalf
                .selectFrom(s21.reinterpretAsInts())
                .reinterpretAsFloats()
                .add(s20)
                .fma(d.mul(scale2), FloatVector.fromArray(FLOATS, sums, to + 4 * PAIR_LANES))
                .intoArray(sums, to + 4 * PAIR_LANES);
        otherHalf
                .selectFrom(s23.reinterpretAsInts())
                .reinterpretAsFloats()
                .add(s22)
                .fma(e.mul(scale2), FloatVector.fromArray(FLOATS, sums, to + 5 * PAIR_LANES))
                .intoArray(sums, to + 5 * PAIR_LANES);
        FloatVector scale3 = FloatVector.broadcast(FLOATS, headers[SuperBlocks.header(x3) + SuperBlocks.SCALE]);
        otherHalf
                .selectFrom(s31.reinterpretAsInts())
                .reinterpretAsFloats()
                .add(s30)
                .fma(d.mul(scale3), FloatVector.fromArray(FLOATS, sums, to + 6 * PAIR_LANES))
                .intoArray(sums, to + 6 * PAIR_LANES);
        otherHalf
                .selectFrom(s33.reinterpretAsInts())
                .reinterpretAsFloats()
                .add(s32)
                .fma(e.mul(scale3), FloatVector.fromArray(FLOATS, sums, to + 7 * PAIR_LANES))
                .intoArray(sums, to + 7 * PAIR_LANES);
    }

    /** The same with up to three rows of activations. */
    private static void multiplyFourByFew(
            Tile tile, FloatRows rows, int[] xOffsets, int first, int count, int k, int to) {
        float[] x = rows.values();
        long w0 = tile.row(0) & ADDRESSES;
        long w1 = tile.row(1) & ADDRESSES;
        long w2 = tile.row(2) & ADDRESSES;
        long w3 = tile.row(3) & ADDRESSES;
        IntVector otherHalf = IntVector.fromArray(INTS, LaneTables.OTHER_HALF, 0);
        FloatVector d = FloatVector.fromArray(FLOATS, tile.multiples, 0);
        FloatVector e = FloatVector.fromArray(FLOATS, tile.multiples, PAIR_LANES);
        for (int i = 0; i < count; i++) {
            int xOffset = xOffsets[first + i] + k;
            FloatVector s0 = FloatVector.zero(FLOATS);
            FloatVector s1 = s0;
            FloatVector s2 = s0;
            FloatVector s3 = s0;
            for (int j = 0; j < SuperBlocks.ELEMENTS; j += PAIR_LANES) {
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
            int at = to + i * Tile.ROWS * SUMS;
            FloatVector scale =
                    FloatVector.broadcast(FLOATS, rows.blocks()[SuperBlocks.header(xOffset) + SuperBlocks.SCALE]);
            otherHalf
                    .selectFrom(s1.reinterpretAsInts())
                    .reinterpretAsFloats()
                    .add(s0)
                    .fma(d.mul(scale), FloatVector.fromArray(FLOATS, tile.sums, at))
                    .intoArray(tile.sums, at);
            otherHalf
                    .selectFrom(s3.reinterpretAsInts())
                    .reinterpretAsFloats()
                    .add(s2)
                    .fma(e.mul(scale), FloatVector.fromArray(FLOATS, tile.sums, at + PAIR_LANES))
                    .intoArray(tile.sums, at + PAIR_LANES);
        }
    }

    /** Subtracts multiples of the minima of a block of up to four rows of weights. */
    private static void subtractMinima(FloatRows x, int[] xOffsets, int first, int count, int k, int rows, Tile tile) {
        VectorMask<Float> last = VectorMask.fromLong(FLOATS, 0xff00);
        IntVector otherHalf = IntVector.fromArray(INTS, LaneTables.OTHER_HALF, 0);
        float[] headers = x.blocks();
        for (int row = 0; row < rows; row += 2) {
            int a = tile.header(row);
            int b = tile.header(row + 1);
            FloatVector m0 = FloatVector.fromArray(FLOATS, tile.headers, a);
            FloatVector m1 = FloatVector.fromArray(FLOATS, tile.headers, b);
            FloatVector even = m0.blend(m1, last);
            FloatVector odd = m1.blend(m0, last);
            FloatVector d = FloatVector.broadcast(FLOATS, -tile.headers[a + SCALE + 1])
                    .blend(-tile.headers[b + SCALE + 1], last);
            for (int i = 0; i < count; i++) {
                int header = SuperBlocks.header(xOffsets[first + i] + k);
                int to = (i * Tile.ROWS + row) * SUMS;
                FloatVector sixteenths = FloatVector.fromArray(FLOATS, headers, header + SuperBlocks.SIXTEENTHS);
                otherHalf
                        .selectFrom(odd.mul(sixteenths).reinterpretAsInts())
                        .reinterpretAsFloats()
                        .add(even.mul(sixteenths))
                        .fma(d.mul(headers[header + SuperBlocks.SCALE]), FloatVector.fromArray(FLOATS, tile.sums, to))
                        .intoArray(tile.sums, to);
            }
        }
    }
}
