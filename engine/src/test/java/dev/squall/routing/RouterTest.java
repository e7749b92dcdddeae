package dev.squall.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.squall.model.Architecture;
import dev.squall.model.Hyperparameters;
import dev.squall.model.QkNorm;
import dev.squall.model.RopePairs;
import dev.squall.model.RowBatch;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RouterTest {
    private static final long SEED = Long.getLong("squall.test.seed", 20261122L);

    @Test
    void selectsTheMostProbableExpertsOfAFullSoftmaxDistribution() {
        int experts = 13;
        int used = 4;
        for (boolean renormalises : new boolean[] {true, false}) {
            Router router = new Router(hyperparameters(experts, used, renormalises), 6);
            RowBatch rows = RowBatch.ofSequence(new int[6], 0, 6, 0, 0);
            Random random = new Random(SEED);
            for (int i = 0; i < 6 * experts; i++) {
                router.logits()[i] = (float) random.nextGaussian() * 4;
            }
            LayerRouting routing = router.route(1, rows);
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
        Router router = new Router(hyperparameters(5, 3, true), 1);
        System.arraycopy(new float[] {1, 2, 2, 1, 2}, 0, router.logits(), 0, 5);
        LayerRouting routing = router.route(0, RowBatch.ofSequence(new int[1], 0, 1, 0, 0));
        assertThat(routing.experts()).containsExactly(1, 2, 4);
    }

    @Test
    void keepsTheMapOfEveryLayerUntilThatLayerIsRoutedAgain() {
        Router router = new Router(hyperparameters(2, 1, true), 1);
        RowBatch row = RowBatch.ofSequence(new int[1], 0, 1, 0, 0);
        router.logits()[1] = 3;
        LayerRouting first = router.route(0, row);
        router.logits()[0] = 9;
        router.route(1, row);
        assertThat(first.experts()).containsExactly(1);
        assertThat(first.probabilities()[1]).isCloseTo(0.9526f, within(1e-4f));
    }

    private static Hyperparameters hyperparameters(int experts, int used, boolean renormalises) {
        Architecture architecture = new Architecture("test", RopePairs.HALVES, QkNorm.NONE, renormalises);
        return new Hyperparameters(architecture, 2, 8, 16, 1, 1, 8, 8, 8, 10_000, 1e-6f, experts, used, 8);
    }
}
