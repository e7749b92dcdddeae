package dev.squall.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LearnedRoutersTest {
    private static final MapShape SHAPE = new MapShape(3, 4, 1, 16);

    private final LearnedRouters routers = new LearnedRouters(SHAPE, 8);
    private final float[] hidden = new float[16];

    /** The log-odds of 85 % for one and 5 % for the others. */
    private static float[] mostly(int expert) {
        float[] odds = new float[4];
        Arrays.fill(odds, Logistic.logOdds(0.05f));
        odds[expert] = Logistic.logOdds(0.85f);
        return odds;
    }

    private static float[] only(int expert) {
        float[] used = new float[4];
        used[expert] = 1;
        return used;
    }

    /** A hidden state that stands for a number. */
    private float[] state(int number) {
        SplittableRandom random = new SplittableRandom(number);
        for (int i = 0; i < hidden.length; i++) {
            hidden[i] = (float) random.nextDouble(-1, 1);
        }
        MapVectors.toUnitMeanSquare(hidden, 0, hidden.length);
        return hidden;
    }

    private static int largest(float[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            best = values[i] > values[best] ? i : best;
        }
        return best;
    }

    @Test
    void beginsAsTheRouterAhead() {
        routers.observe(0, state(1), 8);
        routers.set(0, 2, 0, mostly(3), 0);
        routers.set(0, 2, 1, mostly(1), 0);
        float[] logits = routers.logits(0, 2, 2);
        assertThat(largest(logits)).isEqualTo(3);
        assertThat((double) logits[3]).isCloseTo(Math.log(0.851 / 0.151), within(1e-4));
    }

    @Test
    void learnsWhatAHiddenStateLeadsTo() {
        SplittableRandom random = new SplittableRandom(7);
        for (long pass = 0; pass < 1500; pass++) {
            int state = random.nextInt(4);
            routers.observe(1, state(state), 8);
            routers.logits(1, 1, 3 * pass + 2);
            routers.learn(3 * pass + 2, only((state + 1) % 4));
        }
        for (int state = 0; state < 4; state++) {
            routers.observe(1, state(state), 8);
            assertThat(largest(routers.logits(1, 1, 0)))
                    .as("after state %d", state)
                    .isEqualTo((state + 1) % 4);
        }
    }

    @Test
    void whatWasLearntComesBackFromAFile() throws IOException {
        for (long pass = 0; pass < 300; pass++) {
            routers.observe(1, state((int) (pass % 4)), 8);
            routers.set(1, 1, 0, mostly(2), 0);
            routers.logits(1, 1, 3 * pass + 2);
            routers.learn(3 * pass + 2, only((int) (pass % 3)));
        }
        routers.observe(1, state(0), 8);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        routers.write(new DataOutputStream(bytes));
        LearnedRouters others = new LearnedRouters(SHAPE, 8);
        others.read(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
        for (LearnedRouters each : List.of(routers, others)) {
            each.observe(2, state(9), 8);
            each.observe(1, state(3), 8);
            each.set(1, 1, 0, mostly(1), 0);
        }
        assertThat(others.logits(1, 1, 5)).containsExactly(routers.logits(1, 1, 5));
        for (LearnedRouters each : List.of(routers, others)) {
            each.learn(5, only(0));
            each.observe(1, state(2), 8);
        }
        assertThat(others.logits(1, 1, 5)).containsExactly(routers.logits(1, 1, 5));
    }

    @Test
    void reachesAcrossToTheNextPassAndNoFurtherThanOne() {
        assertThat(routers.distances()).isEqualTo(3);
        for (long pass = 0; pass < 300; pass++) {
            routers.observe(2, state(1), 8);
            routers.logits(2, 2, 3 * (pass + 1) + 1);
            routers.learn(3 * (pass + 1) + 1, only(2));
        }
        assertThat(largest(routers.logits(2, 2, 0))).isEqualTo(2);
    }

    @Test
    void fartherAheadDistributionsSpeakAlone() {
        routers.observe(2, state(1), 8);
        assertThat(routers.logits(2, 3, 5)).containsOnly(0);
        for (long pass = 0; pass < 300; pass++) {
            routers.observe(2, state(1), 8);
            routers.set(2, 3, 2, mostly(1), 0);
            routers.logits(2, 3, 3 * (pass + 1) + 2);
            routers.learn(3 * (pass + 1) + 2, only(1));
        }
        float[] logits = routers.logits(2, 3, 0);
        assertThat(largest(logits)).isEqualTo(1);
        assertThat(logits[1]).isPositive();
    }

    @Test
    void doesNotLearnFromVisitsThatItSaidNothingOf() {
        routers.observe(0, state(1), 8);
        routers.set(0, 1, 0, mostly(3), 0);
        float[] before = routers.logits(0, 1, 1).clone();
        for (int i = 0; i < 100; i++) {
            routers.learn(4, only(0));
            routers.learn(2, only(0));
        }
        assertThat(routers.logits(0, 1, 1)).containsExactly(before);
    }

    @Test
    void modelsOfAnySizeHaveFewerFeaturesOrNone() {
        assertThat(routers.featureCount()).isEqualTo(64);
        assertThat(new LearnedRouters(new MapShape(60, 256, 8, 8192), 8).featureCount())
                .isBetween(16, 63);
        LearnedRouters none = new LearnedRouters(new MapShape(200, 1024, 8, 16384), 8);
        assertThat(none.featureCount()).isZero();
        assertThat(none.distances()).isZero();
    }
}
