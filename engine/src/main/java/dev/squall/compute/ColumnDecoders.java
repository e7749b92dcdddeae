package dev.squall.compute;

import static dev.squall.compute.ColumnTile.COLUMN;
import static dev.squall.compute.ColumnTile.COLUMNS_OF_SUM;
import static dev.squall.compute.SuperBlocks.SUMS;
import static dev.squall.compute.VectorMath.FLOATS;
import static dev.squall.compute.VectorMath.INTS;
import static dev.squall.compute.VectorMath.LANES;
import static dev.squall.compute.WeightMemory.ADDRESSES;
import static dev.squall.compute.WeightMemory.MEMORY;

import dev.squall.gguf.BlockType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Decodes a super-block of each of sixteen rows to the columns of a {@link ColumnTile}. What is stored becomes columns
 * first, four bytes at a time, and a lane is a row from then on. {@link dev.squall.gguf.BlockCodec}'s Javadoc has the
 * layouts. The caller has checked the range.
 *
 * <p>Methods that decode eighths are longer than what the compiler inlines: taken together they were several times slower.
 */
final class ColumnDecoders {
    /** Bytes of a column in the scratch memory. Its first columns are the block's integers. */
    private static final long INT = Transposition.COLUMN;

    private static final long BETWEEN = 64 * INT;

    /** Sixteen scales. */
    private static final long SCALES = 80 * INT;

    private static final int EIGHTHS = 8;

    private final long block;
    private final long rowBytes;
    private final long columns;
    private final long headers;
    private final long scratch;

    private ColumnDecoders(long block, long rowBytes, long columns, long headers, long scratch) {
        this.block = block;
        this.rowBytes = rowBytes;
        this.columns = columns;
        this.headers = headers;
        this.scratch = scratch;
    }

    /**
     * Decodes a block of each of sixteen rows.
     *
     * @param block the address of the first row's
     * @param rowBytes from one row to the next
     * @param columns the address of the rows' lanes of the first column
     * @param headers the address of their lanes of the first field of headers
     * @param scratch the address of scratch memory, 6 KiB, aligned
     */
    static void decode(BlockType type, long block, long rowBytes, long columns, long headers, long scratch) {
        ColumnDecoders decoder = new ColumnDecoders(block, rowBytes, columns, headers, scratch);
        switch (type) {
            case Q2_K -> decoder.decodeQ2_K();
            case Q3_K -> decoder.decodeQ3_K();
            case Q4_K -> decoder.decodeQ4_K();
            case Q5_K -> decoder.decodeQ5_K();
            case Q6_K -> decoder.decodeQ6_K();
            case IQ4_XS -> decoder.decodeIQ4_XS();
            case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4 -> throw new AssertionError(type);
        }
    }

    /** Sixteen integers of each block from one on, a column each. */
    private void integers(int first) {
        Transposition.transpose(block + 4L * first, rowBytes, scratch + BETWEEN, integer(first));
    }

    /** Four integers of each block from one on that has twelve before it. */
    private void fourIntegers(int first) {
        Transposition.transposeLastFour(block + 4L * (first - 12), rowBytes, scratch + BETWEEN, integer(first));
    }

    /** The address of a column of integers. */
    private long integer(int i) {
        return scratch + INT * i;
    }

    /** The address of a column of scales. */
    private long scale(int i) {
        return scratch + SCALES + INT * i;
    }

    /** The half-precision float of each row at a byte of its block, to d (0) or dMin (1). */
    private void half(int at, int field) {
        long to = headers + (long) COLUMN * (SuperBlockCodec.SCALE + field);
        for (int row = 0; row < LANES; row++) {
            MEMORY.set(Lanes.FLOAT, to + 4L * row, Lanes.half(block + at + rowBytes * row));
        }
    }

