package dev.squall.compute;

/**
 * Rows of floats, all of one width, one after the other in an array.
 *
 * @param values the array
 * @param offsets where each row begins
 * @param width floats of a row
 * @param blocks what {@link ActivationPrecision#BLOCKS_OF_256} keeps of each 256 floats of the array: a header that
 *     {@link SuperBlocks} describes; empty where rows are never rounded
 */
record FloatRows(float[] values, int[] offsets, int width, float[] blocks) {

    static FloatRows of(int rows, int width) {
        return in(new float[Math.multiplyExact(rows, width)], rows, width);
    }

    /** Rows that someone else's array holds. */
    static FloatRows in(float[] values, int rows, int width) {
        return new FloatRows(values, multiples(width, rows), width, new float[0]);
    }

    /** Rows that products are made with, at the precision these want. */
    static FloatRows roundable(int rows, int width) {
        return roundable(new float[Math.multiplyExact(rows, width)], multiples(width, rows), width);
    }

    /** The same, wherever in an array they begin. */
    static FloatRows roundable(float[] values, int[] offsets, int width) {
        int headers = values.length / SuperBlocks.ELEMENTS + 1;
        return new FloatRows(values, offsets, width, new float[Math.multiplyExact(headers, SuperBlocks.HEADER)]);
    }

    /** {@code 0, width, 2 · width, ...}. */
    static int[] multiples(int width, int count) {
        int[] offsets = new int[count];
        for (int i = 0; i < count; i++) {
            offsets[i] = Math.multiplyExact(i, width);
        }
        return offsets;
    }

    /** Where a row begins. */
    int at(int row) {
        return offsets[row];
    }

    /** Multiplies one row. */
    void scaleRow(int row, float factor) {
        for (int i = offsets[row]; i < offsets[row] + width; i++) {
            values[i] *= factor;
        }
    }
}
