package dev.squall.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LearnedLogitsTest {
    private static final MapShape SHAPE = new MapShape(2, 4, 1, 32);

    private final LearnedLogits learned = new LearnedLogits(SHAPE, 2, 3);
    private final float[] inputs = new float[learned.inputCount()];
    private final float[] logits = new float[4];
    private final float[] folded = new float[LearnedLogits.EMBEDDING_INPUTS];

    private static float[] mostly(int expert) {
        float[] distribution = {0.05f, 0.05f, 0.05f, 0.05f};
        distribution[expert] = 0.85f;
        return distribution;
    }

    private void read(float[] first, float[] second) {
        learned.begin(inputs, folded);
        learned.set(inputs, 0, first);
        learned.set(inputs, 1, second);
        learned.logits(1, 2, inputs, logits);
    }

    private static int largest(float[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            best = values[i] > values[best] ? i : best;
        }
        return best;
    }

    @Test
    void repeatsTheFirstDistributionUntilItLearns() {
        read(mostly(2), mostly(1));
        assertThat(largest(logits)).isEqualTo(2);
        assertThat((double) logits[2]).isCloseTo(Math.log(0.851 / 0.151), within(1e-4));
        assertThat((double) logits[0]).isCloseTo(Math.log(0.051 / 0.951), within(1e-4));
    }

    @Test
    void learnsWhichDistributionTellsTheTruth() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 400; i++) {
            int used = random.nextInt(4);
            read(mostly(random.nextInt(4)), mostly((used + 3) % 4));
            float[] targets = new float[4];
            targets[used] = 1;
            learned.learn(1, 2, inputs, logits, targets);
        }
        for (int wrong = 0; wrong < 4; wrong++) {
            read(mostly(wrong), mostly(2));
            assertThat(largest(logits)).as("with %d ahead", wrong).isEqualTo(3);
        }
    }

    @Test
    void learnsWhatATokenUses() {
        float[] embedding = new float[32];
        for (int i = 0; i < 400; i++) {
            int token = i % 4;
            embedding(token, embedding);
            LearnedLogits.fold(embedding, 32, folded);
            read(new float[4], new float[4]);
            float[] targets = new float[4];
            targets[(token + 2) % 4] = 1;
            learned.learn(1, 2, inputs, logits, targets);
        }
        for (int token = 0; token < 4; token++) {
            embedding(token, embedding);
            LearnedLogits.fold(embedding, 32, folded);
            read(new float[4], new float[4]);
            assertThat(largest(logits)).as("token %d", token).isEqualTo((token + 2) % 4);
        }
    }

    private static void embedding(int token, float[] out) {
        SplittableRandom random = new SplittableRandom(token);
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) random.nextDouble(-1, 1);
        }
    }

    @Test
    void oneDistanceDoesNotLearnFromAnother() {
        read(mostly(2), mostly(1));
        float[] before = logits.clone();
        learned.learn(1, 0, inputs, logits, new float[] {1, 0, 0, 0});
        learned.learn(0, 2, inputs, logits, new float[] {1, 0, 0, 0});
        read(mostly(2), mostly(1));
        assertThat(logits).containsExactly(before);
    }

    @Test
    void modelsWithTooManyExpertsHaveFewerDistancesOrNone() {
        assertThat(learned.distances()).isEqualTo(3);
        assertThat(new LearnedLogits(new MapShape(48, 128, 8, 2048), 4, 10).distances())
                .isEqualTo(1);
        assertThat(new LearnedLogits(new MapShape(60, 512, 8, 2048), 4, 10).distances())
                .isZero();
    }

    @Test
    void anEmbeddingOfZerosFoldsToZeros() {
        LearnedLogits.fold(new float[32], 32, folded);
        assertThat(folded).containsOnly(0f);
    }
}
