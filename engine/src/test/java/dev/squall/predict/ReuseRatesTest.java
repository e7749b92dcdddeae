package dev.squall.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ReuseRatesTest {
    private static final float[] EVEN = {0.25f, 0.25f, 0.25f, 0.25f};

    private static ReuseRates rates(MapShape shape) {
        return new ReuseRates(shape, new UseHistory(shape), new LearnedRouters(shape, 1));
    }

    /** One row was routed in the only layer. */
    private static void observe(UseHistory history, MapShape shape, int visit, float[] used, float[] spread) {
        LayerObservation observation = new LayerObservation(shape);
        observation.set(visit, 0, 1, 1, (row, distance, out, outOffset) -> false);
        System.arraycopy(spread, 0, observation.probabilities(), 0, spread.length);
        for (int expert = 0; expert < used.length; expert++) {
            observation.counts()[expert] = (int) used[expert];
        }
        history.onRouted(observation);
    }

    @Test
    void expertsThatAreUsedMoreOftenHaveHigherRates() {
        MapShape shape = new MapShape(1, 4, 2, 8);
        UseHistory history = new UseHistory(shape);
        ReuseRates rates = new ReuseRates(shape, history, new LearnedRouters(shape, 1));
        double[] means = new double[4];
        for (int visit = 0; visit < 2000; visit++) {
            float[] used = {1, visit % 2, visit % 4 == 0 ? 1 : 0, 0};
            observe(history, shape, visit, used, EVEN);
            rates.onRouted(0, used, EVEN, true);
            for (int expert = 0; visit >= 1996 && expert < 4; expert++) {
                means[expert] += rates.rate(0, expert) / 4;
            }
        }
        assertThat(means[0]).isGreaterThan(0.9);
        assertThat(means[1]).isBetween(means[2], means[0]);
        assertThat(means[2]).isBetween(means[3], 0.6);
        assertThat(means[3]).isLessThan(0.05);
    }

    @Test
    void whatTheLayerSpreadTellsOfItsNextVisit() {
        MapShape shape = new MapShape(1, 4, 1, 8);
        UseHistory history = new UseHistory(shape);
        ReuseRates rates = new ReuseRates(shape, history, new LearnedRouters(shape, 1));
        int used = 0;
        for (int visit = 0; visit < 2000; visit++) {
            float[] spread = {0.05f, 0.05f, 0.05f, 0.05f};
            spread[used] = 0.85f;
            float[] counts = new float[4];
            counts[used] = 1;
            observe(history, shape, visit, counts, spread);
            rates.onRouted(0, counts, EVEN, true);
            used = (used + 1) % 4;
        }
        assertThat(rates.rate(0, used)).as("the next in turn").isGreaterThan(0.7);
        assertThat(rates.rate(0, (used + 3) % 4)).as("the one just used").isLessThan(0.4);
    }

    @Test
    void beforeTheFirstVisitTheRateIsThatOfTheLongRun() {
        MapShape shape = new MapShape(2, 4, 1, 8);
        assertThat(rates(shape).rate(1, 3)).isCloseTo(0.25, within(1e-6));
    }

    @Test
    void beginsAsWhatFollowedSimilarPasses() {
        MapShape shape = new MapShape(2, 4, 1, 8);
        ReuseRates rates = rates(shape);
        rates.onRouted(1, new float[4], new float[] {0.9f, 0.5f, 0.1f, 0.001f}, true);
        assertThat(rates.rate(1, 0)).isGreaterThan(rates.rate(1, 1));
        assertThat(rates.rate(1, 1)).isGreaterThan(rates.rate(1, 2));
        assertThat(rates.rate(1, 2)).isGreaterThan(rates.rate(1, 3));
    }
}
