package dev.squall.predict;

import static org.assertj.core.api.Assertions.assertThat;

import dev.squall.expert.CacheConditions;
import dev.squall.expert.CacheCounters;
import dev.squall.expert.PrefetchPlan;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class SquallPolicyTest {
    private static final MapShape SHAPE = new MapShape(4, 4, 1, 8);
    private static final CacheConditions CHEAP = new CacheConditions(8, 1000, 1000, 1, 10);
    private static final CacheConditions FAST_COPIES = new CacheConditions(8, 100, 1000, 1, 10);
    private static final CacheConditions DEAR = new CacheConditions(8, 1000, 1000, 1, 2000);

    private final ExactMapStore store = new ExactMapStore(ContextMaps.storeShape(SHAPE), 100, 3);
    private long nanos;
    private final SquallPolicy policy = new SquallPolicy(SHAPE, store, 0);

    /** What came of each layer of the last pass. */
    private final PrefetchPlan[] plans = new PrefetchPlan[4];

    /** One pass of a conversation, each layer using its own expert; the plan that came of layer 1. */
    private PrefetchPlan pass(long pass, CacheConditions conditions) {
        PassObservation begun = new PassObservation(SHAPE);
        begun.set(
                pass * 4,
                pass == 0 ? Phase.PREFILL : Phase.DECODE,
                1,
                CacheCounters.ZERO,
                (row, distance, out, outOffset) -> false);
        Arrays.fill(begun.embeddings(), 0, 8, 1f);
        begun.setStartNanos(nanos);
        begun.positions()[0] = (int) pass;
        begun.conversations()[0] = 1;
        policy.onPass(begun, conditions, new PrefetchPlan(4, 4));
        for (int layer = 0; layer < 4; layer++) {
            LayerObservation observed = new LayerObservation(SHAPE);
            observed.set(pass * 4 + layer, 0, 1, 1, (row, distance, out, outOffset) -> false);
            Arrays.fill(observed.probabilities(), 0, 4, 0.05f);
            observed.probabilities()[layer] = 0.85f;
            observed.counts()[layer] = 1;
            Arrays.fill(observed.hidden(), 0, 8, 1f);
            plans[layer] = new PrefetchPlan(4, 4);
            policy.onRouted(observed, conditions, plans[layer]);
        }
        return plans[1];
    }

    @Test
    void doesNotPlanWhereEveryExpertHasASlotAndIsThere() {
        pass(0, new CacheConditions(16, 1000, 1000, 0, 10));
        assertThat(policy.attention()).isEqualTo(Attention.LEARNING);
        assertThat(plans[1].isEmpty()).isTrue();
        pass(1, new CacheConditions(15, 1000, 1000, 0, 10));
        assertThat(policy.attention()).isEqualTo(Attention.PLANNING);
        assertThat(plans[1].isEmpty()).isFalse();
    }

    @Test
    void learnsWhatTheNextLayerUses() {
        for (int pass = 0; pass < 60; pass++) {
            pass(pass, CHEAP);
        }
        PrefetchPlan plan = pass(60, CHEAP);
        assertThat(plan.probability(2, 2)).isGreaterThan(0.9);
        assertThat(plan.probability(2, 1)).isLessThan(0.1);
    }

    @Test
    void learnsWhatTheNextPassUses() {
        for (int pass = 0; pass < 60; pass++) {
            pass(pass, CHEAP);
        }
        policy.onEnd();
        assertThat(store.size()).isPositive();
        float[] spread = new float[32];
        for (int layer = 0; layer < 8; layer++) {
            Arrays.fill(spread, layer * 4, layer * 4 + 4, 0.05f);
            spread[layer * 4 + layer % 4] = 0.85f;
        }
        byte[] continuation = store.nearestByTrajectory(spread, 8, 60).continuation(0);
        assertThat(Continuation.nextUse(continuation, 5)).isEqualTo(1);
        assertThat(Continuation.nextUse(continuation, 4)).isZero();
    }

    @Test
    void forecastsNoFartherThanCopiesTake() {
        for (int pass = 0; pass < 60; pass++) {
            pass(pass, FAST_COPIES);
        }
        assertThat(plans[0].probability(1, 1)).isGreaterThan(0.9);
        assertThat(plans[0].probability(2, 2)).isGreaterThan(0.9);
        assertThat(plans[0].probability(3, 3)).isZero();
        assertThat(plans[3].probability(1, 1)).isGreaterThan(0.5);
        assertThat(plans[3].probability(2, 2)).isZero();

        pass(60, CHEAP);
        assertThat(plans[0].probability(3, 3)).isPositive();
        assertThat(plans[3].probability(2, 2)).isPositive();
    }

    @Test
    void forecastsNothingWhereAllExpertsAreInTheirSlots() {
        for (int pass = 0; pass < 60; pass++) {
            pass(pass, CHEAP);
        }
        assertThat(pass(60, new CacheConditions(15, 1000, 1000, 0, 10)).probability(2, 2))
                .isPositive();
        assertThat(pass(61, new CacheConditions(16, 1000, 1000, 0.5, 10)).probability(2, 2))
                .isPositive();
        assertThat(pass(62, new CacheConditions(16, 1000, 1000, 0, 10)).probability(2, 2))
                .isZero();
    }

    @Test
    void forecastsLessWhereForecastsMakePassesSlower() {
        for (int pass = 0; pass < 60; pass++) {
            pass(pass, CHEAP);
        }
        int forecast = 0;
        for (int pass = 60; pass < 1060; pass++) {
            boolean isForecast = pass(pass, DEAR).probability(2, 2) > 0;
            forecast += isForecast ? 1 : 0;
            nanos += isForecast ? 9000 : 8000;
        }
        assertThat(forecast).isBetween(1, 300);
    }
}
