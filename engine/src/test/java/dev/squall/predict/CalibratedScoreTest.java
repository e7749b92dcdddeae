package dev.squall.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class CalibratedScoreTest {
    @Test
    void learnsHowFarASignalCanBeTrusted() {
        CalibratedScore score = new CalibratedScore(new double[] {0, 1}, 0.1);
        Random random = new Random(5);
        double[] sure = {1, 3};
        double[] doubtful = {1, -1};
        assertThat(score.probability(sure, 0)).isGreaterThan(0.95);
        for (int i = 0; i < 20_000; i++) {
            boolean isSure = random.nextBoolean();
            score.learn(isSure ? sure : doubtful, 0, random.nextDouble() < (isSure ? 0.6 : 0.3));
        }
        assertThat(score.probability(sure, 0)).isCloseTo(0.6, within(0.04));
        assertThat(score.probability(doubtful, 0)).isCloseTo(0.3, within(0.04));
    }
}
