package dev.squall.index;

import java.io.IOException;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * The first numbers of vectors of unit length, each kept in the cell of the centre that it is most like, in half precision.
 * Vectors are turned first, so that any few of their numbers tell how far apart two of them are (Johnson and
 * Lindenstrauss). So what resembles a vector is found at a fraction of the cost of comparing with all: most are in other
 * cells, and by their first numbers most of the others are too far away. Many threads may look while none puts.
 */
final class VectorCells {
    /** Cells in which a vector is looked for. */
    private static final int PROBES = 4;

    /** Vectors that are compared together, as lanes: at first, and most. Many at once are quicker. */
    private static final int LANES_LEAST = 32;

    private static final int LANES = 64;

    /** Numbers of a vector that are kept. */
    private static final int HEAD = 64;

    /**
     * How much farther apart two vectors have to seem by their heads than what is looked for: the ratio of that estimate to
     * the truth is that of a sum of {@value #HEAD} squares to its mean, above this for less than one pair in a thousand.
     */
    private static final float MARGIN = 1.6f;

    /** More than what rounding adds to the squared distance of equal vectors. */
    private static final float ROUNDING = 1e-5f;

    /** Numbers by which vectors are compared with centres. */
    private static final int CENTRE_HEAD = 64;

    private static final long SEED = 0x5371_7561_6c6cL;

    private final int length;
    /** Of a turned vector: a power of two. */
    private final int dimensions;

    private final float[] signs;
    private final int head;
    private final int centreHead;
    /** centreHead x count() halves: the first numbers of the centres, dimension by dimension. */
    private final short[] centres;

    private final float[] centreSquares;
    private final Cell[] cells;

    /**
     * What is looked for.
     *
     * @param after by cell, how many of its first vectors are passed over
     * @param before the number from which on vectors are passed over
     * @param least below that similarity nothing is of use
     */
    record Wanted(int[] after, int before, float least) {}

    /** Compares what is looked for with the vectors that may be like it. */
    @FunctionalInterface
    interface Comparison {
        /**
         * Hears of a vector.
         *
         * @param number of the vector
         * @return the similarity that others must have from now on to be of use
         */
        float with(int number) throws IOException;
    }

    /** The heads of one cell, in blocks; the last one may be narrower. */
    private static final class Cell {
        private Block[] blocks = new Block[1];
        private int[] numbers = new int[LANES_LEAST];
        private int count;
    }

    /**
     * Some heads.
     *
     * @param halves head x lanes, dimension by dimension
     * @param squares by lane, the squared length
     */
    private record Block(int lanes, short[] halves, float[] squares) {
        Block(int lanes, int head) {
            this(lanes, new short[lanes * head], new float[lanes]);
        }

        Block widened() {
            int head = halves.length / lanes;
            Block wide = new Block(2 * lanes, head);
            for (int d = 0; d < head; d++) {
                System.arraycopy(halves, d * lanes, wide.halves, 2 * d * lanes, lanes);
            }
            System.arraycopy(squares, 0, wide.squares, 0, lanes);
            return wide;
        }
    }

    /** @param centres at least one, of unit length */
    VectorCells(float[][] centres) {
        length = centres[0].length;
        dimensions = Math.max(1, Integer.highestOneBit(2 * length - 1));
        head = Math.min(HEAD, dimensions);
        centreHead = Math.min(CENTRE_HEAD, dimensions);
        SplittableRandom random = new SplittableRandom(SEED);
        signs = new float[length];
        float scale = (float) (1 / Math.sqrt(dimensions));
        for (int d = 0; d < length; d++) {
            signs[d] = random.nextBoolean() ? scale : -scale;
        }
        this.centres = new short[Math.multiplyExact(centreHead, centres.length)];
        centreSquares = new float[centres.length];
        for (int centre = 0; centre < centres.length; centre++) {
            float[] turned = turned(centres[centre]);
            centreSquares[centre] = squares(turned, centreHead);
            for (int d = 0; d < centreHead; d++) {
                this.centres[d * centres.length + centre] = Float.floatToFloat16(turned[d]);
            }
        }
        cells = new Cell[centres.length];
        Arrays.setAll(cells, i -> new Cell());
    }

    int count() {
        return cells.length;
    }

    /**
     * The first numbers of a vector as it is to be put and looked for, turned the same for all, so that distances stay what
     * they are.
     */
    float[] turned(float[] vector) {
        float[] turned = new float[centreHead];
        // Of those, the transform adds up what is so far apart before it does anything else.
        for (int from = 0; from < length; from += centreHead) {
            int to = Math.min(from + centreHead, length);
            for (int d = from; d < to; d++) {
                turned[d - from] += vector[d] * signs[d];
            }
        }
        Projection.transform(turned);
        return turned;
    }

