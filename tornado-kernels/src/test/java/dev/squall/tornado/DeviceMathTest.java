package dev.squall.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import dev.squall.compute.JvmOracle;
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
