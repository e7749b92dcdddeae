package dev.squall.tornado;

import static dev.squall.tornado.OneTask.CONTEXT;
import static dev.squall.tornado.OneTask.arrays;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.squall.gguf.BlockCodec;
import dev.squall.gguf.BlockType;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Products with every block type keep their bound, whatever the shape, the group and the place of the matrix. */
class MatrixKernelsTest {
    private static final int PADDING = 7;

    static Stream<Arguments> shapes() {
        return MatrixProducts.TYPES.stream()
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
                // What Q4_K's minima subtract is of the size of the values themselves.
                double bound = columns * 0x1p-23 * magnitude * (type == BlockType.Q4_K ? 4 : 1);
                assertThat((double) y.get(v * rows + row))
                        .as("vector %d row %d", v, row)
                        .isCloseTo(sum, within(bound));
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
                graph, "t", type, CONTEXT, call, weights, table, x, y, rows, columns, 2, 1, outputsPerInput);
    }

    private static float[] normal(Random random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
