package dev.squall.tornado;

import static dev.squall.tornado.OneTask.CONTEXT;
import static dev.squall.tornado.OneTask.arrays;
import static org.assertj.core.api.Assertions.assertThat;

import dev.squall.compute.JvmBackend;
import dev.squall.compute.JvmOracle;
import dev.squall.gguf.BlockCodec;
import dev.squall.gguf.BlockType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Products with every block type have the JVM's bits, whatever the shape, the group and the place of the matrix. */
class MatrixKernelsTest {
    private static final int PADDING = 7;
    private static final float UNTOUCHED = 12345.5f;

    static Stream<Arguments> shapes() {
        return Stream.of(BlockType.values())
                .flatMap(type -> Stream.of(
                        // rows, blocks of a row, vectors, outputs of an input, most work-items of a group, lanes
                        Arguments.of(type, 1, 1, 1, 1, 1, 16),
                        Arguments.of(type, 3, 2, 2, 1, 8, 16),
                        Arguments.of(type, 17, 3, 1, 1, 1, 8),
                        Arguments.of(type, 4, 5, 6, 2, 32, 16),
                        Arguments.of(type, 3, 2, 2, 1, 32, 4),
                        Arguments.of(type, 2, 3, 4, 2, 16, 8),
                        Arguments.of(type, 8, 9, 3, 3, 64, 16)));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void multipliesEachVectorWithItsOwnMatrix(
            BlockType type, int rows, int blocks, int vectors, int outputsPerInput, int group, int lanes) {
        int columns = blocks * Math.max(32, type.blockElements()) + (type.blockElements() == 1 ? 3 : 0);
        Random random = new Random(31L * rows + columns);
        int matrixBytes = Math.toIntExact(rows * type.rowBytes(columns));
        byte[] weights = new byte[PADDING + vectors * matrixBytes];
        int[] call = new int[2 + vectors];
        for (int v = 0; v < vectors; v++) {
            // Matrices lie in reverse, so that no kernel finds its own by accident.
            call[2 + v] = PADDING + (vectors - 1 - v) * matrixBytes;
            encode(type, random, rows * columns, MemorySegment.ofArray(weights).asSlice(call[2 + v], matrixBytes));
        }
        float[] x = normal(random, (vectors + outputsPerInput - 1) / outputsPerInput * columns);
        float[] y = multiply(type, weights, call, x, vectors, rows, columns, 2, 1, outputsPerInput, 1, group, lanes);
        for (int v = 0; v < vectors; v++) {
            int input = v / outputsPerInput * columns;
            assertThat(Arrays.copyOfRange(y, v * rows, (v + 1) * rows))
                    .as("vector %d", v)
                    .containsExactly(expected(
                            type,
                            MemorySegment.ofArray(weights).asSlice(call[2 + v], matrixBytes),
                            rows,
                            columns,
                            Arrays.copyOfRange(x, input, input + columns),
                            lanes));
        }
    }

    @ParameterizedTest
    @EnumSource(BlockType.class)
    void multipliesEachHeadWithItsOwnOfTheMatricesThatFollowEachOther(BlockType type) {
        int rows = 3;
        int columns = 2 * Math.max(3, type.blockElements());
        int heads = 4;
        int vectors = 2 * heads;
        Random random = new Random(7);
        int matrixBytes = Math.toIntExact(rows * type.rowBytes(columns));
        byte[] weights = new byte[PADDING + heads * matrixBytes];
        encode(
                type,
                random,
                heads * rows * columns,
                MemorySegment.ofArray(weights).asSlice(PADDING));
        float[] x = normal(random, vectors * columns);
        int[] call = {2, PADDING};
        float[] y = multiply(type, weights, call, x, vectors, rows, columns, 1, 0, 1, heads, 4, JvmBackend.lanes());
        for (int v = 0; v < vectors; v++) {
            int at = PADDING + v % heads * matrixBytes;
            assertThat(Arrays.copyOfRange(y, v * rows, (v + 1) * rows))
                    .as("vector %d", v)
                    .containsExactly(expected(
                            type,
                            MemorySegment.ofArray(weights).asSlice(at, matrixBytes),
                            rows,
                            columns,
                            Arrays.copyOfRange(x, v * columns, (v + 1) * columns),
                            JvmBackend.lanes()));
        }
    }

    @ParameterizedTest
    @EnumSource(BlockType.class)
    void leavesAloneWhatIsInAnotherPool(BlockType type) {
        int columns = type.blockElements() == 1 ? 35 : type.blockElements();
        Random random = new Random(3);
        byte[] weights = new byte[Math.toIntExact(2 * type.rowBytes(columns))];
        encode(type, random, 2 * columns, MemorySegment.ofArray(weights));
        float[] x = normal(random, columns);
        float[] y = multiply(type, weights, new int[] {-1, 0}, x, 2, 2, columns, 0, 1, 2, 1, 16, JvmBackend.lanes());
        assertThat(y).startsWith(UNTOUCHED, UNTOUCHED);
        assertThat(Arrays.copyOfRange(y, 2, 4))
                .containsExactly(JvmOracle.multiply(
                        type, MemorySegment.ofArray(weights), 2, columns, x, type.blockElements() == 256));
    }

    /** What the JVM's kernels give; with another number of lanes than theirs, what their order gives. */
    private static float[] expected(BlockType type, MemorySegment matrix, int rows, int columns, float[] x, int lanes) {
        if (type.blockElements() == 256 || lanes == JvmBackend.lanes()) {
            return JvmOracle.multiply(type, matrix, rows, columns, x, type.blockElements() == 256);
        }
        float[] decoded = new float[rows * columns];
        BlockCodec.decode(type, matrix, 0, decoded, 0, decoded.length);
        float[] y = new float[rows];
        for (int row = 0; row < rows; row++) {
            float[] sums = new float[lanes];
            int whole = columns / lanes * lanes;
            for (int k = 0; k < whole; k++) {
                sums[k % lanes] = Math.fma(decoded[row * columns + k], x[k], sums[k % lanes]);
            }
            y[row] = lanes == 4
                    ? (sums[0] + sums[2]) + (sums[1] + sums[3])
                    : ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
            for (int k = whole; k < columns; k++) {
                y[row] = Math.fma(decoded[row * columns + k], x[k], y[row]);
            }
        }
        return y;
    }

    private static void encode(BlockType type, Random random, int elements, MemorySegment to) {
        BlockCodec.encode(type, normal(random, elements), 0, elements, to, 0);
    }

    /** Runs the kernel, for super-blocks after that which rounds activations. */
    private static float[] multiply(
            BlockType type,
            byte[] weights,
            int[] call,
            float[] x,
            int vectors,
            int rows,
            int columns,
            int field,
            int step,
            int outputsPerInput,
            int matrices,
            int groupMax,
            int lanes) {
        int ofType = MatrixProducts.lanes(type, lanes);
        int items = Math.min(ofType, groupMax);
        int group = new GroupSizes(1, groupMax, 1, lanes).ofProduct(rows, ofType);
        float[] before = new float[vectors * rows];
        Arrays.fill(before, UNTOUCHED);
        FloatArray y = OneTask.floats(before);
        ByteArray data = OneTask.bytes(weights);
        FloatArray table = DecodingTable.create();
        IntArray fields = OneTask.ints(call);
        FloatArray input = OneTask.floats(x);
        FloatArray headers = new FloatArray((x.length / 256 + 1) * RoundingKernels.HEADER);
        if (type.blockElements() == 256) {
            int blocks = x.length / 256;
            OneTask.run(
                    blocks,
                    1,
                    arrays(input, headers),
                    arrays(),
                    graph ->
                            graph.task("t", RoundingKernels::roundBlocksOf256, CONTEXT, input, input, headers, blocks));
        }
        MatrixProducts.Operands operands = new MatrixProducts.Operands(fields, data, table, input, headers, y);
        MatrixProducts.Shape shape =
                new MatrixProducts.Shape(rows, columns, field, step, outputsPerInput, matrices, lanes);
        OneTask.run(
                vectors * rows * items,
                group,
                arrays(y),
                arrays(fields, data, table, input, headers),
                graph -> MatrixProducts.add(graph, "t", type, CONTEXT, operands, shape));
        return OneTask.toJava(y);
    }

    @Test
    void looksUpEveryScaleAndFloatOfMxfp4() {
        byte[] block = new byte[17];
        FloatArray table = DecodingTable.create();
        for (int exponent = 0; exponent < 250; exponent++) {
            block[0] = (byte) exponent;
            for (int i = 0; i < 16; i++) {
                block[1 + i] = (byte) (i | (15 - i) << 4);
            }
            float[] expected = new float[32];
            BlockCodec.decode(BlockType.MXFP4, MemorySegment.ofArray(block), 0, expected, 0, 32);
            for (int i = 0; i < 32; i++) {
                int quant = i < 16 ? block[1 + i] & 15 : (block[1 + i - 16] >> 4) & 15;
                float value =
                        table.get(DecodingTable.SCALES + exponent) * table.get(DecodingTable.SMALL_FLOATS + quant);
                assertThat(value).isEqualTo(expected[i]);
            }
        }
    }

    private static float[] normal(Random random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
