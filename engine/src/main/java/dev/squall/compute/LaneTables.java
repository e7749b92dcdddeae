package dev.squall.compute;

import java.util.function.IntUnaryOperator;

/**
 * A number for each of sixteen lanes. Arrays, not vectors: a kernel loads them before its loop, so that the compiler sees
 * vectors and not objects.
 */
final class LaneTables {
    /** The lane that is half a vector apart. */
    static final int[] OTHER_HALF = table(lane -> (lane + 8) % 16);

    static final int[] FIRST_HALF_TWICE = table(lane -> lane % 8);
    static final int[] LAST_HALF_TWICE = table(lane -> 8 + lane % 8);

    static final int[] FIRST_QUARTER = table(lane -> lane % 4);

    /** Shifts to the lower nibbles of bytes 0, to their upper ones, and to those of bytes 2. */
    static final int[] EVEN_NIBBLES = table(lane -> lane / 4 % 2 * 4 + lane / 8 * 16);

    /** Shifts of the upper half of the lanes. */
    static final int[] UPPER_TWO = table(lane -> lane / 8 * 2);

    static final int[] UPPER_FOUR = table(lane -> lane / 8 * 4);

    /** Lanes 0, 2, 4, ..., then 1, 3, 5, ... */
    static final int[] EVEN_THEN_ODD = table(lane -> lane % 8 * 2 + lane / 8);

    /** Two eighths of a block, one for each half of the lanes. */
    static final int[] EIGHTHS_0_2 = quarters(0, 0, 2, 2);

    static final int[] EIGHTHS_1_3 = quarters(1, 1, 3, 3);

    static final int[] EIGHTHS_4_6 = quarters(4, 4, 6, 6);

    static final int[] EIGHTHS_5_7 = quarters(5, 5, 7, 7);

    /** Four sixteenths of a block, one for each quarter of the lanes: consecutive ones. */
    static final int[] SIXTEENTHS_0 = quarters(0, 1, 2, 3);

    static final int[] SIXTEENTHS_4 = quarters(4, 5, 6, 7);

    static final int[] SIXTEENTHS_8 = quarters(8, 9, 10, 11);

    static final int[] SIXTEENTHS_12 = quarters(12, 13, 14, 15);

    /** Two that are neighbours, and two behind them by half a block. */
    static final int[] SIXTEENTHS_0_8 = quarters(0, 1, 8, 9);

    static final int[] SIXTEENTHS_2_10 = quarters(2, 3, 10, 11);

    static final int[] SIXTEENTHS_4_12 = quarters(4, 5, 12, 13);

    static final int[] SIXTEENTHS_6_14 = quarters(6, 7, 14, 15);

    /** Of two vectors the even runs of eight lanes; {@link #LAST_EIGHTS} has the odd ones. */
    static final int[] FIRST_EIGHTS = firstOfTwo(8);

    static final int[] LAST_EIGHTS = lastOfTwo(8);

    static final int[] FIRST_FOURS = firstOfTwo(4);

    static final int[] LAST_FOURS = lastOfTwo(4);

    static final int[] FIRST_TWOS = firstOfTwo(2);

    static final int[] LAST_TWOS = lastOfTwo(2);

    static final int[] FIRST_ONES = firstOfTwo(1);

    static final int[] LAST_ONES = lastOfTwo(1);

    private LaneTables() {}

    private static int[] firstOfTwo(int run) {
        return table(lane -> (lane & run) == 0 ? lane : 16 + lane - run);
    }

    private static int[] lastOfTwo(int run) {
        return table(lane -> (lane & run) == 0 ? lane + run : 16 + lane);
    }

    private static int[] table(IntUnaryOperator numberOfLane) {
        int[] numbers = new int[16];
        for (int lane = 0; lane < 16; lane++) {
            numbers[lane] = numberOfLane.applyAsInt(lane);
        }
        return numbers;
    }

    private static int[] quarters(int first, int second, int third, int fourth) {
        return table(lane -> lane < 8 ? lane < 4 ? first : second : lane < 12 ? third : fourth);
    }
}
