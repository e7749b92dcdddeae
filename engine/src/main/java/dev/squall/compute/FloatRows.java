package dev.squall.compute;

/**
 * Rows of floats, all of one width, one after the other in an array.
 *
 * @param values the array
 * @param offsets where each row begins
 * @param width floats of a row
 */
record FloatRows(float[] values, int[] offsets, int width) {

    static FloatRows of(int rows, int width) {
        return new FloatRows(new float[Math.multiplyExact(rows, width)], multiples(width, rows), width);
    }

    /** Rows that someone else's array holds. */
    static FloatRows in(float[] values, int rows, int width) {
        return new FloatRows(values, multiples(width, rows), width);
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
