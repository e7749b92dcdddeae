package dev.squall.compute;

import static dev.squall.compute.VectorMath.INTS;
import static dev.squall.compute.VectorMath.LANES;
import static dev.squall.compute.WeightMemory.ADDRESSES;
import static dev.squall.compute.WeightMemory.MEMORY;

import jdk.incubator.vector.IntVector;

/**
 * Turns sixteen rows of sixteen 32-bit values into columns: lanes eight, four, two and one apart change places, for which
 * two vectors of sixteen lanes at a time give two. Short loops, as the compiler wants them.
 */
final class Transposition {
    /** Bytes of a column: columns lie one behind the other. */
    static final long COLUMN = 64;

    private Transposition() {}

    /**
     * Turns rows into columns.
     *
     * @param rows the address of the first row
     * @param rowBytes from one row to the next
     * @param between the address of scratch memory, 1,024 bytes
     * @param to the address of column 0, aligned
     */
    static void transpose(long rows, long rowBytes, long between, long to) {
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
            long at = (between + COLUMN * row) & ADDRESSES;
            first4.selectFrom(ac, bd).intoMemorySegment(MEMORY, at, Lanes.ORDER);
            last4.selectFrom(ac, bd).intoMemorySegment(MEMORY, at + 4 * COLUMN, Lanes.ORDER);
            first4.selectFrom(ca, db).intoMemorySegment(MEMORY, at + 8 * COLUMN, Lanes.ORDER);
            last4.selectFrom(ca, db).intoMemorySegment(MEMORY, at + 12 * COLUMN, Lanes.ORDER);
        }
        IntVector first2 = IntVector.fromArray(INTS, LaneTables.FIRST_TWOS, 0);
        IntVector last2 = IntVector.fromArray(INTS, LaneTables.LAST_TWOS, 0);
        IntVector first1 = IntVector.fromArray(INTS, LaneTables.FIRST_ONES, 0);
        IntVector last1 = IntVector.fromArray(INTS, LaneTables.LAST_ONES, 0);
        for (int column = 0; column < LANES; column += 4) {
            long from = (between + COLUMN * column) & ADDRESSES;
            IntVector a = IntVector.fromMemorySegment(INTS, MEMORY, from, Lanes.ORDER);
            IntVector b = IntVector.fromMemorySegment(INTS, MEMORY, from + COLUMN, Lanes.ORDER);
            IntVector c = IntVector.fromMemorySegment(INTS, MEMORY, from + 2 * COLUMN, Lanes.ORDER);
            IntVector d = IntVector.fromMemorySegment(INTS, MEMORY, from + 3 * COLUMN, Lanes.ORDER);
            IntVector ac = first2.selectFrom(a, c);
            IntVector ca = last2.selectFrom(a, c);
            IntVector bd = first2.selectFrom(b, d);
            IntVector db = last2.selectFrom(b, d);
            long at = (to + COLUMN * column) & ADDRESSES;
            first1.selectFrom(ac, bd).intoMemorySegment(MEMORY, at, Lanes.ORDER);
            last1.selectFrom(ac, bd).intoMemorySegment(MEMORY, at + COLUMN, Lanes.ORDER);
            first1.selectFrom(ca, db).intoMemorySegment(MEMORY, at + 2 * COLUMN, Lanes.ORDER);
            last1.selectFrom(ca, db).intoMemorySegment(MEMORY, at + 3 * COLUMN, Lanes.ORDER);
        }
    }

    /**
     * Turns the last four of sixteen values into columns.
     *
     * @param rows the address of the first row
     * @param rowBytes from one row to the next
     * @param between the address of scratch memory, 256 bytes
     * @param to the address of the first of four columns, aligned
     */
    static void transposeLastFour(long rows, long rowBytes, long between, long to) {
        IntVector last8 = IntVector.fromArray(INTS, LaneTables.LAST_EIGHTS, 0);
        IntVector last4 = IntVector.fromArray(INTS, LaneTables.LAST_FOURS, 0);
        for (int row = 0; row < LANES / 4; row++) {
            IntVector a = IntVector.fromMemorySegment(INTS, MEMORY, (rows + rowBytes * row) & ADDRESSES, Lanes.ORDER);
            IntVector b =
                    IntVector.fromMemorySegment(INTS, MEMORY, (rows + rowBytes * (row + 4)) & ADDRESSES, Lanes.ORDER);
            IntVector c =
                    IntVector.fromMemorySegment(INTS, MEMORY, (rows + rowBytes * (row + 8)) & ADDRESSES, Lanes.ORDER);
            IntVector d =
                    IntVector.fromMemorySegment(INTS, MEMORY, (rows + rowBytes * (row + 12)) & ADDRESSES, Lanes.ORDER);
            IntVector ca = last8.selectFrom(a, c);
            IntVector db = last8.selectFrom(b, d);
            last4.selectFrom(ca, db).intoMemorySegment(MEMORY, (between + COLUMN * row) & ADDRESSES, Lanes.ORDER);
        }
        IntVector first2 = IntVector.fromArray(INTS, LaneTables.FIRST_TWOS, 0);
        IntVector last2 = IntVector.fromArray(INTS, LaneTables.LAST_TWOS, 0);
        IntVector first1 = IntVector.fromArray(INTS, LaneTables.FIRST_ONES, 0);
        IntVector last1 = IntVector.fromArray(INTS, LaneTables.LAST_ONES, 0);
        long from = between & ADDRESSES;
        IntVector a = IntVector.fromMemorySegment(INTS, MEMORY, from, Lanes.ORDER);
        IntVector b = IntVector.fromMemorySegment(INTS, MEMORY, from + COLUMN, Lanes.ORDER);
        IntVector c = IntVector.fromMemorySegment(INTS, MEMORY, from + 2 * COLUMN, Lanes.ORDER);
        IntVector d = IntVector.fromMemorySegment(INTS, MEMORY, from + 3 * COLUMN, Lanes.ORDER);
        IntVector ac = first2.selectFrom(a, c);
        IntVector ca = last2.selectFrom(a, c);
        IntVector bd = first2.selectFrom(b, d);
        IntVector db = last2.selectFrom(b, d);
        long at = to & ADDRESSES;
        first1.selectFrom(ac, bd).intoMemorySegment(MEMORY, at, Lanes.ORDER);
        last1.selectFrom(ac, bd).intoMemorySegment(MEMORY, at + COLUMN, Lanes.ORDER);
        first1.selectFrom(ca, db).intoMemorySegment(MEMORY, at + 2 * COLUMN, Lanes.ORDER);
        last1.selectFrom(ca, db).intoMemorySegment(MEMORY, at + 3 * COLUMN, Lanes.ORDER);
    }
}
