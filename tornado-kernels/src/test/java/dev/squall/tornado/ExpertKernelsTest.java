package dev.squall.tornado;

import static dev.squall.tornado.OneTask.CONTEXT;
import static dev.squall.tornado.OneTask.arrays;
import static dev.squall.tornado.OneTask.floats;
import static dev.squall.tornado.OneTask.ints;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.squall.compute.JvmBackend;
import dev.squall.compute.JvmOracle;
import java.util.Arrays;
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
        for (int row = 0; row < 3; row++) {
            float[] expected = new float[7];
            for (int pair = 3 * row; pair < 3 * row + 3 && row < 2; pair++) {
                float[] output = Arrays.copyOfRange(outputs, 7 * pair, 7 * pair + 7);
                expected = JvmOracle.addScaled(expected, output, weights[pair]);
            }
            assertThat(Arrays.copyOfRange(OneTask.toJava(sum), 7 * row, 7 * row + 7))
                    .containsExactly(expected);
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
        FloatArray table = DecodingTable.create();
        FloatArray input = floats(x);
        FloatArray given = floats(shared);
        IntArray call = ints(2, 0);
        OneTask.run(
                2 * group,
                group,
                arrays(y),
                arrays(parameters, table, input, given, call),
                g -> g.task(
                        "t",
                        ExpertKernels::addGated,
                        CONTEXT,
                        call,
                        parameters,
                        table,
                        input,
                        given,
                        y,
                        width,
                        JvmBackend.lanes(),
                        1));
        for (int row = 0; row < 2; row++) {
            int from = row * width;
            float product = JvmOracle.dot(gate, Arrays.copyOfRange(x, from, from + width));
            float weight = 1 / (JvmOracle.exp(-product) + 1);
            assertThat((double) weight).isCloseTo(1 / (1 + Math.exp(-product)), within(1e-6));
            assertThat(Arrays.copyOfRange(OneTask.toJava(y), from, from + width))
                    .containsExactly(JvmOracle.addScaled(
                            Arrays.copyOfRange(before, from, from + width),
                            Arrays.copyOfRange(shared, from, from + width),
                            weight));
        }
    }
}
