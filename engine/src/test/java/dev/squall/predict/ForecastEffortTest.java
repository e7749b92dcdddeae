package dev.squall.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.squall.expert.CacheConditions;
import dev.squall.expert.CacheCounters;
import org.junit.jupiter.api.Test;

class ForecastEffortTest {
    private static final MapShape SHAPE = new MapShape(4, 4, 1, 8);

    private final ForecastEffort effort = new ForecastEffort(SHAPE);
    private long position;

    private void pass(CacheConditions conditions) {
        PassObservation pass = new PassObservation(SHAPE);
        pass.set(4 * position++, Phase.DECODE, 1, CacheCounters.ZERO, (row, distance, out, outOffset) -> false);
        effort.onPass(pass, conditions);
    }

    @Test
    void reachesAsFarAsFiveCopiesTake() {
        pass(new CacheConditions(8, 100, 1000, 1, 10));
        assertThat(effort.reach()).isEqualTo(2);
        pass(new CacheConditions(8, 600, 1000, 1, 10));
        assertThat(effort.reach()).isEqualTo(4);
        pass(new CacheConditions(8, 16000, 1000, 1, 10));
        assertThat(effort.reach()).isEqualTo(8);
    }

    @Test
    void comparesAndLearnsLessWhereForecastsAreDear() {
        pass(new CacheConditions(8, 0, 1000, 0, 240));
        assertThat(effort.candidates()).isEqualTo(32);
        assertThat(effort.isLearning()).isTrue();
        int learning = 0;
        for (int i = 0; i < 40; i++) {
            pass(new CacheConditions(8, 0, 1000, 0, 260));
            assertThat(effort.candidates()).isEqualTo(16);
            learning += effort.isLearning() ? 1 : 0;
        }
        assertThat(learning).isEqualTo(10);
        // A pass that waits has time: a miss of two layers makes the same forecast cheap.
        pass(new CacheConditions(8, 2000, 1000, 1, 260));
        assertThat(effort.candidates()).isEqualTo(32);
    }

    @Test
    void searchesForOtherTokensAsOftenAsThatTakesATwoHundredthOfThePasses() {
        CacheConditions fast = new CacheConditions(8, 1_000_000, 500_000, 1, 10); // 6 ms a pass of four layers
        int searches = 0;
        for (int i = 0; i < 900; i++) {
            pass(fast);
            searches += effort.claimSearch() ? 1 : 0;
        }
        assertThat(searches).isEqualTo(100);
        for (int i = 0; i < 10; i++) {
            pass(fast);
        }
        CacheConditions slow = new CacheConditions(8, 10_000_000, 5_000_000, 1, 10); // 60 ms a pass
        for (int i = 0; i < 10; i++) {
            pass(slow);
            assertThat(effort.claimSearch()).isTrue();
        }
    }

    @Test
    void aCopyPaysFromTheProbabilityAtWhichWhatItHidesOutweighsWhatItDelays() {
        // Nothing misses, so a wrong copy delays nothing and costs 0.3 of its time.
        pass(new CacheConditions(8, 1000, 1000, 0, 10));
        assertThat(effort.threshold(1)).isCloseTo(0.3 / 1.3, within(1e-9));
        assertThat(effort.threshold(8)).isCloseTo(0.3 / 1.3, within(1e-9));
        // A copy of four layers is hidden by a quarter one layer ahead, and wholly four ahead.
        effort.onRouted(new CacheConditions(8, 4000, 1000, 0, 10));
        assertThat(effort.threshold(1)).isCloseTo(0.3 / 0.55, within(1e-9));
        assertThat(effort.threshold(4)).isCloseTo(0.3 / 1.3, within(1e-9));
        // Where every visit misses, one is met with probability 1 - e^-4 meanwhile.
        effort.onRouted(new CacheConditions(8, 4000, 1000, 1, 10));
        double cost = 1 - Math.exp(-4) + 0.3;
        assertThat(effort.threshold(4)).isCloseTo(cost / (cost + 1), within(1e-9));
    }

    @Test
    void forecastsUnlessEveryExpertIsInItsSlot() {
        pass(new CacheConditions(15, 1000, 1000, 0, 10));
        assertThat(effort.isForecast()).isTrue();
        pass(new CacheConditions(16, 1000, 1000, 0.5, 10));
        assertThat(effort.isForecast()).isTrue();
        pass(new CacheConditions(16, 1000, 1000, 0, 10));
        assertThat(effort.isForecast()).isFalse();
    }

    @Test
    void learnsFromAnEighthOfThePassesWhereNothingIsMissing() {
        int planning = 0;
        int learning = 0;
        int inARow = 0;
        int most = 0;
        for (int i = 0; i < 4096; i++) {
            pass(new CacheConditions(16, 1000, 1000, 0, 10));
            boolean learns = effort.attention() == Attention.LEARNING;
            planning += effort.attention() == Attention.PLANNING ? 1 : 0;
            learning += learns ? 1 : 0;
            inARow = learns ? inARow + 1 : 0;
            most = Math.max(most, inARow);
        }
        assertThat(planning).isZero();
        assertThat(learning).isEqualTo(4096 / 8);
        assertThat(most).as("passes in a row").isGreaterThan(2 * Continuation.PASSES_MAX);
        pass(new CacheConditions(15, 1000, 1000, 0, 10));
        assertThat(effort.attention()).isEqualTo(Attention.PLANNING);
    }
}