    /** Integers: 0 to 3 scales and minima, 4 to 19 pairs of bits. */
    private void decodeQ2_K() {
        integers(0);
        fourIntegers(16);
        half(80, 0);
        half(82, 1);
        for (int i = 0; i < 16; i++) {
            bits(integer(i / 4), i % 4 * 8, 15, 0, 0, 0, scale(i), 0);
            bits(integer(i / 4), i % 4 * 8 + 4, 15, 0, 0, 0, headers + (long) COLUMN * (i % 2 * SUMS + i / 2), 0);
        }
        for (int i = 0; i < EIGHTHS; i++) {
            long pairs = integer(4 + i / 4 * 8);
            eighth(pairs, i % 4 * 2, 0x0303_0303, pairs, 0, 0, 0, scale(2 * i), INT, 4L * COLUMN * i + columns, 0);
        }
    }

    /** Integers: 0 to 7 third bits, 8 to 23 pairs of bits, 24 to 26 scales. */
    private void decodeQ3_K() {
        integers(0);
        integers(11);
        half(108, 0);
        for (int i = 0; i < 16; i++) {
            int shift = i % 4 * 8;
            bits(integer(24 + i % 8 / 4), shift + i / 8 * 4, 15, integer(26), shift + i / 4 * 2, 3, scale(i), 32);
        }
        for (int i = 0; i < EIGHTHS; i++) {
            long pairs = integer(8 + i / 4 * 8);
            long third = integer(0);
            eighth(
                    pairs,
                    i % 4 * 2,
                    0x0303_0303,
                    third,
                    i,
                    0x0101_0101,
                    2,
                    scale(2 * i),
                    INT,
                    columns + 4L * COLUMN * i,
                    4);
        }
    }

    /** Integers: 0 halves, 1 to 3 scales and minima, 4 to 35 nibbles, eight for each two eighths. */
    private void decodeQ4_K() {
        integers(0);
        integers(16);
        fourIntegers(32);
        sixBits();
        nibbles(integer(4), scale(0), columns);
    }

    /** Integers: 0 halves, 1 to 3 scales and minima, 4 to 11 fifth bits, 12 to 43 nibbles. */
    private void decodeQ5_K() {
        integers(0);
        integers(16);
        integers(28);
        sixBits();
        for (int i = 0; i < EIGHTHS; i++) {
            long nibbles = integer(12 + i / 2 * 8);
            long fifth = integer(4);
            eighth(
                    nibbles,
                    i % 2 * 4,
                    0x0f0f_0f0f,
                    fifth,
                    i,
                    0x0101_0101,
                    4,
                    scale(i),
                    0,
                    columns + 4L * COLUMN * i,
                    0);
        }
    }

    /** Integers: 0 to 31 lower nibbles, 32 to 47 upper pairs of bits, 48 to 51 scales. */
    private void decodeQ6_K() {
        integers(0);
        integers(16);
        integers(32);
        fourIntegers(48);
        half(208, 0);
        for (int i = 0; i < 4; i++) {
            signedBytes(integer(48 + i), scale(4 * i));
        }
        for (int i = 0; i < EIGHTHS; i++) {
            long nibbles = integer(i / 4 * 16 + i % 2 * 8);
            long pairs = integer(32 + i / 4 * 8);
            eighth(
                    nibbles,
                    i % 4 / 2 * 4,
                    0x0f0f_0f0f,
                    pairs,
                    i % 4 * 2,
                    0x0303_0303,
                    4,
                    scale(2 * i),
                    INT,
                    columns + 4L * COLUMN * i,
                    32);
        }
    }

    /** Integers: 0 a half and upper bits of scales, 1 lower bits, 2 to 33 levels. */
    private void decodeIQ4_XS() {
        integers(0);
        integers(16);
        fourIntegers(30);
        half(0, 0);
        for (int i = 0; i < EIGHTHS; i++) {
            bits(integer(1), 4 * i, 15, integer(0), 16 + 2 * i, 3, scale(i), 32);
        }
        for (int i = 0; i < EIGHTHS; i++) {
            levels(integer(2 + 4 * i), scale(i), columns + 4L * COLUMN * i);
        }
    }

