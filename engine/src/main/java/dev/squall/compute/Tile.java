package dev.squall.compute;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * One thread's scratch for {@link Kernels}: a few decoded weights that stay in the first-level cache, and the sums that
 * wait for more of them. Weights are native and aligned, since a vector in a Java array straddles two cache lines.
 */
final class Tile {
    /** Rows of weights that are multiplied together. */
    static final int ROWS = 4;

    /** Columns of weights that are decoded together: a whole number of blocks of every type. */
    static final int COLUMNS = 1024;

    /** Rows of activations whose sums have room: enough to make decoding cheap beside multiplying. */
    static final int ACTIVATION_ROWS = 128;

    /** The room in {@link #halves}: a quarter of the first-level cache. */
    static final int HALVES = 4096;

    private static final int BLOCKS = COLUMNS / SuperBlocks.ELEMENTS;
    private static final int LANES_MAX = 16;

    /** The room in {@link #sums}. */
    static final int SUMS = ACTIVATION_ROWS * ROWS * LANES_MAX;

    private static final long ROW_BYTES = 4L * COLUMNS;
    private static final int SCALE_BYTES = 32;

    private final Arena arena;
    private final MemorySegment memory;

    /** Lanes of sums, ROWS vectors for each row of activations. */
    final float[] sums = new float[SUMS];

    /** Scales and minima of the sub-blocks of a block. */
    final float[] scales = new float[64];

    /** The headers of the super-blocks of each row of weights. */
    final float[] headers = new float[ROWS * BLOCKS * SuperBlockCodec.HEADER];

    /** Sums of one super-block of each row of weights with four rows of activations. */
    final float[] blockSums = new float[16 * LANES_MAX];

    /** What {@link CacheLines} read last. Nobody needs it. */
    int touched;

    private MemorySegment packed = MemorySegment.NULL;
    private @Nullable ColumnTile columns;

    /** Keys or values of some positions, or half-precision weights, as floats. */
    final float[] halves = new float[HALVES];

    Tile(Arena arena) {
        this.arena = arena;
        memory = arena.allocate(ROWS * ROW_BYTES + SCALE_BYTES, 64);
    }

    /** The address of a row of weights, COLUMNS floats. */
    long row(int row) {
        return memory.address() + row * ROW_BYTES;
    }

    /** Where {@link #headers} has those of a row of weights. */
    int header(int row) {
        return row * BLOCKS * SuperBlockCodec.HEADER;
    }

    /** The address of room for bytes of {@link PackedActivations}, aligned; it grows to the widest row there is. */
    long packed(long bytes) {
        if (packed.byteSize() < bytes) {
            packed = arena.allocate(bytes, 64);
        }
        return packed.address();
    }

    /** What {@link OuterProducts} works on. */
    ColumnTile columns() {
        ColumnTile made = columns;
        if (made == null) {
            made = new ColumnTile(arena);
            columns = made;
        }
        return made;
    }

    /** The address of room for 32 bytes of a block. */
    long scaleBytes() {
        return memory.address() + ROWS * ROW_BYTES;
    }
}
