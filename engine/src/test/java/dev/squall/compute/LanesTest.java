package dev.squall.compute;

import static dev.squall.compute.VectorMath.INTS;
import static dev.squall.compute.VectorMath.LANES;
import static org.assertj.core.api.Assertions.assertThat;

import jdk.incubator.vector.IntVector;
import org.junit.jupiter.api.Test;

class LanesTest {
    @Test
    void everyHalfPrecisionFloatInTheLowerHalfOfAnIntegerIsTheFloatThatJavaMakesOfIt() {
        int[] bits = new int[LANES];
        for (int half = 0; half < 1 << 16; half += LANES) {
            for (int lane = 0; lane < LANES; lane++) {
                bits[lane] = half + lane | 0xabcd_0000;
            }
            float[] floats =
                    Lanes.lowerHalves(IntVector.fromArray(INTS, bits, 0)).toArray();
            for (int lane = 0; lane < LANES; lane++) {
                float expected = Float.float16ToFloat((short) (half + lane));
                assertThat(Float.floatToIntBits(floats[lane])).isEqualTo(Float.floatToIntBits(expected));
            }
        }
    }
}