    /** Scales and minima of Q4_K and Q5_K, and their halves. */
    private void sixBits() {
        halves(integer(0), headers + (long) COLUMN * SuperBlockCodec.SCALE);
        sixBits(integer(1), integer(3), 0, scale(0), INT);
        sixBits(integer(2), integer(3), 4, headers, COLUMN);
    }

    /** The two half-precision floats of integers, a column each. */
    private static void halves(long integers, long to) {
        IntVector both = IntVector.fromMemorySegment(INTS, MEMORY, integers & ADDRESSES, Lanes.ORDER);
        Lanes.store(Lanes.lowerHalves(both), to & ADDRESSES);
        Lanes.store(Lanes.lowerHalves(both.lanewise(VectorOperators.LSHR, 16)), (to + COLUMN) & ADDRESSES);
    }

    /** Eight numbers of six bits: four in bytes, four in their upper bits and in nibbles from bit {@code shift} on. */
    private static void sixBits(long bytes, long nibbles, int shift, long to, long step) {
        IntVector a = IntVector.fromMemorySegment(INTS, MEMORY, bytes & ADDRESSES, Lanes.ORDER);
        IntVector c = IntVector.fromMemorySegment(INTS, MEMORY, nibbles & ADDRESSES, Lanes.ORDER)
                .lanewise(VectorOperators.LSHR, shift);
        for (int i = 0; i < 4; i++) {
            Lanes.store(Lanes.floats(a.and(63)), (to + step * i) & ADDRESSES);
            IntVector last = a.lanewise(VectorOperators.LSHR, 2).and(48).or(c.and(15));
            Lanes.store(Lanes.floats(last), (to + step * (i + 4)) & ADDRESSES);
            a = a.lanewise(VectorOperators.LSHR, 8);
            c = c.lanewise(VectorOperators.LSHR, 8);
        }
    }

    /** One number: some bits of an integer under four bits of another, minus {@code excess}. */
    private static void bits(
            long low, int lowShift, int lowMask, long high, int highShift, int highMask, long to, int excess) {
        IntVector value = IntVector.fromMemorySegment(INTS, MEMORY, low & ADDRESSES, Lanes.ORDER)
                .lanewise(VectorOperators.LSHR, lowShift)
                .and(lowMask);
        if (highMask != 0) {
            value = IntVector.fromMemorySegment(INTS, MEMORY, high & ADDRESSES, Lanes.ORDER)
                    .lanewise(VectorOperators.LSHR, highShift)
                    .and(highMask)
                    .lanewise(VectorOperators.LSHL, 4)
                    .or(value);
        }
        Lanes.store(Lanes.floats(value.sub(excess)), to & ADDRESSES);
    }

    /** The four bytes of integers, a column each. */
    private static void signedBytes(long integers, long to) {
        IntVector bytes = IntVector.fromMemorySegment(INTS, MEMORY, integers & ADDRESSES, Lanes.ORDER);
        for (int i = 0; i < 4; i++) {
            IntVector signed = bytes.lanewise(VectorOperators.LSHL, 24).lanewise(VectorOperators.ASHR, 24);
            Lanes.store(Lanes.floats(signed), (to + INT * i) & ADDRESSES);
            bytes = bytes.lanewise(VectorOperators.LSHR, 8);
        }
    }

