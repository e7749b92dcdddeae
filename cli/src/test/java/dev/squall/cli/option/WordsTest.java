package dev.squall.cli.option;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.squall.predict.PolicyName;
import dev.squall.predict.Pooling;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.TypeConversionException;

class WordsTest {
    @Test
    void readsNamesInAnyCase() {
        assertThat(Words.choice(Pooling.class, "Mean")).isEqualTo(Pooling.MEAN);
        assertThat(Words.policy("LRU")).isEqualTo(PolicyName.LRU);
        assertThat(Words.policy("MoE-Infinity")).isEqualTo(PolicyName.MOE_INFINITY);
    }

    @Test
    void readsWholeNumbersUpToTheirBounds() {
        assertThat(Words.wholeNumber("+9223372036854775807", 0, Long.MAX_VALUE)).isEqualTo(Long.MAX_VALUE);
        assertThatThrownBy(() -> Words.wholeNumber("9223372036854775808", 0, Long.MAX_VALUE))
                .isInstanceOf(TypeConversionException.class)
                .hasMessage("'9223372036854775808', expected 0 to 9223372036854775807");
        assertThatThrownBy(() -> Words.wholeNumber("1e3", 0, 2000))
                .isInstanceOf(TypeConversionException.class)
                .hasMessage("'1e3' is no whole number");
    }
}
