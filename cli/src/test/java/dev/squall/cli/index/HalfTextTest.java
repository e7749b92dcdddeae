package dev.squall.cli.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class HalfTextTest {
    private final HalfText halves = new HalfText();

    private String text(int half) {
        return new String(halves.of((short) half), StandardCharsets.US_ASCII);
    }

    @Test
    void everyHalfIsReadBackAsFloatAndAsDouble() {
        for (int half = 0; half < 1 << 16; half++) {
            float value = Float.float16ToFloat((short) half);
            if (Float.isFinite(value) && half != 0x8000) {
                String text = text(half);
                assertThat(Float.floatToFloat16(Float.parseFloat(text)))
                        .as(text)
                        .isEqualTo((short) half);
                assertThat(Float.floatToFloat16((float) Double.parseDouble(text)))
                        .as(text)
                        .isEqualTo((short) half);
                assertThat(text.replaceAll("E.*|[-.]", "").replaceFirst("^0+", ""))
                        .as(text)
                        .hasSizeLessThan(6);
            }
        }
    }

    @Test
    void writesWhatAPersonWouldAndJsonAllows() {
        assertThat(text(Float.floatToFloat16(0.1f))).isEqualTo("0.1");
        assertThat(text(Float.floatToFloat16(-0.25f))).isEqualTo("-0.25");
        assertThat(text(Float.floatToFloat16(1))).isEqualTo("1");
        assertThat(text(Float.floatToFloat16(60000))).isEqualTo("60000");
        assertThat(text(1)).isEqualTo("6E-8");
        assertThat(text(0)).isEqualTo("0");
        assertThat(text(0x8000)).as("minus zero").isEqualTo("0");
    }

    @Test
    void refusesWhatJsonHasNoNumberFor() {
        assertThatThrownBy(() -> text(0x7c00)).hasMessageContaining("Infinity, expected a finite number");
        assertThatThrownBy(() -> text(0x7e00)).hasMessageContaining("NaN, expected a finite number");
    }
}
