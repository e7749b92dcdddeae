package dev.squall.compute;

import static dev.squall.compute.SuperBlocks.ELEMENTS;
import static dev.squall.compute.SuperBlocks.SUMS;
import static dev.squall.compute.VectorMath.INTS;
import static dev.squall.compute.VectorMath.LANES;
import static dev.squall.compute.WeightMemory.ADDRESSES;
import static dev.squall.compute.WeightMemory.MEMORY;

import dev.squall.gguf.BlockType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;

/**
 * One super-block of each of 32 rows of weights, column by column, and what {@link OuterProducts} sums with it. All of it
 * is native and aligned, and has a number for each of the rows, one beside the other. Needs vectors of sixteen lanes.
 */
final class ColumnTile {
    /** Rows of weights. */
    static final int ROWS = 32;

    /** Rows of activations that are multiplied together. */
    static final int ACTIVATION_ROWS = 8;

    /** Bytes of a number for each row. */
    static final int COLUMN = 4 * ROWS;

    /** Bytes of the columns of one of the eight sums. */
    static final int COLUMNS_OF_SUM = ELEMENTS / SUMS * COLUMN;

    /** Bytes of the sums of one row of activations. */
    static final int ROW_OF_SUMS = SUMS * COLUMN;

    private static final int ROW_BYTES = 4 * ELEMENTS;
    private static final int VECTOR = 64;
    private static final long COLUMNS_BYTES = (long) SUMS * COLUMNS_OF_SUM;
    private static final long BLOCK_SUMS_BYTES = (long) ACTIVATION_ROWS * ROW_OF_SUMS;
    private static final long HEADERS_BYTES = (long) SuperBlockCodec.HEADER * COLUMN;

    private final MemorySegment memory;

    ColumnTile(Arena arena) {
        memory = arena.allocate(
                COLUMNS_BYTES
                        + BLOCK_SUMS_BYTES
                        + HEADERS_BYTES
                        + (long) Tile.ACTIVATION_ROWS * ROW_OF_SUMS
                        + (long) LANES * VECTOR,
                VECTOR);
    }

    /** Elements by sum, then by group of eight: element j of a decoded block is one of sum j mod 8. */
    long columns() {
        return memory.address();
    }

    /** The sums of the block with each of {@link #ACTIVATION_ROWS}. */
    long blockSums() {
        return columns() + COLUMNS_BYTES;
    }

    /** Headers, {@link SuperBlockCodec#HEADER} numbers of each row. */
    long headers() {
        return blockSums() + BLOCK_SUMS_BYTES;
    }

    /** The sums of {@link Tile#ACTIVATION_ROWS} over all blocks so far. */
    long sums() {
        return headers() + HEADERS_BYTES;
    }

    private long between() {
        return sums() + (long) Tile.ACTIVATION_ROWS * ROW_OF_SUMS;
    }

    /** Sets the sums of so many rows of activations to 0. */
    void clearSums(int count) {
        memory.asSlice(sums() - memory.address(), (long) count * ROW_OF_SUMS).fill((byte) 0);
    }

    /**
     * Decodes a block of each row.
     *
     * @param block the address of the first row's
     * @param rowBytes from one row to the next
     * @param tile what the rows are decoded to, sixteen at a time
     */
    void decode(BlockType type, long block, long rowBytes, Tile tile) {
        for (int half = 0; half < ROWS; half += LANES) {
            for (int row = 0; row < LANES; row++) {
                WideDecoders.decode(
                        type,
                        block + (half + row) * rowBytes,
                        tile.row(0) + (long) row * ROW_BYTES,
                        tile,
                        row * SuperBlockCodec.HEADER);
            }
            for (int field = 0; field < SuperBlockCodec.HEADER; field++) {
                long to = headers() + (long) field * COLUMN + 4L * half;
                for (int row = 0; row < LANES; row++) {
                    MEMORY.set(Lanes.FLOAT, to + 4L * row, tile.headers[row * SuperBlockCodec.HEADER + field]);
                }
            }
            for (int j = 0; j < ELEMENTS; j += LANES) {
                exchangeFar(tile.row(0) + 4L * j, between());
                exchangeNear(between(), columns() + (long) COLUMN * (j / SUMS) + 4L * half);
            }
        }
    }