    /** All eighths, two of the lower and the upper nibbles of each eight integers. */
    private static void nibbles(long integers, long scales, long columns) {
        for (int pair = 0; pair < EIGHTHS / 2; pair++) {
            FloatVector low = Lanes.load((scales + 2 * INT * pair) & ADDRESSES);
            FloatVector high = Lanes.load((scales + 2 * INT * pair + INT) & ADDRESSES);
            for (int sum = 0; sum < SUMS; sum++) {
                IntVector q = IntVector.fromMemorySegment(
                        INTS, MEMORY, (integers + INT * (SUMS * pair + sum)) & ADDRESSES, Lanes.ORDER);
                long out = (columns + (long) COLUMNS_OF_SUM * sum + 8L * COLUMN * pair) & ADDRESSES;
                ((FloatVector) q.and(15).convertShape(VectorOperators.I2F, FLOATS, 0))
                        .mul(low)
                        .intoMemorySegment(MEMORY, out, Lanes.ORDER);
                ((FloatVector) q.lanewise(VectorOperators.LSHR, 16)
                                .and(15)
                                .convertShape(VectorOperators.I2F, FLOATS, 0))
                        .mul(low)
                        .intoMemorySegment(MEMORY, out + 1L * COLUMN, Lanes.ORDER);
                ((FloatVector) q.lanewise(VectorOperators.LSHR, 8).and(15).convertShape(VectorOperators.I2F, FLOATS, 0))
                        .mul(low)
                        .intoMemorySegment(MEMORY, out + 2L * COLUMN, Lanes.ORDER);
                ((FloatVector) q.lanewise(VectorOperators.LSHR, 24)
                                .and(15)
                                .convertShape(VectorOperators.I2F, FLOATS, 0))
                        .mul(low)
                        .intoMemorySegment(MEMORY, out + 3L * COLUMN, Lanes.ORDER);
                ((FloatVector) q.lanewise(VectorOperators.LSHR, 4).and(15).convertShape(VectorOperators.I2F, FLOATS, 0))
                        .mul(high)
                        .intoMemorySegment(MEMORY, out + 4L * COLUMN, Lanes.ORDER);
                ((FloatVector) q.lanewise(VectorOperators.LSHR, 20)
                                .and(15)
                                .convertShape(VectorOperators.I2F, FLOATS, 0))
                        .mul(high)
                        .intoMemorySegment(MEMORY, out + 5L * COLUMN, Lanes.ORDER);
                ((FloatVector) q.lanewise(VectorOperators.LSHR, 12)
                                .and(15)
                                .convertShape(VectorOperators.I2F, FLOATS, 0))
                        .mul(high)
                        .intoMemorySegment(MEMORY, out + 6L * COLUMN, Lanes.ORDER);
                ((FloatVector) q.lanewise(VectorOperators.LSHR, 28).convertShape(VectorOperators.I2F, FLOATS, 0))
                        .mul(high)
                        .intoMemorySegment(MEMORY, out + 7L * COLUMN, Lanes.ORDER);
            }
        }
    }

    /**
     * An eighth, of eight integers whose bytes have the lower bits of quants, and eight that have the upper ones.
     *
     * @param low the first integer of lower bits, which begin at a bit of each byte and have a mask
     * @param high those of upper bits, which go {@code up} bits higher
     * @param scales the scale of the first sixteen elements
     * @param step from that to the scale of the others
     * @param excess what is subtracted from each quant
     */
    private static void eighth(
            long low,
            int lowShift,
            int lowMask,
            long high,
            int highShift,
            int highMask,
            int up,
            long scales,
            long step,
            long columns,
            int excess) {
        for (int sum = 0; sum < SUMS; sum++) {
            FloatVector scale = Lanes.load((scales + step * (sum / 4)) & ADDRESSES);
            IntVector q = IntVector.fromMemorySegment(INTS, MEMORY, (high + INT * sum) & ADDRESSES, Lanes.ORDER)
                    .lanewise(VectorOperators.LSHR, highShift)
                    .and(highMask)
                    .lanewise(VectorOperators.LSHL, up)
                    .or(IntVector.fromMemorySegment(INTS, MEMORY, (low + INT * sum) & ADDRESSES, Lanes.ORDER)
                            .lanewise(VectorOperators.LSHR, lowShift)
                            .and(lowMask));
            long out = columns + (long) COLUMNS_OF_SUM * sum;
            ((FloatVector) q.and(63).sub(excess).convertShape(VectorOperators.I2F, FLOATS, 0))
                    .mul(scale)
                    .intoMemorySegment(MEMORY, out & ADDRESSES, Lanes.ORDER);
            ((FloatVector) q.lanewise(VectorOperators.LSHR, 8)
                            .and(63)
                            .sub(excess)
                            .convertShape(VectorOperators.I2F, FLOATS, 0))
                    .mul(scale)
                    .intoMemorySegment(MEMORY, (out + 2L * COLUMN) & ADDRESSES, Lanes.ORDER);
            ((FloatVector) q.lanewise(VectorOperators.LSHR, 16)
                            .and(63)
                            .sub(excess)
                            .convertShape(VectorOperators.I2F, FLOATS, 0))
                    .mul(scale)
                    .intoMemorySegment(MEMORY, (out + 1L * COLUMN) & ADDRESSES, Lanes.ORDER);
            ((FloatVector) q.lanewise(VectorOperators.LSHR, 24)
                            .and(63)
                            .sub(excess)
                            .convertShape(VectorOperators.I2F, FLOATS, 0))
                    .mul(scale)
                    .intoMemorySegment(MEMORY, (out + 3L * COLUMN) & ADDRESSES, Lanes.ORDER);
        }
    }

