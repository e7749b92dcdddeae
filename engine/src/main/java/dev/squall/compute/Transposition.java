package dev.squall.compute;

import static dev.squall.compute.VectorMath.INTS;
import static dev.squall.compute.VectorMath.LANES;
import static dev.squall.compute.WeightMemory.ADDRESSES;
import static dev.squall.compute.WeightMemory.MEMORY;

import jdk.incubator.vector.IntVector;

/**
 * Turns sixteen rows of sixteen 32-bit values into columns: lanes eight, four, two and one apart change places, for which
 * two vectors of sixteen lanes at a time give two. Two halves, each of short loops, as the compiler wants them.
 */
final class Transposition {
    private static final long VECTOR = 64;

    private Transposition() {}

    /**
     * Turns rows into columns.
     *
     * @param rows the address of the first row
     * @param rowBytes from one row to the next
     * @param between the address of scratch memory, 1,024 bytes
     * @param to the address of column 0, as the others aligned
     * @param step bytes from a column to the next of eight
     * @param stepOfEight bytes from a column to the one eight later
     */
    static void transpose(long rows, long rowBytes, long between, long to, long step, long stepOfEight) {
        exchangeFar(rows, rowBytes, between);
        exchangeNear(between, to, step);
        exchangeNear(between + 8 * VECTOR, to + stepOfEight, step);
    }

    /** Exchanges lanes eight, then four apart. */
    private static void exchangeFar(long rows, long rowBytes, long to) {
        IntVector first8 = IntVector.fromArray(INTS, LaneTables.FIRST_EIGHTS, 0);
        IntVector last8 = IntVector.fromArray(INTS, LaneTables.LAST_EIGHTS, 0);
        IntVector first4 = IntVector.fromArray(INTS, LaneTables.FIRST_FOURS, 0);
        IntVector last4 = IntVector.fromArray(INTS, LaneTables.LAST_FOURS, 0);
        for (int row = 0; row < LANES / 4; row++) {
            IntVector a = IntVector.fromMemorySegment(INTS, MEMORY, (rows + rowBytes * row) & ADDRESSES, Lanes.ORDER);
            IntVector b =
                    IntVector.fromMemorySegment(INTS, MEMORY, (rows + rowBytes * (row + 4)) & ADDRESSES, Lanes.ORDER);
            IntVector c =
                    IntVector.fromMemorySegment(INTS, MEMORY, (rows + rowBytes * (row + 8)) & ADDRESSES, Lanes.ORDER);
            IntVector d =
                    IntVector.fromMemorySegment(INTS, MEMORY, (rows + rowBytes * (row + 12)) & ADDRESSES, Lanes.ORDER);
            IntVector ac = first8.selectFrom(a, c);
            IntVector ca = last8.selectFrom(a, c);
            IntVector bd = first8.selectFrom(b, d);
            IntVector db = last8.selectFrom(b, d);
            long at = (to + VECTOR * row) & ADDRESSES;
            first4.selectFrom(ac, bd).intoMemorySegment(MEMORY, at, Lanes.ORDER);
            last4.selectFrom(ac, bd).intoMemorySegment(MEMORY, at + 4 * VECTOR, Lanes.ORDER);
            first4.selectFrom(ca, db).intoMemorySegment(MEMORY, at + 8 * VECTOR, Lanes.ORDER);
            last4.selectFrom(ca, db).intoMemorySegment(MEMORY, at + 12 * VECTOR, Lanes.ORDER);
        }
    }

    /** Exchanges lanes two, then one apart, of eight vectors. */
    private static void exchangeNear(long vectors, long to, long step) {
        IntVector first2 = IntVector.fromArray(INTS, LaneTables.FIRST_TWOS, 0);
        IntVector last2 = IntVector.fromArray(INTS, LaneTables.LAST_TWOS, 0);
        IntVector first1 = IntVector.fromArray(INTS, LaneTables.FIRST_ONES, 0);
        IntVector last1 = IntVector.fromArray(INTS, LaneTables.LAST_ONES, 0);
        for (int column = 0; column < 8; column += 4) {
            long from = vectors + VECTOR * column;
            IntVector a = IntVector.fromMemorySegment(INTS, MEMORY, from & ADDRESSES, Lanes.ORDER);
            IntVector b = IntVector.fromMemorySegment(INTS, MEMORY, (from + VECTOR) & ADDRESSES, Lanes.ORDER);
            IntVector c = IntVector.fromMemorySegment(INTS, MEMORY, (from + 2 * VECTOR) & ADDRESSES, Lanes.ORDER);
            IntVector d = IntVector.fromMemorySegment(INTS, MEMORY, (from + 3 * VECTOR) & ADDRESSES, Lanes.ORDER);
            IntVector ac = first2.selectFrom(a, c);
            IntVector ca = last2.selectFrom(a, c);
            IntVector bd = first2.selectFrom(b, d);
            IntVector db = last2.selectFrom(b, d);
            long at = to + step * column;
            first1.selectFrom(ac, bd).intoMemorySegment(MEMORY, at & ADDRESSES, Lanes.ORDER);
            last1.selectFrom(ac, bd).intoMemorySegment(MEMORY, (at + step) & ADDRESSES, Lanes.ORDER);
            first1.selectFrom(ca, db).intoMemorySegment(MEMORY, (at + 2 * step) & ADDRESSES, Lanes.ORDER);
            last1.selectFrom(ca, db).intoMemorySegment(MEMORY, (at + 3 * step) & ADDRESSES, Lanes.ORDER);
        }
    }
}
