package dev.squall.tornado;

import static dev.squall.tornado.OneTask.CONTEXT;
import static dev.squall.tornado.OneTask.arrays;
import static dev.squall.tornado.OneTask.floats;
import static dev.squall.tornado.OneTask.ints;
import static dev.squall.tornado.OneTask.toJava;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
        OneTask.run(
                rows * group,
                group,
                arrays(y),
                arrays(input, weights, call),
                g -> g.task("t", RowKernels::rmsNorm, CONTEXT, call, weights, input, y, n, stride, 1e-5f, 1));
        for (int row = 0; row < rows; row++) {
            double squares = 0;
            for (int i = 0; i < n; i++) {
                squares += (double) x[row * stride + i] * x[row * stride + i];
            }
            for (int i = 0; i < n; i++) {
                double expected = x[row * stride + i] / Math.sqrt(squares / n + 1e-5f) * parameters[3 + i];
                assertThat((double) y.get(row * stride + i))
                        .isCloseTo(expected, within((n + 8) * 0x1p-24 * Math.abs(expected)));
            }
            for (int i = n; i < stride; i++) {
                assertThat(y.get(row * stride + i)).isZero();
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
                g -> g.task("t", RowKernels::addScaled, CONTEXT, call, input, y, 5, 0.5f));
        FloatArray biases = floats(0, 0, 0, 0, 1, 2, 3, 4, 5);
        OneTask.run(
                15,
                4,
                arrays(y),
                arrays(biases, call),
                g -> g.task("t", RowKernels::addBias, CONTEXT, call, biases, y, 5, 1));
        for (int i = 0; i < 15; i++) {
            float expected = i < 10 ? before[i] + 0.5f * x[i] + (i % 5 + 1) : before[i];
            assertThat(y.get(i)).isCloseTo(expected, within(1e-6f));
        }
    }

    @Test
    void activatesGates() {
        float[] g = {-100, -20, -1.5f, -1e-3f, 0, 1e-3f, 1.5f, 20, 100};
        float[] u = {1, -2, 3, -4, 5, -6, 7, -8, 9};
        FloatArray gate = floats(g);
        FloatArray up = floats(u);
        OneTask.run(9, 4, arrays(gate), arrays(up), t -> t.task("t", RowKernels::swiglu, CONTEXT, gate, up, 9));
        for (int i = 0; i < g.length; i++) {
            double expected = g[i] / (1 + Math.exp(-g[i])) * u[i];
            assertThat((double) gate.get(i)).isCloseTo(expected, within(0x1p-20 * Math.abs(expected) + 1e-30));
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

    @Test
    void clampsGatesAndUpsOfGptOss() {
        float[] g = {-100, -20, -1.5f, 0, 1e-3f, 6.9f, 7.1f, 100, 3};
        float[] u = {1, -2, -8, -4, 5, 6.5f, 8, -8, 100};
        FloatArray gate = floats(g);
        FloatArray up = floats(u);
        OneTask.run(9, 4, arrays(gate), arrays(up), t -> t.task("t", RowKernels::clampedSwiglu, CONTEXT, gate, up, 9));
        for (int i = 0; i < g.length; i++) {
            double clamped = Math.min(g[i], 7);
            double expected = clamped / (1 + Math.exp(-1.702 * clamped)) * (Math.clamp(u[i], -7f, 7f) + 1);
            assertThat((double) gate.get(i)).isCloseTo(expected, within(0x1p-19 * Math.abs(expected) + 1e-30));
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
        float[] x = normal(3 * 32);
        Arrays.fill(x, 32, 64, 0);
        float[] y = blocks(x, 32);
        for (int block = 0; block < 3; block++) {
            float max = 0;
            for (int i = block * 32; i < block * 32 + 32; i++) {
                max = Math.max(max, Math.abs(x[i]));
            }
            float d = Float.float16ToFloat(Float.floatToFloat16(max / 127));
            float inverse = max == 0 ? 0 : 127 / max;
            for (int i = block * 32; i < block * 32 + 32; i++) {
                float expected = (float) Math.rint(x[i] * inverse) * d;
                assertThat(y[i]).isCloseTo(expected, within(1e-6f * d));
            }
        }
    }

    @Test
    void roundsBlocksOf256() {
        float[] x = normal(2 * 256);
        x[17] = -9;
        x[300] = 9;
        float[] y = blocks(x, 256);
        float d = 9f / 127;
        for (int i = 0; i < x.length; i++) {
            assertThat(y[i]).isCloseTo(x[i], within(d * 0.50001f));
            assertThat(y[i] / d).isCloseTo((float) Math.rint(y[i] / d), within(1e-4f));
        }
        assertThat(y[17]).isCloseTo(-9, within(1e-5f));
        assertThat(y[300]).isCloseTo(9, within(1e-5f));
    }

    private static float[] blocks(float[] x, int elements) {
        FloatArray y = new FloatArray(x.length);
        FloatArray input = floats(x);
        int blocks = x.length / elements;
        OneTask.run(
                blocks,
                2,
                arrays(y),
                arrays(input),
                g -> elements == 32
                        ? g.task("t", RoundingKernels::roundBlocksOf32, CONTEXT, input, y, blocks)
                        : g.task("t", RoundingKernels::roundBlocksOf256, CONTEXT, input, y, blocks));
        return toJava(y);
    }
}
