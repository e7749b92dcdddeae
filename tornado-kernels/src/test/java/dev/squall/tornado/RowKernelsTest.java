package dev.squall.tornado;

import static dev.squall.tornado.OneTask.CONTEXT;
import static dev.squall.tornado.OneTask.arrays;
import static dev.squall.tornado.OneTask.floats;
import static dev.squall.tornado.OneTask.ints;
import static dev.squall.tornado.OneTask.toJava;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.squall.compute.ActivationPrecision;
import dev.squall.compute.JvmBackend;
import dev.squall.compute.JvmOracle;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** What is done to rows between products: norms, sums, activation, rounding. */
class RowKernelsTest {
    private final Random random = new Random(5);

    private float[] normal(int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1, 1", "1, 7, 9, 4", "3, 33, 33, 1", "5, 96, 112, 32", "2, 257, 257, 64"})
    void normalisesEachRowByItself(int rows, int n, int stride, int group) {
        float[] x = normal(rows * stride);
        float[] parameters = normal(n + 3);
        FloatArray y = new FloatArray(rows * stride);
        FloatArray input = floats(x);
        FloatArray weights = floats(parameters);
        IntArray call = ints(rows, 3);
        int lanes = JvmBackend.lanes();
        OneTask.run(
                rows * group,
                group,
                arrays(y),
                arrays(input, weights, call),
                g -> g.task("t", RowKernels::rmsNorm, CONTEXT, call, weights, input, y, n, stride, lanes, 1e-5f, 1));
        float[] normed = toJava(y);
        float[] weight = Arrays.copyOfRange(parameters, 3, 3 + n);
        for (int row = 0; row < rows; row++) {
            float[] vector = Arrays.copyOfRange(x, row * stride, row * stride + n);
            assertThat(Arrays.copyOfRange(normed, row * stride, row * stride + n))
                    .containsExactly(JvmOracle.rmsNorm(vector, weight, 1e-5f));
            for (int i = n; i < stride; i++) {
                assertThat(normed[row * stride + i]).isZero();
            }
        }
    }

    @Test
    void addsBiasesAndScaledRowsToAsManyRowsAsTheCallHas() {
        float[] x = normal(3 * 5);
        float[] before = normal(3 * 5);
        FloatArray y = floats(before);
        FloatArray input = floats(x);
        IntArray call = ints(2, 4);
        OneTask.run(
                15,
                4,
                arrays(y),
                arrays(input, call),
                g -> g.task("t", RowKernels::addScaled, CONTEXT, call, input, y, 5, 0.3f));
        float[] scaled = JvmOracle.addScaled(before, x, 0.3f);
        FloatArray biases = floats(0, 0, 0, 0, 1, 2, 3, 4, 5);
        OneTask.run(
                15,
                4,
                arrays(y),
                arrays(biases, call),
                g -> g.task("t", RowKernels::addBias, CONTEXT, call, biases, y, 5, 1));
        for (int i = 0; i < 15; i++) {
            float expected = i < 10 ? scaled[i] + (i % 5 + 1) : before[i];
            assertThat(y.get(i)).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void activatesGates(boolean clamped) {
        int n = 20_000;
        float[] g = new float[n];
        float[] u = normal(n);
        for (int i = 0; i < n; i++) {
            g[i] = i < 6 ? new float[] {-100, 100, 0, 7.1f, -87.3f, 88.4f}[i] : u[(i * 7) % n] * (i % 13);
        }
        FloatArray gate = floats(g);
        FloatArray up = floats(u);
        FloatArray table = DecodingTable.create();
        OneTask.run(
                n,
                4,
                arrays(gate),
                arrays(up, table),
                t -> clamped
                        ? t.task("t", RowKernels::clampedSwiglu, CONTEXT, table, gate, up, n)
                        : t.task("t", RowKernels::swiglu, CONTEXT, table, gate, up, n));
        float[] expected = JvmOracle.swiglu(g, u, clamped);
        for (int i = 0; i < n; i++) {
            assertThat(gate.get(i) + 0f).as("%s, %s", g[i], u[i]).isEqualTo(expected[i] + 0f);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "3, 7, 4", "2, 5, 40"})
    void collectsARowAndTheLogitsOfAll(int rows, int width, int expertCount) {
        float[] x = normal(3 * width);
        float[] l = normal(3 * expertCount);
        FloatArray to = new FloatArray(width + 3 * expertCount);
        FloatArray hidden = floats(x);
        FloatArray logits = floats(l);
        IntArray call = ints(rows, rows - 1);
        OneTask.run(
                rows * Math.max(width, expertCount),
                4,
                arrays(to),
                arrays(hidden, logits, call),
                g -> g.task("t", RowKernels::collect, CONTEXT, call, hidden, logits, to, width, expertCount, 1));
        for (int i = 0; i < width; i++) {
            assertThat(to.get(i)).isEqualTo(x[(rows - 1) * width + i]);
        }
        for (int i = 0; i < 3 * expertCount; i++) {
            assertThat(to.get(width + i)).isEqualTo(i < rows * expertCount ? l[i] : 0);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1, 0, 1, 0, 1", "4, 1, 9, 2, 7, 1, 5", "6, 3, 5, 1, 4, 3, 1", "3, 3, 33, 16, 33, 0, 17"})
    void copiesPartsOfVectors(
            int perRow, int sharing, int fromStride, int fromFirst, int toStride, int toFirst, int count) {
        int rows = 2;
        float[] x = normal(3 * perRow / sharing * fromStride);
        FloatArray y = new FloatArray(3 * perRow * toStride);
        FloatArray input = floats(x);
        IntArray call = ints(rows);
        OneTask.run(
                3 * perRow * count,
                4,
                arrays(y),
                arrays(input, call),
                g -> g.task(
                        "t",
                        RowKernels::copyParts,
                        CONTEXT,
                        call,
                        input,
                        y,
                        perRow,
                        sharing,
                        fromStride,
                        fromFirst,
                        toStride,
                        toFirst,
                        count));
        for (int i = 0; i < y.getSize(); i++) {
            int vector = i / toStride;
            int element = i % toStride - toFirst;
            boolean isWritten = vector < rows * perRow && element >= 0 && element < count;
            float expected = isWritten ? x[vector / sharing * fromStride + fromFirst + element] : 0;
            assertThat(y.get(i)).as("element %d", i).isEqualTo(expected);
        }
    }

    @Test
    void roundsToEveryBfloatAndBetweenThem() {
        int first = 0x0480;
        int count = 0x7F00 - first;
        float[] x = new float[4 * count];
        for (int i = 0; i < count; i++) {
            int bits = (first + i) << 16;
            x[4 * i] = Float.intBitsToFloat(bits);
            x[4 * i + 1] = -Float.intBitsToFloat(bits | 0x7fff);
            x[4 * i + 2] = Float.intBitsToFloat(bits | 0x8000);
            x[4 * i + 3] = -Float.intBitsToFloat(bits | 0x8001);
        }
        FloatArray y = new FloatArray(x.length);
        FloatArray input = floats(x);
        OneTask.run(
                x.length,
                32,
                arrays(y),
                arrays(input),
                g -> g.task("t", RoundingKernels::roundToBfloat, CONTEXT, input, y, x.length));
        for (int i = 0; i < x.length; i++) {
            int up = (first + i / 4) & 1;
            int expected = (first + i / 4 + new int[] {0, 0, up, 1}[i % 4]) << 16;
            assertThat(Math.abs(y.get(i))).as("%s", x[i]).isEqualTo(Float.intBitsToFloat(expected));
            assertThat(Math.signum(y.get(i))).isEqualTo(Math.signum(x[i]));
        }
    }

    @Test
    void roundsToEveryHalfAndBetweenThem() {
        int count = 2 * 0x7BFF;
        float[] x = new float[2 * count];
        for (int i = 0; i < count; i++) {
            float low = Float.float16ToFloat((short) (i / 2));
            float high = Float.float16ToFloat((short) (i / 2 + 1));
            x[i] = i % 2 == 0 ? low : (low + high) / 2;
            x[count + i] = i % 2 == 0 ? -low : -Math.nextUp((low + high) / 2);
        }
        FloatArray y = new FloatArray(x.length);
        FloatArray input = floats(x);
        OneTask.run(
                x.length,
                32,
                arrays(y),
                arrays(input),
                g -> g.task("t", RoundingKernels::roundToHalf, CONTEXT, input, y, x.length));
        for (int i = 0; i < x.length; i++) {
            float expected = Float.float16ToFloat(Float.floatToFloat16(x[i]));
            assertThat(y.get(i) + 0f).as("%s", x[i]).isEqualTo(expected + 0f);
        }
    }

    @Test
    void roundsBlocksOf32() {
        int blocks = 500;
        float[] x = normal(blocks * 32);
        Arrays.fill(x, 32, 64, 0);
        FloatArray y = new FloatArray(x.length);
        FloatArray input = floats(x);
        OneTask.run(
                blocks,
                2,
                arrays(y),
                arrays(input),
                g -> g.task("t", RoundingKernels::roundBlocksOf32, CONTEXT, input, y, blocks));
        float[] expected = JvmOracle.round(ActivationPrecision.BLOCKS_OF_32, x);
        for (int i = 0; i < x.length; i++) {
            assertThat(y.get(i) + 0f).isEqualTo(expected[i] + 0f);
        }
    }

    @Test
    void roundsBlocksOf256ToWholeNumbersWithTheirSumsAndTheirScale() {
        int blocks = 3;
        float[] x = normal(blocks * 256);
        x[17] = -9;
        x[300] = 9;
        Arrays.fill(x, 512, 768, 0);
        FloatArray y = new FloatArray(x.length);
        FloatArray headers = new FloatArray(blocks * RoundingKernels.HEADER);
        FloatArray input = floats(x);
        OneTask.run(
                blocks,
                2,
                arrays(y, headers),
                arrays(input),
                g -> g.task("t", RoundingKernels::roundBlocksOf256, CONTEXT, input, y, headers, blocks));
        for (int block = 0; block < blocks; block++) {
            int header = block * RoundingKernels.HEADER;
            float[] vector = Arrays.copyOfRange(x, block * 256, block * 256 + 256);
            float[] expected = JvmOracle.round(ActivationPrecision.BLOCKS_OF_256, vector);
            float[] actual = Arrays.copyOfRange(toJava(y), block * 256, block * 256 + 256);
            float[] sums = new float[16];
            for (int i = 0; i < 256; i++) {
                assertThat(actual[i] * headers.get(header + RoundingKernels.SCALE))
                        .isCloseTo(vector[i], within(9f / 127 * 0.50001f));
                sums[i / 16] += actual[i];
            }
            Arrays.sort(expected);
            Arrays.sort(actual);
            for (int i = 0; i < 256; i++) {
                assertThat(actual[i] + 0f).isEqualTo(expected[i] + 0f);
            }
            for (int i = 0; i < 16; i++) {
                assertThat(headers.get(header + i)).isEqualTo(sums[i]);
            }
        }
        assertThat(y.get(17)).isEqualTo(-127);
        assertThat(y.get(300)).isEqualTo(-127);
        assertThat(headers.get(RoundingKernels.SCALE)).isEqualTo(1 / (-127 / -9f));
        assertThat(headers.get(RoundingKernels.HEADER + RoundingKernels.SCALE)).isEqualTo(1 / (-127 / 9f));
    }
}
