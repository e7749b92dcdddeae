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
        pass(Phase.DECODE, conditions);
    }

    private void pass(Phase phase, CacheConditions conditions) {
        PassObservation pass = new PassObservation(SHAPE);
        pass.set(4 * position++, phase, 1, CacheCounters.ZERO, (row, distance, out, outOffset) -> false);
        effort.onPass(pass, conditions);
    }

    @Test
    void reachesAsFarAsFiveCopiesTake() {
        pass(new CacheConditions(8, 100, 1000, 1, 0, 10));
        assertThat(effort.reach()).isEqualTo(2);
        pass(new CacheConditions(8, 600, 1000, 1, 0, 10));
        assertThat(effort.reach()).isEqualTo(4);
        pass(new CacheConditions(8, 16000, 1000, 1, 0, 10));
        assertThat(effort.reach()).isEqualTo(8);
    }

    @Test
    void comparesAndLearnsLessWhereForecastsAreDear() {
        pass(new CacheConditions(8, 0, 1000, 0, 0, 240));
        assertThat(effort.candidates()).isEqualTo(32);
        assertThat(effort.isLearning()).isTrue();
        int learning = 0;
        for (int i = 0; i < 40; i++) {
            pass(new CacheConditions(8, 0, 1000, 0, 0, 260));
            assertThat(effort.candidates()).isEqualTo(16);
            learning += effort.isLearning() ? 1 : 0;
        }
        assertThat(learning).isEqualTo(10);
        // A pass that waits has time: a miss of two layers makes the same forecast cheap.
        pass(new CacheConditions(8, 2000, 1000, 1, 0, 260));
        assertThat(effort.candidates()).isEqualTo(32);
    }

    /** Copies of a layer take 1000 ns if none is loaded ahead. */
    private static CacheConditions sharingCopies(double forecastNanos) {
        return new CacheConditions(8, 500, 4000, 0.5, 1.5, forecastNanos);
    }

    @Test
    void forecastsFromEverySecondLayerAndTheLastWhereThatCostsMuchOfWhatCopiesTake() {
        for (int i = 0; i < 20; i++) {
            pass(sharingCopies(190));
            assertThat(forecasting()).isEqualTo("0123");
        }
        pass(sharingCopies(210));
        assertThat(forecasting()).isEqualTo("023");
        // Which has made them cheaper.
        pass(sharingCopies(110));
        assertThat(forecasting()).isEqualTo("023");
        pass(sharingCopies(90));
        assertThat(forecasting()).isEqualTo("0123");
    }

    @Test
    void heedsNotWhatItMeasuresInAPrompt() {
        for (int prompt = 0; prompt < 5; prompt++) {
            pass(Phase.PREFILL, sharingCopies(210));
            for (int i = 0; i < 10; i++) {
                pass(sharingCopies(210));
                assertThat(forecasting()).isEqualTo("0123");
            }
        }
        pass(sharingCopies(210));
        assertThat(forecasting()).isEqualTo("023");
    }

    private String forecasting() {
        StringBuilder layers = new StringBuilder();
        for (int layer = 0; layer < SHAPE.layerCount(); layer++) {
            layers.append(effort.isForecastFrom(layer) ? layer : "");
        }
        return layers.toString();
    }

    @Test
    void triesWhetherForecastsPayWhereTheyTakeMuchOfWhatCopiesDo() {
        assertThat(passesWithout(sharingCopies(340))).isZero();
        int without = passesWithout(sharingCopies(360));
        assertThat(without).isPositive();
        assertThat(effort.candidates()).isEqualTo(16);
        // Less than before, and not enough to be cheap again.
        pass(sharingCopies(260));
        assertThat(effort.candidates()).isEqualTo(16);
    }

    private int passesWithout(CacheConditions conditions) {
        int without = 0;
        for (int i = 0; i < 100; i++) {
            pass(conditions);
            without += effort.isForecast() ? 0 : 1;
        }
        return without;
    }

    @Test
    void forgetsNotWhatForecastsCostWhileItTriesToDoWithout() {
        while (effort.isForecast() && position < 100) {
            pass(sharingCopies(360));
        }
        assertThat(effort.isForecast()).isFalse();
        int tried = 0;
        while (!effort.isForecast() && tried++ < 100) {
            pass(sharingCopies(0));
        }
        assertThat(effort.isForecast()).isTrue();
        assertThat(effort.candidates()).isEqualTo(16);
    }

    @Test
    void searchesForOtherTokensAsOftenAsThatTakesATwoHundredthOfThePasses() {
        CacheConditions fast = new CacheConditions(8, 1_000_000, 500_000, 1, 0, 10); // 6 ms a pass of four layers
        int searches = 0;
        for (int i = 0; i < 900; i++) {
            pass(fast);
            searches += effort.claimSearch() ? 1 : 0;
        }
        assertThat(searches).isEqualTo(100);
        for (int i = 0; i < 10; i++) {
            pass(fast);
        }
        CacheConditions slow = new CacheConditions(8, 10_000_000, 5_000_000, 1, 0, 10); // 60 ms a pass
        for (int i = 0; i < 10; i++) {
            pass(slow);
            assertThat(effort.claimSearch()).isTrue();
        }
    }

    @Test
    void aCopyPaysFromTheProbabilityAtWhichWhatItHidesOutweighsWhatItDelays() {
        // Nothing misses, so a wrong copy delays nothing and costs 0.3 of its time.
        pass(new CacheConditions(8, 1000, 1000, 0, 0, 10));
        assertThat(effort.threshold(1)).isCloseTo(0.3 / 1.3, within(1e-9));
        assertThat(effort.threshold(8)).isCloseTo(0.3 / 1.3, within(1e-9));
        // A copy of four layers is hidden by a quarter one layer ahead, and wholly four ahead.
        effort.onRouted(new CacheConditions(8, 4000, 1000, 0, 0, 10));
        assertThat(effort.threshold(1)).isCloseTo(0.3 / 0.55, within(1e-9));
        assertThat(effort.threshold(4)).isCloseTo(0.3 / 1.3, within(1e-9));
        // Where every visit misses, one is met with probability 1 - e^-4 meanwhile.
        effort.onRouted(new CacheConditions(8, 4000, 1000, 1, 0, 10));
        double cost = 1 - Math.exp(-4) + 0.3;
        assertThat(effort.threshold(4)).isCloseTo(cost / (cost + 1), within(1e-9));
    }

    @Test
    void forecastsUnlessEveryExpertIsInItsSlot() {
        pass(new CacheConditions(15, 1000, 1000, 0, 0, 10));
        assertThat(effort.isForecast()).isTrue();
        pass(new CacheConditions(16, 1000, 1000, 0.5, 0, 10));
        assertThat(effort.isForecast()).isTrue();
        pass(new CacheConditions(16, 1000, 1000, 0, 0, 10));
        assertThat(effort.isForecast()).isFalse();
    }

    @Test
    void learnsFromAnEighthOfThePassesWhereNothingIsMissing() {
        int planning = 0;
        int learning = 0;
        int inARow = 0;
        int most = 0;
        for (int i = 0; i < 4096; i++) {
            pass(new CacheConditions(16, 1000, 1000, 0, 0, 10));
            boolean learns = effort.attention() == Attention.LEARNING;
            planning += effort.attention() == Attention.PLANNING ? 1 : 0;
            learning += learns ? 1 : 0;
            inARow = learns ? inARow + 1 : 0;
            most = Math.max(most, inARow);
        }
        assertThat(planning).isZero();
        assertThat(learning).isEqualTo(4096 / 8);
        assertThat(most).as("passes in a row").isGreaterThan(2 * Continuation.PASSES_MAX);
        pass(new CacheConditions(15, 1000, 1000, 0, 0, 10));
        assertThat(effort.attention()).isEqualTo(Attention.PLANNING);
    }
}
