package dev.squall.compute;

import static dev.squall.compute.VectorMath.FLOATS;
import static dev.squall.compute.VectorMath.INTS;
import static dev.squall.compute.WeightMemory.MEMORY;

import dev.squall.gguf.BlockType;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * A row of activations as {@link SuperBlockStreams} multiplies it: blocks of 256 as 16-bit integers in the order in which
 * 64 bytes of a type's weights are taken apart, in aligned native memory, since a vector in a Java array straddles two
 * cache lines.
 *
 * <p>A block has four pairs of vectors, of even and of odd elements. A pair is two eighths of 32 elements, one in the lower
 * half of the lanes, the other in the upper half. A lane of 32 bits holds elements 4l and 4l + 2, or 4l + 1 and 4l + 3, l
 * in [0, 8).
 */
final class PackedActivations {
    /** Bytes of a block. */
    static final int BYTES = 896;

    /** Where a block has A of sixteenths as {@link SuperBlocks#SIXTEENTHS} says, sixteen floats. */
    static final int SIXTEENTHS = 512;

    /** Where it has A of eighths, eight floats; others follow, so that sixteen can be read. */
    static final int EIGHTHS = SIXTEENTHS + 4 * SuperBlocks.EIGHTHS;

    /** Where it has d'. */
    static final int SCALE = SIXTEENTHS + 4 * SuperBlocks.SCALE;

    /** Where it has, for each pair, a vector of 16-bit sums of even and odd elements, times what quants are too large by. */
    static final int CORRECTIONS = 640;

    private static final int PAIR_BYTES = 128;

    private static final int PAIRS = 4;

    private PackedActivations() {}

    /**
     * Packs {@code n} activations from an offset on, rounded to {@link ActivationPrecision#BLOCKS_OF_256}, into the tile.
     *
     * @return the address of the first block
     */
    static long pack(BlockType type, FloatRows x, int offset, int n, Tile tile) {
        int blocks = n / SuperBlocks.ELEMENTS;
        long packed = tile.packed((long) blocks * BYTES);
        for (int block = 0; block < blocks; block++) {
            int at = offset + block * SuperBlocks.ELEMENTS;
            long to = (packed & WeightMemory.ADDRESSES) + (long) block * BYTES;
            for (int pair = 0; pair < PAIRS; pair++) {
                int lower = at + 32 * lowerEighth(type, pair);
                int upper = lower + 32 * distance(type);
                packPair(x.values(), lower, upper, to, pair, excess(type));
            }
            int header = SuperBlocks.header(at);
            for (int i = 0; i < SuperBlocks.HEADER; i++) {
                MEMORY.set(ValueLayout.JAVA_FLOAT, to + SIXTEENTHS + 4L * i, x.blocks()[header + i]);
            }
        }
        return packed;
    }

    /** Two eighths. All vectors have the shape of {@link VectorMath#FLOATS}, for the reason given there. */
    private static void packPair(float[] x, int lower, int upper, long block, int pair, int excess) {
        IntVector even = halves(integers(x, lower), integers(x, upper));
        IntVector odd = halves(integers(x, lower + 16), integers(x, upper + 16));
        long to = block + (long) PAIR_BYTES * pair;
        even.intoMemorySegment(MEMORY, to, Lanes.ORDER);
        odd.intoMemorySegment(MEMORY, to + 64, Lanes.ORDER);
        even.reinterpretAsShorts()
                .add(odd.reinterpretAsShorts())
                .mul((short) -excess)
                .intoMemorySegment(MEMORY, block + CORRECTIONS + 64L * pair, Lanes.ORDER);
    }

    private static IntVector integers(float[] x, int at) {
        return (IntVector) FloatVector.fromArray(FLOATS, x, at).convertShape(VectorOperators.F2I, INTS, 0);
    }

    /** Of two vectors, the first eight elements in lower halves of lanes and the next eight in upper ones. */
    private static IntVector halves(IntVector lower, IntVector upper) {
        IntVector otherHalf = IntVector.fromArray(INTS, LaneTables.OTHER_HALF, 0);
        VectorMask<Integer> last = VectorMask.fromLong(INTS, 0xff00);
        IntVector first = lower.blend(otherHalf.selectFrom(upper), last);
        IntVector next = otherHalf.selectFrom(lower).blend(upper, last);
        return first.and(0xffff).or(next.lanewise(VectorOperators.LSHL, 16));
    }

    /**
     * The eighth that a pair has in the lower half of the lanes; pairs are in the order in which a stream of the type shifts
     * its quants out.
     */
    private static int lowerEighth(BlockType type, int pair) {
        return switch (type) {
            case Q4_K, Q5_K -> pair / 2 * 4 + pair % 2;
            case Q6_K, IQ4_XS -> 2 * pair;
            case Q2_K, Q3_K -> pair;
            case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4 -> throw new AssertionError(type);
        };
    }

    /** How many eighths later the other half's is. */
    private static int distance(BlockType type) {
        return switch (type) {
            case Q4_K, Q5_K -> 2;
            case Q6_K, IQ4_XS -> 1;
            case Q2_K, Q3_K -> 4;
            case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4 -> throw new AssertionError(type);
        };
    }

    /** What is subtracted from each quant as it is stored. */
    private static int excess(BlockType type) {
        return switch (type) {
            case Q6_K -> 32;
            case Q3_K -> 4;
            case Q2_K, Q4_K, Q5_K, IQ4_XS -> 0;
            case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4 -> throw new AssertionError(type);
        };
    }
}
