package dev.squall.predict;

import static org.assertj.core.api.Assertions.assertThat;

import dev.squall.expert.CacheConditions;
import dev.squall.expert.CacheCounters;
import dev.squall.expert.PrefetchPlan;
import org.junit.jupiter.api.Test;

class ActivationMatrixPolicyTest {
    private static final MapShape SHAPE = new MapShape(2, 4, 1, 8);

    private final ActivationMatrixPolicy policy = new ActivationMatrixPolicy(SHAPE, 10);
    private long passes;

    /** The prefill of a long prompt, of which some rows are observed; the plan that was made when it began. */
    private PrefetchPlan prefill(long conversation, int expert) {
        PrefetchPlan plan = new PrefetchPlan(2, 4);
        PassObservation begun = new PassObservation(SHAPE);
        begun.set(passes * 2, Phase.PREFILL, 8, CacheCounters.ZERO, (row, distance, out, outOffset) -> false);
        for (int row = 0; row < 8; row++) {
            begun.positions()[row] = 4 * row + 3;
            begun.conversations()[row] = conversation;
        }
        policy.onPass(begun, CacheConditions.NONE, plan);
        for (int layer = 0; layer < 2; layer++) {
            LayerObservation observed = new LayerObservation(SHAPE);
            observed.set(passes * 2 + layer, 0, 8, 32, (row, distance, out, outOffset) -> false);
            observed.counts()[expert] = 32;
            policy.onRouted(observed, CacheConditions.NONE, new PrefetchPlan(2, 4));
        }
        passes++;
        return plan;
    }

    @Test
    void aRequestEndsWhereTheNextConversationBeginsWhateverRowsAreObserved() {
        assertThat(prefill(1, 2).probability(0, 2)).isZero();
        assertThat(prefill(1, 2).probability(0, 2))
                .as("the same request: a prompt of several passes")
                .isZero();
        assertThat(prefill(2, 3).probability(0, 2)).isEqualTo(0.5);
        assertThat(prefill(3, 3).probability(0, 3) + prefill(4, 3).probability(0, 2))
                .as("one of two earlier requests")
                .isPositive();
    }
}
