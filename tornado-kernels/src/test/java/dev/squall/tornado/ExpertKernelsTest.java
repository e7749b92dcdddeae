package dev.squall.tornado;

import static dev.squall.tornado.OneTask.CONTEXT;
import static dev.squall.tornado.OneTask.arrays;
import static dev.squall.tornado.OneTask.floats;
import static dev.squall.tornado.OneTask.ints;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The router, the sum of experts, a gated shared expert, and the choice of a token. */
class ExpertKernelsTest {
    private final Random random = new Random(23);

    private float[] normal(int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @Test
    void sumsExpertsByTheirWeights() {
        float[] outputs = normal(2 * 3 * 7);
        float[] weights = normal(2 * 3);
        FloatArray sum = new FloatArray(3 * 7);
        FloatArray given = floats(outputs);
        FloatArray by = floats(weights);
        IntArray call = ints(2);
        OneTask.run(
                3 * 7,
                4,
                arrays(sum),
                arrays(given, by, call),
                g -> g.task("t", ExpertKernels::sumExperts, CONTEXT, call, given, by, sum, 7, 3));
        for (int i = 0; i < 3 * 7; i++) {
            double expected = 0;
            for (int rank = 0; rank < 3 && i < 2 * 7; rank++) {
                expected += (double) weights[i / 7 * 3 + rank] * outputs[(i / 7 * 3 + rank) * 7 + i % 7];
            }
            assertThat((double) sum.get(i)).isCloseTo(expected, within(1e-5));
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "7, 3"})
    void addsToEachPairTheBiasOfItsExpert(int width, int used) {
        int experts = 5;
        float[] biases = normal(2 + experts * width);
        float[] before = normal(3 * used * width);
        FloatArray y = floats(before);
        FloatArray parameters = floats(biases);
        int[] chosen = new int[1 + 3 * used];
        for (int pair = 0; pair < 3 * used; pair++) {
            chosen[1 + pair] = (pair * 3 + 1) % experts;
        }
        IntArray places = ints(chosen);
        IntArray call = ints(2, 2);
        OneTask.run(
                3 * used * width,
                4,
                arrays(y),
                arrays(parameters, places, call),
                g -> g.task(
                        "t", ExpertKernels::addExpertBias, CONTEXT, call, places, parameters, y, width, used, 1, 1));
        for (int i = 0; i < before.length; i++) {
            float bias = i < 2 * used * width ? biases[2 + chosen[1 + i / width] * width + i % width] : 0;
            assertThat(y.get(i)).isEqualTo(before[i] + bias);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "33, 8"})
    void weighsASharedExpertByItsGate(int width, int group) {
        float[] gate = normal(width);
        float[] x = normal(2 * width);
        float[] shared = normal(2 * width);
        float[] before = normal(2 * width);
        FloatArray y = floats(before);
        FloatArray parameters = floats(gate);
        FloatArray input = floats(x);
        FloatArray given = floats(shared);
        IntArray call = ints(2, 0);
        OneTask.run(
                2 * group,
                group,
                arrays(y),
                arrays(parameters, input, given, call),
                g -> g.task("t", ExpertKernels::addGated, CONTEXT, call, parameters, input, given, y, width, 1));
        for (int i = 0; i < 2 * width; i++) {
            double product = 0;
            for (int j = 0; j < width; j++) {
                product += (double) gate[j] * x[i / width * width + j];
            }
            double expected = before[i] + shared[i] / (1 + Math.exp(-product));
            assertThat((double) y.get(i)).isCloseTo(expected, within(1e-5));
        }
    }
}
