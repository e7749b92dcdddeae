package dev.squall.compute;

import static dev.squall.compute.SuperBlocks.ELEMENTS;
import static dev.squall.compute.SuperBlocks.SUMS;
import static dev.squall.compute.VectorMath.LANES;

import dev.squall.gguf.BlockType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * One super-block of each of 32 rows of weights, column by column, and what {@link OuterProducts} sums with it. All of it
 * is native and aligned, and has a number for each of the rows, one beside the other. Needs vectors of sixteen lanes.
 */
final class ColumnTile {
    /** Rows of weights. */
    static final int ROWS = 32;

    /** Rows of activations that are multiplied together. */
    static final int ACTIVATION_ROWS = 4;

    /** Bytes of a number for each row. */
    static final int COLUMN = 4 * ROWS;

    /** Bytes of the columns of one of the eight sums. */
    static final int COLUMNS_OF_SUM = ELEMENTS / SUMS * COLUMN;

    /** Bytes of the sums of one row of activations. */
    static final int ROW_OF_SUMS = SUMS * COLUMN;

    private static final long COLUMNS_BYTES = (long) SUMS * COLUMNS_OF_SUM;
    private static final long BLOCK_SUMS_BYTES = (long) ACTIVATION_ROWS * ROW_OF_SUMS;
    private static final long HEADERS_BYTES = (long) SuperBlockCodec.HEADER * COLUMN;

    private final MemorySegment memory;

    ColumnTile(Arena arena) {
        memory = arena.allocate(
                COLUMNS_BYTES + BLOCK_SUMS_BYTES + HEADERS_BYTES + (long) Tile.ACTIVATION_ROWS * ROW_OF_SUMS, 64);
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

    /** Sets the sums of so many rows of activations to 0. */
    void clearSums(int count) {
        memory.asSlice(sums() - memory.address(), (long) count * ROW_OF_SUMS).fill((byte) 0);
    }

    /**
     * Decodes a block of each row.
     *
     * @param block the address of the first row's
     * @param rowBytes from one row to the next
     * @param tile scratch
     */
    void decode(BlockType type, long block, long rowBytes, Tile tile) {
        for (int row = 0; row < ROWS; row += LANES) {
            long sixteen = block + row * rowBytes;
            long columns = columns() + 4L * row;
            long headers = headers() + 4L * row;
            ColumnDecoders.decode(type, sixteen, rowBytes, columns, headers, tile.row(0));
        }
    }
}
