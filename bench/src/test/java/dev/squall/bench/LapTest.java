package dev.squall.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LapTest {
    @Test
    void lineOfALapGivesTheLapBack() {
        Lap lap = Lap.parse(new Lap(12, 3_000_000_000L, new int[] {5, 0, 31_999}).line());

        assertThat(lap.prefillNanos()).isEqualTo(12);
        assertThat(lap.decodeNanos()).isEqualTo(3_000_000_000L);
        assertThat(lap.likeliest()).containsExactly(5, 0, 31_999);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "12", "12 13", "12 13 x", "Exception in thread \"main\""})
    void anythingElseOnStdoutIsRefused(String line) {
        assertThatThrownBy(() -> Lap.parse(line))
                .isInstanceOf(BenchException.class)
                .hasMessageStartingWith("lap '" + line + "'");
    }

    @Test
    void tokensDependOnTheSeedAndStayInTheVocabulary() {
        assertThat(Lap.tokens(3, 1000, 7)).hasSize(1000).containsExactly(Lap.tokens(3, 1000, 7));
        assertThat(Lap.tokens(3, 1000, 7)).isNotEqualTo(Lap.tokens(4, 1000, 7));
        assertThat(Lap.tokens(3, 1000, 7)).containsOnly(0, 1, 2, 3, 4, 5, 6);
    }

    @Test
    void agreementCountsEqualSteps() {
        Lap ours = new Lap(1, 1, new int[] {1, 2, 3, 4});

        assertThat(ours.agreement(new Lap(9, 9, new int[] {1, 0, 3, 0}))).isEqualTo(2);
    }

    @Test
    void spreadTakesTheMiddleOfTheSorted() {
        assertThat(Spread.of(3, 1, 2)).isEqualTo(new Spread(2, 1, 3));
        assertThat(Spread.of(4, 1, 2, 3)).isEqualTo(new Spread(2.5, 1, 4));
        assertThat(Spread.of(1)).hasToString("1.0 (1.0-1.0)");
        assertThatThrownBy(Spread::of).isInstanceOf(BenchException.class);
    }
}
