package dev.squall.tornado;

import static dev.squall.tornado.OneTask.CONTEXT;
import static dev.squall.tornado.OneTask.arrays;
import static dev.squall.tornado.OneTask.floats;
import static dev.squall.tornado.OneTask.ints;
import static org.assertj.core.api.Assertions.assertThat;

import dev.squall.compute.ActivationPrecision;
import dev.squall.compute.JvmBackend;
import dev.squall.compute.JvmOracle;
import java.util.Arrays;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Rotation, cache and attention have the bits of the JVM's. */
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

    /** Numbers that half precision holds, as keys, values and queries are. */
    private float[] halves(int n) {
        return JvmOracle.round(ActivationPrecision.FLOAT16, normal(n));
    }

    private static IntArray call(int rows, int... ofRows) {
        IntArray call = new IntArray(CallField.COUNT + ofRows.length);
        call.set(CallField.ROWS, rows);
        for (int i = 0; i < ofRows.length; i++) {
            call.set(CallField.COUNT + i, ofRows[i]);
        }
        return call;
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 2", "3, 2, 1"})
    void turnsAPartOfEachVectorAndLeavesTheRest(int perRow, int step, int distance) {
        int pairs = 2;
        int first = 5;
        int length = first + 2 * pairs;
        float[] angles = normal(3 * 2 * pairs);
        float[] x = normal(3 * perRow * length);
        FloatArray y = floats(x);
        FloatArray turns = floats(angles);
        IntArray call = ints(2);
        OneTask.run(
                3 * perRow,
                4,
                arrays(y),
                arrays(turns, call),
                g -> g.task(
                        "t",
                        AttentionKernels::turnParts,
                        CONTEXT,
                        call,
                        turns,
                        y,
                        perRow,
                        length,
                        first,
                        pairs,
                        step,
                        distance));
        float[] expected = x.clone();
        for (int vector = 0; vector < 2 * perRow; vector++) {
            for (int pair = 0; pair < pairs; pair++) {
                float cosine = angles[vector / perRow * 2 * pairs + pair];
                float sine = angles[vector / perRow * 2 * pairs + pairs + pair];
                int i = vector * length + first + pair * step;
                expected[i] = Math.fma(x[i], cosine, -(x[i + distance] * sine));
                expected[i + distance] = Math.fma(x[i], sine, x[i + distance] * cosine);
            }
        }
        assertThat(OneTask.toJava(y)).containsExactly(expected);
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
                expected[i] = Math.fma(a, cosine, -(b * sine));
                expected[i + distance] = Math.fma(a, sine, b * cosine);
            }
            for (int i = 0; i < length; i++) {
                float half = Float.float16ToFloat(Float.floatToFloat16(expected[i] * 0.5f));
                assertThat(y.get(head * length + i)).isEqualTo(half);
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
        IntArray call = call(2, 0, 5, 0, heads * POSITIONS_MAX, 7, 0);
        OneTask.run(
                x.length,
                4,
                arrays(cache),
                arrays(input, call),
                g -> g.task("t", AttentionKernels::store, CONTEXT, call, input, cache, heads, length, POSITIONS_MAX));
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
        // query heads, sharing, key length, value length, last position, first seen, group, sinks
        "1, 1, 1, 1, 0, 0, 1, false",
        "4, 2, 6, 10, 63, 0, 1, true",
        "4, 4, 8, 5, 64, 0, 8, false",
        "6, 3, 16, 16, 130, 0, 32, true",
        "2, 1, 7, 3, 199, 150, 4, false",
        "2, 1, 7, 3, 199, 199, 4, true",
    })
    void attendsToThePositionsThatARowSees(
            int heads, int sharing, int keyLength, int valueLength, int position, int first, int group, boolean sinks) {
        int kvHeads = heads / sharing;
        float[] k = halves(2 * kvHeads * POSITIONS_MAX * keyLength);
        float[] v = halves(2 * kvHeads * POSITIONS_MAX * valueLength);
        attend(heads, sharing, keyLength, valueLength, valueLength, position, first, group, sinks, k, v);
    }

    @ParameterizedTest
    @CsvSource({"1, 3, 2, 70, 1", "5, 24, 16, 130, 8"})
    void takesValuesFromTheBeginningOfKeys(int heads, int keyLength, int valueLength, int position, int group) {
        float[] k = halves(2 * POSITIONS_MAX * keyLength);
        attend(heads, heads, keyLength, valueLength, keyLength, position, 0, group, false, k, null);
    }

    private void attend(
            int heads,
            int sharing,
            int keyLength,
            int valueLength,
            int valueStride,
            int position,
            int first,
            int group,
            boolean sinks,
            float[] k,
            float @Nullable [] ownValues) {
        int rows = 2;
        int kvHeads = heads / sharing;
        float scale = (float) (1 / Math.sqrt(keyLength));
        float[] v = ownValues == null ? k : ownValues;
        float[] q = halves(rows * heads * keyLength);
        float[] parameters = normal(3 + heads);
        if (!sinks) {
            Arrays.fill(parameters, -3.4e38f);
        }
        int[] ofRows = {0, position, first, kvHeads * POSITIONS_MAX, position / 2, first / 2};
        FloatArray out = new FloatArray(rows * heads * valueLength);
        FloatArray weights = new FloatArray(rows * heads * POSITIONS_MAX);
        FloatArray queries = floats(q);
        FloatArray keys = floats(k);
        FloatArray values = ownValues == null ? keys : floats(v);
        FloatArray logits = floats(parameters);
        FloatArray table = DecodingTable.create();
        IntArray call = call(rows, ofRows);
        call.set(CallField.SINKS, 3);
        OneTask.run(
                rows * heads * group,
                group,
                arrays(weights),
                arrays(logits, table, queries, keys, call),
                g -> g.task(
                        "t",
                        AttentionKernels::weighPositions,
                        CONTEXT,
                        call,
                        logits,
                        table,
                        queries,
                        keys,
                        weights,
                        heads,
                        sharing,
                        keyLength,
                        POSITIONS_MAX,
                        JvmBackend.lanes(),
                        scale));
        OneTask.run(
                rows * heads * valueLength + 3,
                4,
                arrays(out),
                arrays(weights, values, call),
                g -> g.task(
                        "t",
                        AttentionKernels::mixValues,
                        CONTEXT,
                        call,
                        weights,
                        values,
                        out,
                        heads,
                        sharing,
                        valueLength,
                        valueStride,
                        POSITIONS_MAX));
        for (int head = 0; head < rows * heads; head++) {
            int row = head / heads;
            int from = ofRows[2 + row * 3];
            int positions = ofRows[1 + row * 3] + 1 - from;
            int run = ofRows[row * 3] + head % heads / sharing * POSITIONS_MAX + from;
            float[] ownKeys = Arrays.copyOfRange(k, run * keyLength, (run + positions) * keyLength);
            float[] mixed = new float[positions * valueLength];
            for (int p = 0; p < positions; p++) {
                System.arraycopy(v, (run + p) * valueStride, mixed, p * valueLength, valueLength);
            }
            float[] query = Arrays.copyOfRange(q, head * keyLength, (head + 1) * keyLength);
            Float sink = sinks ? parameters[3 + head % heads] : null;
            assertThat(Arrays.copyOfRange(OneTask.toJava(out), head * valueLength, (head + 1) * valueLength))
                    .as("head %d", head)
                    .containsExactly(JvmOracle.attend(query, ownKeys, mixed, valueLength, scale, sink));
        }
    }
}
