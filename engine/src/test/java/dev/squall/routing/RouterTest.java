package dev.squall.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.squall.model.ExpertGate;
import dev.squall.model.ExpertGate.Scores;
import dev.squall.model.RowBatch;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RouterTest {
    private static final long SEED = Long.getLong("squall.test.seed", 20261122L);
    private static final RowBatch ONE_ROW = RowBatch.ofSequence(new int[1], 0, 1, 0, 0);

    @Test
    void selectsTheMostProbableExpertsOfAFullSoftmaxDistribution() {
        int experts = 13;
        int used = 4;
        for (boolean renormalises : new boolean[] {true, false}) {
            Router router = router(experts, used, renormalises, 6);
            RowBatch rows = RowBatch.ofSequence(new int[6], 0, 6, 0, 0);
            Random random = new Random(SEED);
            for (int i = 0; i < 6 * experts; i++) {
                router.logits()[i] = (float) random.nextGaussian() * 4;
            }
            LayerRouting routing = router.route(0, 1, rows);
            for (int row = 0; row < 6; row++) {
                int at = row * experts;
                double total = 0;
                for (int expert = 0; expert < experts; expert++) {
                    total += Math.exp(router.logits()[at + expert]);
                }
                for (int expert = 0; expert < experts; expert++) {
                    assertThat((double) routing.probabilities()[at + expert])
                            .as("row %d expert %d seed %d", row, expert, SEED)
                            .isCloseTo(Math.exp(router.logits()[at + expert]) / total, within(1e-6));
                }
                int[] byLogit = IntStream.range(0, experts)
                        .boxed()
                        .sorted((a, b) -> Float.compare(router.logits()[at + b], router.logits()[at + a]))
                        .mapToInt(Integer::intValue)
                        .toArray();
                double sum = 0;
                for (int rank = 0; rank < used; rank++) {
                    sum += routing.probabilities()[at + byLogit[rank]];
                }
                for (int rank = 0; rank < used; rank++) {
                    assertThat(routing.experts()[row * used + rank]).isEqualTo(byLogit[rank]);
                    double probability = routing.probabilities()[at + byLogit[rank]];
                    assertThat((double) routing.weights()[row * used + rank])
                            .isCloseTo(renormalises ? probability / sum : probability, within(1e-6));
                }
            }
        }
    }

    @Test
    void ofEquallyProbableExpertsTheLowerIndexWins() {
        Router router = router(5, 3, true, 1);
        System.arraycopy(new float[] {1, 2, 2, 1, 2}, 0, router.logits(), 0, 5);
        LayerRouting routing = router.route(0, 0, ONE_ROW);
        assertThat(routing.experts()).containsExactly(1, 2, 4);
    }

    @Test
    void keepsTheMapOfEveryLayerUntilThatLayerIsRoutedAgain() {
        Router router = router(2, 1, true, 1);
        router.logits()[1] = 3;
        LayerRouting first = router.route(0, 0, ONE_ROW);
        router.logits()[0] = 9;
        router.route(0, 1, ONE_ROW);
        assertThat(first.experts()).containsExactly(1);
        assertThat(first.probabilities()[1]).isCloseTo(0.9526f, within(1e-4f));
    }

    @Test
    void weighsTheBestLogitsByTheirOwnSoftmax() {
        ExpertGate gate = new ExpertGate(Scores.SELECTED_SOFTMAX, 5, 2, false, 1, 1, 1);
        Router router = new Router(gate, List.of(new float[0]), 1);
        System.arraycopy(new float[] {-1, 2, -3, 1, 0}, 0, router.logits(), 0, 5);
        LayerRouting routing = router.route(0, 0, ONE_ROW);
        assertThat(routing.experts()).containsExactly(1, 3);
        assertThat(routing.weights()[0]).isCloseTo(0.7310586f, within(1e-6f));
        assertThat(routing.weights()[1]).isCloseTo(0.2689414f, within(1e-6f));
        assertThat(routing.probabilities()[1]).as("over all experts").isCloseTo(0.6411326f, within(1e-6f));
    }

    @Test
    void aSelectionBiasChoosesExpertsButDoesNotWeighThem() {
        ExpertGate gate = new ExpertGate(Scores.SIGMOID, 4, 2, true, 2.5f, 1, 1);
        Router router = new Router(gate, List.of(new float[] {0, 0, 0, 1}), 1);
        System.arraycopy(new float[] {2, 1, 0, -1}, 0, router.logits(), 0, 4);
        LayerRouting routing = router.route(0, 0, ONE_ROW);
        assertThat(routing.experts()).containsExactly(3, 0);
        double low = 1 / (1 + Math.exp(1));
        double high = 1 / (1 + Math.exp(-2));
        assertThat((double) routing.weights()[0]).isCloseTo(2.5 * low / (low + high), within(1e-6));
        assertThat((double) routing.weights()[1]).isCloseTo(2.5 * high / (low + high), within(1e-6));
        float sum = 0;
        for (float probability : routing.probabilities()) {
            sum += probability;
        }
        assertThat(sum).isCloseTo(1, within(1e-6f));
    }

    @Test
    void selectsOnlyFromTheGroupsWhoseTwoBestAddUpToMost() {
        ExpertGate gate = new ExpertGate(Scores.SOFTMAX, 9, 3, false, 1, 3, 2);
        Router router = new Router(gate, List.of(new float[0]), 1);
        // The best expert of all is in the first group, whose second best is far behind.
        System.arraycopy(new float[] {3, -9, -9, 2.5f, 2.4f, -9, 0, 2.6f, 2.6f}, 0, router.logits(), 0, 9);
        assertThat(router.route(0, 0, ONE_ROW).experts()).containsExactly(7, 8, 3);
    }

    private static Router router(int experts, int used, boolean renormalises, int rowsMax) {
        ExpertGate gate = new ExpertGate(Scores.SOFTMAX, experts, used, renormalises, 1, 1, 1);
        return new Router(gate, List.of(new float[0], new float[0]), rowsMax);
    }
}
