package dev.squall.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class LogisticTest {
    @Test
    void sigmoidIsTheLogisticFunctionInProportion() {
        for (float x = -60; x < 60; x += 0.0137f) {
            double expected = 1 / (1 + Math.exp(-x));
            assertThat(Logistic.sigmoid(x) / expected).as("%s", x).isCloseTo(1, within(1e-5));
        }
    }

    @Test
    void sigmoidIsCertainFarOut() {
        assertThat(Logistic.sigmoid(1e6f)).isEqualTo(1);
        assertThat(Logistic.sigmoid(-1e6f)).isBetween(0f, 1e-30f);
    }

    @Test
    void tanhIsTheHyperbolicTangent() {
        for (float x = -60; x < 60; x += 0.0137f) {
            assertThat(Logistic.tanh(x)).as("%s", x).isCloseTo((float) Math.tanh(x), within(1e-5f));
        }
    }

    @Test
    void logOddsAreThoseOfAProbabilityBetweenAThousandthAndItsRest() {
        for (float p = 1e-6f; p <= 1; p += 1e-4f) {
            double expected = Math.log((p + 1e-3) / (1 - p + 1e-3));
            assertThat(Logistic.logOdds(p)).as("%s", p).isCloseTo((float) expected, within(1e-5f));
        }
        assertThat(Logistic.logOdds(1)).isCloseTo((float) Math.log(1001), within(1e-5f));
    }

    @Test
    void zeroStandsForWhatIsNotKnown() {
        float[] out = new float[2];
        Logistic.logOdds(new float[] {0, 0.5f}, out);
        assertThat(out).containsExactly(0, 0);
    }
}
