package dev.squall.tornado;

import static dev.squall.tornado.OneTask.CONTEXT;
import static dev.squall.tornado.OneTask.arrays;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.squall.gguf.BlockCodec;
import dev.squall.gguf.BlockType;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Products with every block type keep their bound, whatever the shape, the group and the place of the matrix. */
class MatrixKernelsTest {
    private static final int PADDING = 7;
    private static final Set<BlockType> WITH_MINIMA =
            EnumSet.of(BlockType.Q4_1, BlockType.Q5_1, BlockType.Q2_K, BlockType.Q4_K, BlockType.Q5_K);

    static Stream<Arguments> shapes() {
        return Stream.of(BlockType.values())
                .flatMap(type -> Stream.of(
                        // rows, blocks of a row, vectors, outputs of an input, group
                        Arguments.of(type, 1, 1, 1, 1, 1),
                        Arguments.of(type, 3, 2, 2, 1, 8),
                        Arguments.of(type, 17, 3, 1, 1, 1),
                        Arguments.of(type, 5, 5, 6, 2, 32),
                        Arguments.of(type, 2, 9, 3, 3, 64)));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void multipliesEachVectorWithItsOwnMatrix(
            BlockType type, int rows, int blocks, int vectors, int outputsPerInput, int group) {
        int columns = blocks * Math.max(32, type.blockElements()) + (type.blockElements() == 1 ? 3 : 0);
        Random random = new Random(31L * rows + columns);
        int matrixBytes = Math.toIntExact(rows * type.rowBytes(columns));
        byte[] weights = new byte[PADDING + vectors * matrixBytes];
        int[] call = new int[2 + vectors];
        float[] decoded = new float[vectors * rows * columns];
        for (int v = 0; v < vectors; v++) {
            // Matrices lie in reverse, so that no kernel finds its own by accident.
            call[2 + v] = PADDING + (vectors - 1 - v) * matrixBytes;
            float[] normal = normal(random, rows * columns);
            MemorySegment matrix = MemorySegment.ofArray(weights).asSlice(call[2 + v], matrixBytes);
            BlockCodec.encode(type, normal, 0, normal.length, matrix, 0);
            BlockCodec.decode(type, matrix, 0, decoded, v * rows * columns, rows * columns);
        }
        float[] x = normal(random, (vectors + outputsPerInput - 1) / outputsPerInput * columns);
        FloatArray y = new FloatArray(vectors * rows);
        ByteArray data = OneTask.bytes(weights);
        FloatArray table = DecodingTable.create();
        IntArray fields = OneTask.ints(call);
        FloatArray input = OneTask.floats(x);

        OneTask.run(
                vectors * rows * group,
                group,
                arrays(y),
                arrays(fields, data, table, input),
                graph -> add(graph, type, fields, data, table, input, y, rows, columns, outputsPerInput));

        for (int v = 0; v < vectors; v++) {
            for (int row = 0; row < rows; row++) {
                double sum = 0;
                double magnitude = 0;
                for (int k = 0; k < columns; k++) {
                    double product =
                            (double) decoded[(v * rows + row) * columns + k] * x[v / outputsPerInput * columns + k];
                    sum += product;
                    magnitude += Math.abs(product);
                }
                // What minima add is of the size of the values themselves.
                double bound = columns * 0x1p-23 * magnitude * (WITH_MINIMA.contains(type) ? 4 : 1);
                assertThat((double) y.get(v * rows + row))
                        .as("vector %d row %d", v, row)
                        .isCloseTo(sum, within(bound));
            }
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
        int bytes = Math.toIntExact((long) heads * rows * type.rowBytes(columns));
        byte[] weights = new byte[PADDING + bytes];
        float[] decoded = new float[heads * rows * columns];
        MemorySegment matrices = MemorySegment.ofArray(weights).asSlice(PADDING);
        BlockCodec.encode(type, normal(random, decoded.length), 0, decoded.length, matrices, 0);
        BlockCodec.decode(type, matrices, 0, decoded, 0, decoded.length);
        float[] x = normal(random, vectors * columns);
        FloatArray y = new FloatArray(vectors * rows);
        ByteArray data = OneTask.bytes(weights);
        FloatArray table = DecodingTable.create();
        IntArray fields = OneTask.ints(2, PADDING);
        FloatArray input = OneTask.floats(x);
        OneTask.run(
                vectors * rows * 4,
                4,
                arrays(y),
                arrays(fields, data, table, input),
                graph -> MatrixProducts.add(
                        graph, "t", type, CONTEXT, fields, data, table, input, y, rows, columns, 1, 0, 1, heads));
        for (int v = 0; v < vectors; v++) {
            for (int row = 0; row < rows; row++) {
                double sum = 0;
                double magnitude = 0;
                for (int k = 0; k < columns; k++) {
                    double product = (double) decoded[(v % heads * rows + row) * columns + k] * x[v * columns + k];
                    sum += product;
                    magnitude += Math.abs(product);
                }
                assertThat((double) y.get(v * rows + row))
                        .as("vector %d row %d", v, row)
                        .isCloseTo(sum, within(columns * 0x1p-23 * magnitude * 4));
            }
        }
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

    private static TaskGraph add(
            TaskGraph graph,
            BlockType type,
            IntArray call,
            ByteArray weights,
            FloatArray table,
            FloatArray x,
            FloatArray y,
            int rows,
            int columns,
            int outputsPerInput) {
        return MatrixProducts.add(
                graph, "t", type, CONTEXT, call, weights, table, x, y, rows, columns, 2, 1, outputsPerInput, 1);
    }

    private static float[] normal(Random random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
