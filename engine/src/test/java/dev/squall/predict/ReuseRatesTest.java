package dev.squall.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ReuseRatesTest {
    private static final float[] EVEN = {0.25f, 0.25f, 0.25f, 0.25f};

    private static ReuseRates rates(MapShape shape) {
        return new ReuseRates(shape, new UseHistory(shape), new LearnedRouters(shape, 1));
    }

    @Test
    void expertsThatAreUsedMoreOftenHaveHigherRates() {
        MapShape shape = new MapShape(1, 4, 2, 8);
        ReuseRates rates = rates(shape);
        for (int visit = 0; visit < 2000; visit++) {
            float[] used = {1, visit % 2, visit % 4 == 0 ? 1 : 0, 0};
            rates.onRouted(0, used, EVEN, EVEN);
        }
        assertThat(rates.rate(0, 0)).isGreaterThan(0.9);
        assertThat(rates.rate(0, 1)).isBetween(rates.rate(0, 2), rates.rate(0, 0));
        assertThat(rates.rate(0, 2)).isBetween(rates.rate(0, 3), 0.6);
        assertThat(rates.rate(0, 3)).isLessThan(0.05);
    }

    @Test
    void whatTheLayerSpreadTellsOfItsNextVisit() {
        MapShape shape = new MapShape(1, 4, 1, 8);
        ReuseRates rates = rates(shape);
        int used = 0;
        for (int visit = 0; visit < 2000; visit++) {
            float[] spread = {0.05f, 0.05f, 0.05f, 0.05f};
            spread[used] = 0.85f;
            float[] counts = new float[4];
            counts[used] = 1;
            rates.onRouted(0, counts, spread, EVEN);
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
        rates.onRouted(1, new float[4], EVEN, new float[] {0.9f, 0.5f, 0.1f, 0.001f});
        assertThat(rates.rate(1, 0)).isGreaterThan(rates.rate(1, 1));
        assertThat(rates.rate(1, 1)).isGreaterThan(rates.rate(1, 2));
        assertThat(rates.rate(1, 2)).isGreaterThan(rates.rate(1, 3));
    }
}