    private static float squares(float[] vector, int count) {
        float squares = 0;
        for (int d = 0; d < count; d++) {
            squares += vector[d] * vector[d];
        }
        return squares;
    }

    /** The cells whose centres are most like a turned vector, most similar first, by some of its numbers. */
    int[] nearestCells(float[] vector) {
        float[] products = new float[cells.length];
        multiply(vector, centreHead, centres, cells.length, products);
        for (int i = 0; i < products.length; i++) {
            products[i] -= centreSquares[i] / 2;
        }
        int[] nearest = new int[Math.min(PROBES, products.length)];
        int found = 0;
        for (int i = 0; i < products.length; i++) {
            if (found == nearest.length && products[i] <= products[nearest[found - 1]]) {
                continue;
            }
            int rank = found < nearest.length ? found++ : found - 1;
            for (; rank > 0 && products[i] > products[nearest[rank - 1]]; rank--) {
                nearest[rank] = nearest[rank - 1];
            }
            nearest[rank] = i;
        }
        return nearest;
    }

    /** How many vectors each cell holds. */
    int[] fill() {
        return Arrays.stream(cells).mapToInt(cell -> cell.count).toArray();
    }

    /** The first numbers of a turned vector as they are kept. */
    short[] head(float[] vector) {
        short[] halves = new short[head];
        for (int d = 0; d < head; d++) {
            halves[d] = Float.floatToFloat16(vector[d]);
        }
        return halves;
    }

    /**
     * Keeps a turned vector.
     *
     * @param cell the first of its {@link #nearestCells}
     * @param halves its {@link #head}
     * @param number greater than those before
     */
    void put(int cell, short[] halves, int number) {
        Cell to = cells[cell];
        int at = to.count / LANES;
        int lane = to.count % LANES;
        if (at == to.blocks.length) {
            to.blocks = Arrays.copyOf(to.blocks, 2 * at);
        }
        if (lane == 0) {
            to.blocks[at] = new Block(at == 0 ? LANES_LEAST : LANES, head);
        }
        if (lane == to.blocks[at].lanes()) {
            to.blocks[at] = to.blocks[at].widened();
        }
        if (to.count == to.numbers.length) {
            to.numbers = Arrays.copyOf(to.numbers, 2 * to.count);
        }
        Block block = to.blocks[at];
        float squares = 0;
        for (int d = 0; d < head; d++) {
            block.halves()[d * block.lanes() + lane] = halves[d];
            float rounded = Float.float16ToFloat(halves[d]);
            squares += rounded * rounded;
        }
        block.squares()[lane] = squares;
        to.numbers[to.count++] = number;
    }

    /**
     * Compares a turned vector with what may be like it.
     *
     * @param in the cells where it is looked for
     */
    void look(float[] vector, int[] in, Wanted wanted, Comparison comparison) throws IOException {
        float[] distances = new float[LANES];
        float own = squares(vector, head);
        float least = wanted.least();
        for (int index : in) {
            Cell cell = cells[index];
            int after = wanted.after()[index];
            for (int at = after / LANES; at * LANES < cell.count; at++) {
                if (cell.numbers[at * LANES] >= wanted.before() || least > 1) {
                    break;
                }
                if (distances(vector, own, cell.blocks[at], distances) > MARGIN * 2 * (1 - least) + ROUNDING) {
                    continue;
                }
                int lanes = Math.min(LANES, cell.count - at * LANES);
                for (int lane = Math.max(0, after - at * LANES); lane < lanes; lane++) {
                    int number = cell.numbers[at * LANES + lane];
                    if (distances[lane] <= MARGIN * 2 * (1 - least) + ROUNDING && number < wanted.before()) {
                        least = Math.max(least, comparison.with(number));
                    }
                }
            }
        }
    }

    /** Estimates, by lane, of the squared distances between a vector and those of a block; returns the least. */
    private float distances(float[] vector, float own, Block block, float[] distances) {
        Arrays.fill(distances, 0);
        multiply(vector, head, block.halves(), block.lanes(), distances);
        float scale = (float) dimensions / head;
        float[] squares = block.squares();
        for (int lane = 0; lane < squares.length; lane++) {
            distances[lane] = scale * (own + squares[lane] - 2 * distances[lane]);
        }
        float least = Float.POSITIVE_INFINITY;
        for (int lane = 0; lane < squares.length; lane++) {
            least = Math.min(least, distances[lane]);
        }
        return least;
    }

    /** products += block · head; four dimensions at a time, so that products are stored less often. */
    private static void multiply(float[] vector, int head, short[] block, int lanes, float[] products) {
        int d = 0;
        for (; d + 3 < head; d += 4) {
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
        for (; d < head; d++) {
            float value = vector[d];
            int from = d * lanes;
            for (int lane = 0; lane < lanes; lane++) {
                products[lane] += value * Float.float16ToFloat(block[from + lane]);
            }
        }
    }
}