    /** The first half of transposing sixteen vectors, which lie in rows: exchanges elements eight, then four apart. */
    private static void exchangeFar(long rows, long to) {
        IntVector first8 = IntVector.fromArray(INTS, LaneTables.FIRST_EIGHTS, 0);
        IntVector last8 = IntVector.fromArray(INTS, LaneTables.LAST_EIGHTS, 0);
        IntVector first4 = IntVector.fromArray(INTS, LaneTables.FIRST_FOURS, 0);
        IntVector last4 = IntVector.fromArray(INTS, LaneTables.LAST_FOURS, 0);
        long from = rows & ADDRESSES;
        long out = to & ADDRESSES;
        for (int row = 0; row < 4; row++) {
            long at = from + (long) ROW_BYTES * row;
            IntVector a = IntVector.fromMemorySegment(INTS, MEMORY, at, Lanes.ORDER);
            IntVector b = IntVector.fromMemorySegment(INTS, MEMORY, at + 4L * ROW_BYTES, Lanes.ORDER);
            IntVector c = IntVector.fromMemorySegment(INTS, MEMORY, at + 8L * ROW_BYTES, Lanes.ORDER);
            IntVector d = IntVector.fromMemorySegment(INTS, MEMORY, at + 12L * ROW_BYTES, Lanes.ORDER);
            IntVector ac = first8.selectFrom(a, c);
            IntVector ca = last8.selectFrom(a, c);
            IntVector bd = first8.selectFrom(b, d);
            IntVector db = last8.selectFrom(b, d);
            long to0 = out + (long) VECTOR * row;
            first4.selectFrom(ac, bd).intoMemorySegment(MEMORY, to0, Lanes.ORDER);
            last4.selectFrom(ac, bd).intoMemorySegment(MEMORY, to0 + 4L * VECTOR, Lanes.ORDER);
            first4.selectFrom(ca, db).intoMemorySegment(MEMORY, to0 + 8L * VECTOR, Lanes.ORDER);
            last4.selectFrom(ca, db).intoMemorySegment(MEMORY, to0 + 12L * VECTOR, Lanes.ORDER);
        }
    }

    /** The second half, two and one apart: then sixteen columns, of two groups of eight, go where they belong. */
    private static void exchangeNear(long vectors, long to) {
        IntVector first2 = IntVector.fromArray(INTS, LaneTables.FIRST_TWOS, 0);
        IntVector last2 = IntVector.fromArray(INTS, LaneTables.LAST_TWOS, 0);
        IntVector first1 = IntVector.fromArray(INTS, LaneTables.FIRST_ONES, 0);
        IntVector last1 = IntVector.fromArray(INTS, LaneTables.LAST_ONES, 0);
        long from = vectors & ADDRESSES;
        long out = to & ADDRESSES;
        for (int column = 0; column < LANES; column += 4) {
            long at = from + (long) VECTOR * column;
            IntVector a = IntVector.fromMemorySegment(INTS, MEMORY, at, Lanes.ORDER);
            IntVector b = IntVector.fromMemorySegment(INTS, MEMORY, at + VECTOR, Lanes.ORDER);
            IntVector c = IntVector.fromMemorySegment(INTS, MEMORY, at + 2L * VECTOR, Lanes.ORDER);
            IntVector d = IntVector.fromMemorySegment(INTS, MEMORY, at + 3L * VECTOR, Lanes.ORDER);
            IntVector ac = first2.selectFrom(a, c);
            IntVector ca = last2.selectFrom(a, c);
            IntVector bd = first2.selectFrom(b, d);
            IntVector db = last2.selectFrom(b, d);
            long to0 = out + (long) COLUMNS_OF_SUM * (column % SUMS) + (long) COLUMN * (column / SUMS);
            first1.selectFrom(ac, bd).intoMemorySegment(MEMORY, to0, Lanes.ORDER);
            last1.selectFrom(ac, bd).intoMemorySegment(MEMORY, to0 + COLUMNS_OF_SUM, Lanes.ORDER);
            first1.selectFrom(ca, db).intoMemorySegment(MEMORY, to0 + 2L * COLUMNS_OF_SUM, Lanes.ORDER);
            last1.selectFrom(ca, db).intoMemorySegment(MEMORY, to0 + 3L * COLUMNS_OF_SUM, Lanes.ORDER);
        }
    }
}
