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

/** Rotation, cache and attention against their definitions in double precision. */
class AttentionKernelsTest {
    private static final int POSITIONS_MAX = 200;

    private final Random random = new Random(11);

    private float[] normal(int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @ParameterizedTest
    @CsvSource({"1, 2", "4, 1"})
    void rotatesPairsScalesAndRounds(int step, int distance) {
        int pairs = step == 1 ? 2 : 3;
        int[] firsts = step == 1 ? new int[] {0, 1} : new int[] {0, 4, 8};
        int rows = 2;
        int heads = 3;
        int length = 10;
        float[] angles = normal(rows * 2 * pairs);
        float[] x = normal(rows * heads * length);
        FloatArray y = floats(x);
        FloatArray turns = floats(angles);
        IntArray call = ints(rows);
        OneTask.run(
                rows * heads,
                4,
                arrays(y),
                arrays(turns, call),
                g -> g.task(
                        "t",
                        AttentionKernels::rotateHeads,
                        CONTEXT,
                        call,
                        turns,
                        y,
                        heads,
                        length,
                        pairs,
                        step,
                        distance,
                        0.5f));
        for (int head = 0; head < rows * heads; head++) {
            float[] expected = new float[length];
            System.arraycopy(x, head * length, expected, 0, length);
            for (int pair = 0; pair < pairs; pair++) {
                float cosine = angles[head / heads * 2 * pairs + pair];
                float sine = angles[head / heads * 2 * pairs + pairs + pair];
                int i = firsts[pair];
                float a = expected[i];
                float b = expected[i + distance];
                expected[i] = a * cosine - b * sine;
                expected[i + distance] = a * sine + b * cosine;
            }
            for (int i = 0; i < length; i++) {
                float half = Float.float16ToFloat(Float.floatToFloat16(expected[i] * 0.5f));
                assertThat(y.get(head * length + i)).isCloseTo(half, within(Math.abs(half) * 0x1p-10f));
            }
        }
    }

    @Test
    void storesEachHeadInItsOwnRun() {
        int heads = 2;
        int length = 3;
        float[] x = normal(2 * heads * length);
        FloatArray cache = new FloatArray(2 * heads * POSITIONS_MAX * length);
        FloatArray input = floats(x);
        IntArray call = ints(2, 0, 5, 0, heads * POSITIONS_MAX, 7, 0);
        OneTask.run(
                x.length,
                4,
                arrays(cache),
                arrays(input, call),
                g -> g.task(
                        "t", AttentionKernels::store, CONTEXT, call, input, cache, heads, length, POSITIONS_MAX, 1));
        for (int row = 0; row < 2; row++) {
            for (int head = 0; head < heads; head++) {
                for (int i = 0; i < length; i++) {
                    int at = (((row * heads) + head) * POSITIONS_MAX + (row == 0 ? 5 : 7)) * length + i;
                    float value = x[(row * heads + head) * length + i];
                    assertThat(cache.get(at)).isEqualTo(Float.float16ToFloat(Float.floatToFloat16(value)));
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        // query heads, sharing, key length, value length, last position, first seen, group
        "1, 1, 1, 1, 0, 0, 1",
        "4, 2, 6, 10, 63, 0, 1",
        "4, 4, 8, 5, 64, 0, 8",
        "6, 3, 16, 16, 130, 0, 32",
        "2, 1, 7, 3, 199, 150, 4",
    })
    void attendsToThePositionsThatARowSees(
            int heads, int sharing, int keyLength, int valueLength, int position, int first, int group) {
        int rows = 2;
        int kvHeads = heads / sharing;
        float scale = (float) (1 / Math.sqrt(keyLength));
        float[] q = normal(rows * heads * keyLength);
        float[] k = normal(2 * kvHeads * POSITIONS_MAX * keyLength);
        float[] v = normal(2 * kvHeads * POSITIONS_MAX * valueLength);
        int[] fields = {rows, 0, position, first, kvHeads * POSITIONS_MAX, position / 2, first / 2};
        FloatArray out = new FloatArray(rows * heads * valueLength);
        FloatArray queries = floats(q);
        FloatArray keys = floats(k);
        FloatArray values = floats(v);
        IntArray call = ints(fields);
        OneTask.run(
                rows * heads * group,
                group,
                arrays(out),
                arrays(queries, keys, values, call),
                g -> g.task(
                        "t",
                        AttentionKernels::attend,
                        CONTEXT,
                        call,
                        queries,
                        keys,
                        values,
                        out,
                        heads,
                        sharing,
                        keyLength,
                        valueLength,
                        POSITIONS_MAX,
                        1,
                        scale));
        for (int head = 0; head < rows * heads; head++) {
            int row = head / heads;
            int run = fields[1 + row * 3] + head % heads / sharing * POSITIONS_MAX;
            double[] expected = new double[valueLength];
            double sum = 0;
            for (int p = fields[3 + row * 3]; p <= fields[2 + row * 3]; p++) {
                double dot = 0;
                for (int i = 0; i < keyLength; i++) {
                    dot += (double) q[head * keyLength + i] * k[(run + p) * keyLength + i];
                }
                double weight = Math.exp(dot * scale);
                sum += weight;
                for (int i = 0; i < valueLength; i++) {
                    expected[i] += weight * v[(run + p) * valueLength + i];
                }
            }
            for (int i = 0; i < valueLength; i++) {
                assertThat((double) out.get(head * valueLength + i))
                        .isCloseTo(expected[i] / sum, within((position + keyLength + 1) * 0x1p-22 * 4));
            }
        }
    }
}
