package dev.squall.index;

import java.util.Arrays;

/**
 * Vectors of unit length, each kept in the cell of the centre that it is most like, in half precision. A vector is compared
 * with those in the few cells whose centres are most like it, so that what resembles it is found at a fraction of the cost
 * of comparing with all. With one centre nothing is missed. Many threads may look while none puts.
 */
final class VectorCells {
    /** Cells in which a vector is looked for. */
    private static final int PROBES = 4;

    /** Vectors that are compared together, as lanes: at first, and most. Many at once are quicker. */
    private static final int LANES_LEAST = 32;

    private static final int LANES = 64;

    private final int dimensions;
    /** dimensions x count() halves: the centres, dimension by dimension. */
    private final short[] centres;

    private final Cell[] cells;

    /**
     * A vector that was compared.
     *
     * @param number of the vector; -1 of none
     * @param similarity the inner product, to within about 0.001
     */
    record Match(int number, float similarity) {
        static final Match NONE = new Match(-1, -1);
    }

    /** The vectors of one cell: blocks of dimensions x LANES halves, dimension by dimension; the last one may be narrower. */
    private static final class Cell {
        private short[][] blocks = new short[1][];
        private int[] numbers = new int[LANES_LEAST];
        private int count;
    }

    /** @param centres at least one, of unit length */
    VectorCells(float[][] centres) {
        dimensions = centres[0].length;
        this.centres = new short[Math.multiplyExact(dimensions, centres.length)];
        for (int centre = 0; centre < centres.length; centre++) {
            for (int d = 0; d < dimensions; d++) {
                this.centres[d * centres.length + centre] = Float.floatToFloat16(centres[centre][d]);
            }
        }
        cells = new Cell[centres.length];
        Arrays.setAll(cells, i -> new Cell());
    }

    int count() {
        return cells.length;
    }

    /** The cells whose centres are most like a vector, most similar first. */
    int[] nearestCells(float[] vector) {
        float[] products = new float[cells.length];
        multiply(vector, centres, cells.length, products);
        int[] nearest = new int[Math.min(PROBES, products.length)];
        for (int rank = 0; rank < nearest.length; rank++) {
            int best = 0;
            for (int i = 1; i < products.length; i++) {
                best = products[i] > products[best] ? i : best;
            }
            nearest[rank] = best;
            products[best] = Float.NEGATIVE_INFINITY;
        }
        return nearest;
    }

    /** How many vectors each cell holds. */
    int[] fill() {
        return Arrays.stream(cells).mapToInt(cell -> cell.count).toArray();
    }

    /** @param cell the first of its {@link #nearestCells} */
    void put(int cell, float[] vector, int number) {
        Cell to = cells[cell];
        int block = to.count / LANES;
        int lane = to.count % LANES;
        if (block == to.blocks.length) {
            to.blocks = Arrays.copyOf(to.blocks, 2 * block);
        }
        if (lane == 0) {
            to.blocks[block] = new short[dimensions * (block == 0 ? LANES_LEAST : LANES)];
        }
        if (lane == to.blocks[block].length / dimensions) {
            to.blocks[block] = widened(to.blocks[block]);
        }
        if (to.count == to.numbers.length) {
            to.numbers = Arrays.copyOf(to.numbers, 2 * to.count);
        }
        int lanes = to.blocks[block].length / dimensions;
        for (int d = 0; d < dimensions; d++) {
            to.blocks[block][d * lanes + lane] = Float.floatToFloat16(vector[d]);
        }
        to.numbers[to.count++] = number;
    }

    private short[] widened(short[] block) {
        int lanes = block.length / dimensions;
        short[] wide = new short[2 * block.length];
        for (int d = 0; d < dimensions; d++) {
            System.arraycopy(block, d * lanes, wide, 2 * d * lanes, lanes);
        }
        return wide;
    }

    /**
     * The vectors most like another one in some cells.
     *
     * @param after by cell, how many of its first vectors are passed over
     * @param wanted how many
     * @return so many, most similar first; {@link Match#NONE} where there are fewer
     */
    Match[] best(float[] vector, int[] in, int[] after, int wanted) {
        Match[] best = new Match[wanted];
        Arrays.fill(best, Match.NONE);
        float[] products = new float[LANES];
        for (int index : in) {
            Cell cell = cells[index];
            for (int block = after[index] / LANES; block * LANES < cell.count; block++) {
                multiply(vector, cell.blocks[block], cell.blocks[block].length / dimensions, products);
                int lanes = Math.min(LANES, cell.count - block * LANES);
                for (int lane = Math.max(0, after[index] - block * LANES); lane < lanes; lane++) {
                    if (products[lane] > best[wanted - 1].similarity()) {
                        insert(best, new Match(cell.numbers[block * LANES + lane], products[lane]));
                    }
                }
            }
        }
        return best;
    }

    private static void insert(Match[] falling, Match match) {
        int at = falling.length - 1;
        for (; at > 0 && falling[at - 1].similarity() < match.similarity(); at--) {
            falling[at] = falling[at - 1];
        }
        falling[at] = match;
    }

    /** products = block · vector, one product a lane; four dimensions at a time, so that products are stored less often. */
    private static void multiply(float[] vector, short[] block, int lanes, float[] products) {
        Arrays.fill(products, 0);
        int d = 0;
        for (; d + 3 < vector.length; d += 4) {
            float first = vector[d];
            float second = vector[d + 1];
            float third = vector[d + 2];
            float fourth = vector[d + 3];
            int from = d * lanes;
            for (int lane = 0; lane < lanes; lane++) {
                int at = from + lane;
                products[lane] += first * Float.float16ToFloat(block[at])
                        + second * Float.float16ToFloat(block[at + lanes])
                        + third * Float.float16ToFloat(block[at + 2 * lanes])
                        + fourth * Float.float16ToFloat(block[at + 3 * lanes]);
            }
        }
        for (; d < vector.length; d++) {
            float value = vector[d];
            int from = d * lanes;
            for (int lane = 0; lane < lanes; lane++) {
                products[lane] += value * Float.float16ToFloat(block[from + lane]);
            }
        }
    }
}
