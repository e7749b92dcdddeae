package dev.squall.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class OnlineMapTest {
    private static float[] random(SplittableRandom random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return values;
    }

    @Test
    void addsTheProductWithItsWeights() {
        OnlineMap map = new OnlineMap(2, 3, 0.1f, 1);
        map.set(0, 0, 2);
        map.set(1, 2, -3);
        float[] out = {1, 1, 1};
        map.addTo(new float[] {5, 7}, out);
        assertThat(out).containsExactly(11f, 1f, -20f);
    }

    @Test
    void theGradientOfItsInputsIsTheTransposedProduct() {
        OnlineMap map = new OnlineMap(2, 3, 0.1f, 1);
        map.set(0, 0, 2);
        map.set(0, 1, 4);
        map.set(1, 2, -3);
        float[] gradient = {100, 100};
        map.addGradient(new float[] {1, 10, 5}, gradient, 3);
        assertThat(gradient).containsExactly(142f, 85f);
    }

    @Test
    void leavesOutputsAloneThatWereNotAskedFor() {
        OnlineMap map = new OnlineMap(2, 3, 0.1f, 1);
        map.set(0, 0, 2);
        map.set(1, 2, -3);
        float[] x = {5, 7};
        float[] out = {1, 1, 1};
        map.addTo(x, out, 2);
        assertThat(out).containsExactly(11f, 1f, 1f);

        float[] gradient = {0, 0};
        map.addGradient(new float[] {1, 10, 5}, gradient, 2);
        assertThat(gradient).containsExactly(2f, 0f);

        map.learn(x, new float[] {0, 1, 100}, 2);
        float[] learnt = new float[3];
        map.addTo(x, learnt);
        assertThat(learnt[0]).isEqualTo(10);
        assertThat(learnt[1]).isNegative();
        assertThat(learnt[2]).isEqualTo(-21);
    }

    @Test
    void learnsALinearMapFromItsErrors() {
        SplittableRandom random = new SplittableRandom(1);
        float[] truth = random(random, 15);
        OnlineMap map = new OnlineMap(5, 3, 0.1f, 0.01f);
        float[] error = new float[3];
        for (int step = 0; step < 4000; step++) {
            float[] x = random(random, 5);
            float[] out = new float[3];
            map.addTo(x, out);
            for (int o = 0; o < 3; o++) {
                error[o] = out[o];
                for (int i = 0; i < 5; i++) {
                    error[o] -= truth[i * 3 + o] * x[i];
                }
            }
            map.learn(x, error);
        }
        for (float e : error) {
            assertThat(e).isCloseTo(0, within(0.01f));
        }
    }

    @Test
    void theSameSeedGivesTheSameWeightsAndAnotherOneOthers() {
        float[][] outs = new float[3][4];
        long[] seeds = {1, 1, 2};
        for (int i = 0; i < 3; i++) {
            OnlineMap map = new OnlineMap(3, 4, 0.1f, 1);
            map.randomise(seeds[i]);
            map.addTo(new float[] {1, 1, 1}, outs[i]);
        }
        assertThat(outs[1]).containsExactly(outs[0]);
        assertThat(outs[2]).isNotEqualTo(outs[0]);
    }
}
