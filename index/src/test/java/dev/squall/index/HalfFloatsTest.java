package dev.squall.index;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HalfFloatsTest {
    /** All halves are numbers that come back as they are. */
    private static float[] halves(int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (i % 2 == 0 ? 1 : -1) * (i % 2048) / 1024f;
        }
        return values;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 511, 512, 513, 1300})
    void givesBackWhatItTook(int n) {
        assertThat(HalfFloats.decoded(HalfFloats.encode(halves(n)))).containsExactly(halves(n));
    }

    @Test
    void decodesAPartToAPlace() {
        byte[] bytes = new byte[6 + 2 * 1300];
        byte[] encoded = HalfFloats.encode(halves(1300));
        System.arraycopy(encoded, 0, bytes, 6, encoded.length);
        float[] out = new float[1200];
        HalfFloats.decode(bytes, 6, 100, 1100, out, 50);
        for (int i = 0; i < out.length; i++) {
            float expected = i < 50 || i >= 1150 ? 0 : halves(1300)[100 + i - 50];
            assertThat(out[i]).as("number %d", i).isEqualTo(expected);
        }
    }
}
