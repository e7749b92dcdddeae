package dev.squall.compute;

import static dev.squall.compute.Lanes.load;
import static dev.squall.compute.Lanes.signed;
import static dev.squall.compute.Lanes.store;
import static dev.squall.compute.Lanes.unsigned;
import static dev.squall.compute.Lanes.upperHalves;
import static dev.squall.compute.VectorMath.FLOATS;
import static dev.squall.compute.VectorMath.INTS;
import static dev.squall.compute.VectorMath.LANES;
import static dev.squall.compute.WeightMemory.MEMORY;

import dev.squall.gguf.BlockCodec;
import dev.squall.gguf.BlockType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Weights to floats with the Vector API: from {@link WeightMemory#MEMORY} into a row of a {@link Tile}, the same bits as
 * {@link BlockCodec} gives, whose Javadoc has the layouts. The caller has checked the range. Here are the plain floats and
 * the blocks of 32 elements; {@link SuperBlockDecoders} has those of 256.
 */
final class BlockDecoders {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(Lanes.ORDER);
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(Lanes.ORDER);

    private static final IntVector LANE_NUMBERS = IntVector.zero(INTS).addIndex(1);

    private BlockDecoders() {}

    /** Decodes {@code n} elements, a whole number of blocks and at most {@link Tile#COLUMNS}, to row {@code row}. */
    static void decode(BlockType type, long from, int n, Tile tile, int row) {
        long to = tile.row(row);
        switch (type) {
            case F32 -> decodeF32(from, n, to);
            case F16 -> decodeF16(from, n, to, tile.halves);
            case BF16 -> decodeBf16(from, n, to);
            case Q4_0 -> decodeQ4_0(from, n, to);
            case Q4_1 -> decodeQ4_1(from, n, to);
            case Q5_0 -> decodeQ5_0(from, n, to);
            case Q5_1 -> decodeQ5_1(from, n, to);
            case Q8_0 -> decodeQ8_0(from, n, to);
            case IQ4_NL -> Codebooks.decodeIQ4_NL(from, n, to);
            case MXFP4 -> Codebooks.decodeMXFP4(from, n, to);
            case Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_XS -> throw new AssertionError(type);
        }
    }

    private static void decodeF32(long from, int n, long to) {
        int whole = FLOATS.loopBound(n);
        for (int k = 0; k < whole; k += LANES) {
            store(load(from + 4L * k), to + 4L * k);
        }
        for (int k = whole; k < n; k++) {
            MEMORY.set(FLOAT, to + 4L * k, MEMORY.get(FLOAT, from + 4L * k));
        }
    }

    private static void decodeF16(long from, int n, long to, float[] halves) {
        Lanes.halves(from, n, halves);
        MemorySegment.copy(halves, 0, MEMORY, ValueLayout.JAVA_FLOAT, to, n);
    }

    private static void decodeBf16(long from, int n, long to) {
        int whole = FLOATS.loopBound(n);
        for (int k = 0; k < whole; k += LANES) {
            store(upperHalves(from + 2L * k), to + 4L * k);
        }
        for (int k = whole; k < n; k++) {
            MEMORY.set(FLOAT, to + 4L * k, Float.intBitsToFloat(MEMORY.get(SHORT, from + 2L * k) << 16));
        }
    }

    private static void decodeQ8_0(long from, int n, long to) {
        long block = from;
        long out = to;
        for (int k = 0; k < n; k += 32, block += 34, out += 128) {
            FloatVector d = Lanes.broadcastHalf(block);
            for (int i = 0; i < 32; i += LANES) {
                store(signed(block + 2, i).mul(d), out + 4L * i);
            }
        }
    }

    private static void decodeQ4_0(long from, int n, long to) {
        long block = from;
        long out = to;
        for (int k = 0; k < n; k += 32, block += 18, out += 128) {
            FloatVector d = Lanes.broadcastHalf(block);
            for (int i = 0; i < 16; i += LANES) {
                IntVector q = unsigned(block + 2, i);
                store(Lanes.floats(q.and(15).sub(8)).mul(d), out + 4L * i);
                store(Lanes.floats(upperFour(q).sub(8)).mul(d), out + 4L * i + 64);
            }
        }
    }

    private static void decodeQ4_1(long from, int n, long to) {
        long block = from;
        long out = to;
        for (int k = 0; k < n; k += 32, block += 20, out += 128) {
            FloatVector d = Lanes.broadcastHalf(block);
            FloatVector m = Lanes.broadcastHalf(block + 2);
            for (int i = 0; i < 16; i += LANES) {
                IntVector q = unsigned(block + 4, i);
                store(Lanes.floats(q.and(15)).mul(d).add(m), out + 4L * i);
                store(Lanes.floats(upperFour(q)).mul(d).add(m), out + 4L * i + 64);
            }
        }
    }

    private static void decodeQ5_0(long from, int n, long to) {
        long block = from;
        long out = to;
        for (int k = 0; k < n; k += 32, block += 22, out += 128) {
            FloatVector d = Lanes.broadcastHalf(block);
            int high = Lanes.bits(block + 2);
            for (int i = 0; i < 16; i += LANES) {
                IntVector q = unsigned(block + 6, i);
                IntVector low = q.and(15).or(fifthBits(high >>> i)).sub(16);
                IntVector upper = upperFour(q).or(fifthBits(high >>> (i + 16))).sub(16);
                store(Lanes.floats(low).mul(d), out + 4L * i);
                store(Lanes.floats(upper).mul(d), out + 4L * i + 64);
            }
        }
    }

    private static void decodeQ5_1(long from, int n, long to) {
        long block = from;
        long out = to;
        for (int k = 0; k < n; k += 32, block += 24, out += 128) {
            FloatVector d = Lanes.broadcastHalf(block);
            FloatVector m = Lanes.broadcastHalf(block + 2);
            int high = Lanes.bits(block + 4);
            for (int i = 0; i < 16; i += LANES) {
                IntVector q = unsigned(block + 8, i);
                IntVector low = q.and(15).or(fifthBits(high >>> i));
                IntVector upper = upperFour(q).or(fifthBits(high >>> (i + 16)));
                store(Lanes.floats(low).mul(d).add(m), out + 4L * i);
                store(Lanes.floats(upper).mul(d).add(m), out + 4L * i + 64);
            }
        }
    }

    /** The upper four of eight bits. */
    private static IntVector upperFour(IntVector q) {
        return q.lanewise(VectorOperators.LSHR, 4);
    }

    /** 16 in the lanes whose bit is set. */
    private static IntVector fifthBits(int bits) {
        return IntVector.broadcast(INTS, bits << 4)
                .lanewise(VectorOperators.LSHR, LANE_NUMBERS)
                .and(16);
    }
}
