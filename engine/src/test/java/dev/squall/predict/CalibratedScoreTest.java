package dev.squall.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class CalibratedScoreTest {
    /** A bias and a signal, for two experts: one is surely used by the signal, the other doubtfully. */
    private static final float[] SIGNALS = {1, 1, 3, -1};

    private final CalibratedScore score = new CalibratedScore(new double[] {0, 1}, 0.1);
    private final float[] said = new float[2];

    @Test
    void beginsWithTheWeightsItIsGiven() {
        score.probabilities(SIGNALS, said);
        assertThat(said[0]).isCloseTo((float) (1 / (1 + Math.exp(-3))), within(1e-5f));
        assertThat(said[1]).isCloseTo((float) (1 / (1 + Math.exp(1))), within(1e-5f));
    }

    @Test
    void learnsHowFarASignalCanBeTrusted() {
        Random random = new Random(5);
        for (int i = 0; i < 20_000; i++) {
            float[] happened = {random.nextDouble() < 0.6 ? 1 : 0, random.nextDouble() < 0.3 ? 1 : 0};
            score.learn(SIGNALS, happened, said);
        }
        score.probabilities(SIGNALS, said);
        assertThat(said[0]).isCloseTo(0.6f, within(0.04f));
        assertThat(said[1]).isCloseTo(0.3f, within(0.04f));
    }
}
