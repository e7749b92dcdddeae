package dev.squall.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import dev.squall.compute.JvmOracle;
import java.util.Random;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** What kernels compute with has the JVM's bits. */
class DeviceMathTest {
    static void inverseRoots(KernelContext context, FloatArray x, FloatArray y, int step) {
        for (int i = context.globalIdx * step; i < (context.globalIdx + 1) * step; i++) {
            y.set(i, DeviceMath.inverseRoot(x.get(i)));
        }
    }

    static void exponentials(KernelContext context, FloatArray table, FloatArray x, FloatArray y) {
        int i = context.globalIdx;
        y.set(i, DeviceMath.exp(x.get(i), table));
    }

    @Test
    void everyInverseRootIsTheNearestFloat() {
        int part = 1 << 20;
        for (int first = 0; first < 1 << 24; first += part) {
            // Two binades hold every fraction of every other one; scaled, for norms are of all sizes.
            float scale = Math.scalb(1f, 2 * (first / part) - 16);
            float[] x = new float[part];
            for (int i = 0; i < part; i++) {
                x[i] = Float.intBitsToFloat(0x3f800000 + first + i) * scale;
            }
            FloatArray y = new FloatArray(part);
            FloatArray input = OneTask.floats(x);
            OneTask.runUnwatched(
                    part / 1024,
                    1,
                    OneTask.arrays(y),
                    OneTask.arrays(input),
                    g -> g.task("t", DeviceMathTest::inverseRoots, OneTask.CONTEXT, input, y, 1024));
            for (int i = 0; i < part; i++) {
                float expected = (float) (1 / Math.sqrt(x[i]));
                if (y.get(i) != expected) {
                    assertThat(y.get(i)).as("1 / sqrt(%s)", x[i]).isEqualTo(expected);
                }
            }
        }
    }

    static void quotients(
            KernelContext context, FloatArray a, FloatArray b, FloatArray q, FloatArray reciprocals, FloatArray y) {
        int i = context.globalIdx;
        y.set(i, DeviceMath.refine(a.get(i), b.get(i), q.get(i), reciprocals.get(i)));
    }

    /** Of a device that divides as badly as it may. */
    @Test
    void quotientsThatAreThreeUnitsOffBecomeTheNearestFloat() {
        int n = 1 << 20;
        Random random = new Random(17);
        float[][] given = new float[4][n];
        for (int i = 0; i < n; i++) {
            float a = random.nextInt(1 << 23, 1 << 24) * (i % 2 - 0.5f);
            float b = i % 8 == 0 ? 127 : random.nextInt(1 << 23, 1 << 24) * 0x1p-10f;
            float q = a / b;
            float reciprocal = 1 / b;
            given[0][i] = a;
            given[1][i] = b;
            given[2][i] = q + random.nextInt(-3, 4) * Math.ulp(q);
            given[3][i] = reciprocal + random.nextInt(-3, 4) * Math.ulp(reciprocal);
        }
        FloatArray a = OneTask.floats(given[0]);
        FloatArray b = OneTask.floats(given[1]);
        FloatArray q = OneTask.floats(given[2]);
        FloatArray reciprocals = OneTask.floats(given[3]);
        FloatArray y = new FloatArray(n);
        OneTask.runUnwatched(
                n,
                1,
                OneTask.arrays(y),
                OneTask.arrays(a, b, q, reciprocals),
                g -> g.task("t", DeviceMathTest::quotients, OneTask.CONTEXT, a, b, q, reciprocals, y));
        for (int i = 0; i < n; i++) {
            float expected = given[0][i] / given[1][i];
            if (y.get(i) != expected) {
                assertThat(y.get(i))
                        .as("%s / %s from %s", given[0][i], given[1][i], given[2][i])
                        .isEqualTo(expected);
            }
        }
    }

    @Test
    void exponentialsAreThoseOfTheJvm() {
        float[] x = new float[200_000];
        for (int i = 0; i < x.length; i++) {
            x[i] = i < 4 ? new float[] {-87.3f, Math.nextDown(-87.3f), 100, -1e30f}[i] : (i - 100_000) * 0x1.6p-10f;
        }
        FloatArray y = new FloatArray(x.length);
        FloatArray input = OneTask.floats(x);
        FloatArray table = DecodingTable.create();
        OneTask.run(
                x.length,
                32,
                OneTask.arrays(y),
                OneTask.arrays(table, input),
                g -> g.task("t", DeviceMathTest::exponentials, OneTask.CONTEXT, table, input, y));
        for (int i = 0; i < x.length; i++) {
            float expected = JvmOracle.exp(x[i]);
            if (y.get(i) != expected) {
                assertThat(y.get(i)).as("exp(%s)", x[i]).isEqualTo(expected);
            }
        }
    }
}