    /** An eighth of IQ4_XS, of four integers: lower nibbles are of its first four sums, upper ones of the others. */
    private static void levels(long integers, long scales, long columns) {
        IntVector levels =
                FloatVector.fromArray(FLOATS, Codebooks.NON_LINEAR, 0).reinterpretAsInts();
        FloatVector scale = Lanes.load(scales & ADDRESSES);
        for (int sum = 0; sum < SUMS / 2; sum++) {
            IntVector q = IntVector.fromMemorySegment(INTS, MEMORY, (integers + INT * sum) & ADDRESSES, Lanes.ORDER);
            long out = columns + (long) COLUMNS_OF_SUM * sum;
            long upper = out + SUMS / 2 * COLUMNS_OF_SUM;
            q.and(15)
                    .selectFrom(levels)
                    .reinterpretAsFloats()
                    .mul(scale)
                    .intoMemorySegment(MEMORY, out & ADDRESSES, Lanes.ORDER);
            q.lanewise(VectorOperators.LSHR, 8)
                    .and(15)
                    .selectFrom(levels)
                    .reinterpretAsFloats()
                    .mul(scale)
                    .intoMemorySegment(MEMORY, (out + 2L * COLUMN) & ADDRESSES, Lanes.ORDER);
            q.lanewise(VectorOperators.LSHR, 16)
                    .and(15)
                    .selectFrom(levels)
                    .reinterpretAsFloats()
                    .mul(scale)
                    .intoMemorySegment(MEMORY, (out + 1L * COLUMN) & ADDRESSES, Lanes.ORDER);
            q.lanewise(VectorOperators.LSHR, 24)
                    .and(15)
                    .selectFrom(levels)
                    .reinterpretAsFloats()
                    .mul(scale)
                    .intoMemorySegment(MEMORY, (out + 3L * COLUMN) & ADDRESSES, Lanes.ORDER);
            q.lanewise(VectorOperators.LSHR, 4)
                    .and(15)
                    .selectFrom(levels)
                    .reinterpretAsFloats()
                    .mul(scale)
                    .intoMemorySegment(MEMORY, upper & ADDRESSES, Lanes.ORDER);
            q.lanewise(VectorOperators.LSHR, 12)
                    .and(15)
                    .selectFrom(levels)
                    .reinterpretAsFloats()
                    .mul(scale)
                    .intoMemorySegment(MEMORY, (upper + 2L * COLUMN) & ADDRESSES, Lanes.ORDER);
            q.lanewise(VectorOperators.LSHR, 20)
                    .and(15)
                    .selectFrom(levels)
                    .reinterpretAsFloats()
                    .mul(scale)
                    .intoMemorySegment(MEMORY, (upper + 1L * COLUMN) & ADDRESSES, Lanes.ORDER);
            q.lanewise(VectorOperators.LSHR, 28)
                    .and(15)
                    .selectFrom(levels)
                    .reinterpretAsFloats()
                    .mul(scale)
                    .intoMemorySegment(MEMORY, (upper + 3L * COLUMN) & ADDRESSES, Lanes.ORDER);
        }
    }
}
