package dev.squall.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SamplerTest {
    private static final long SEED = Long.getLong("squall.test.seed", 20261122L);
    private static final int[] NOTHING = {};

    /** Probabilities 0.4, 0.3, 0.15, 0.1, 0.05 of tokens 3, 0, 4, 1, 2. */
    private static final float[] LOGITS = {log(0.3), log(0.1), log(0.05), log(0.4), log(0.15)};

    private static float log(double probability) {
        return (float) Math.log(probability);
    }

    @Test
    void greedyTakesTheLikeliestAndOfEqualsTheFirst() {
        Sampler sampler = new Sampler(SamplingOptions.greedy(), 5);
        assertThat(sampler.choose(LOGITS, NOTHING)).isEqualTo(3);
        assertThat(sampler.choose(new float[] {1, 7, 2, 7, -1}, NOTHING)).isEqualTo(1);
        assertThat(sampler.choose(new float[] {-5, -7, -2, -9, -3}, NOTHING)).isEqualTo(2);
    }

    @ParameterizedTest(name = "top-k {0}, top-p {1}, min-p {2}, temperature {3}: {4} tokens")
    @CsvSource({
        "0, 1, 0, 1, 5",
        "2, 1, 0, 1, 2",
        "9, 1, 0, 1, 5",
        "0, 0.39, 0, 1, 1",
        "0, 0.69, 0, 1, 2",
        "0, 0.71, 0, 1, 3",
        "0, 0.01, 0, 1, 1",
        "0, 1, 0.3, 1, 3",
        "0, 1, 1, 1, 1",
        "3, 0.9, 0.3, 0.5, 3",
    })
    void eachStepLeavesTheTokensItShould(int topK, float topP, float minP, float temperature, int expected) {
        int[] byLikelihood = {3, 0, 4, 1, 2};
        TreeSet<Integer> chosen = new TreeSet<>();
        Sampler sampler = new Sampler(new SamplingOptions(temperature, topK, topP, minP, 1, 0, SEED), 5);
        for (int draw = 0; draw < 2_000; draw++) {
            chosen.add(sampler.choose(LOGITS, NOTHING));
        }
        TreeSet<Integer> allowed = new TreeSet<>();
        for (int i = 0; i < expected; i++) {
            allowed.add(byLikelihood[i]);
        }
        assertThat(chosen).as("seed %d", SEED).isEqualTo(allowed);
    }

    @ParameterizedTest
    @CsvSource({"1", "0.5", "2"})
    void drawsTokensAsOftenAsTheyAreLikely(float temperature) {
        int draws = 40_000;
        int[] counts = new int[5];
        Sampler sampler = new Sampler(new SamplingOptions(temperature, 0, 1, 0, 1, 0, SEED), 5);
        for (int draw = 0; draw < draws; draw++) {
            counts[sampler.choose(LOGITS, NOTHING)]++;
        }
        double total = 0;
        for (float logit : LOGITS) {
            total += Math.exp(logit / temperature);
        }
        for (int token = 0; token < 5; token++) {
            double expected = Math.exp(LOGITS[token] / temperature) / total;
            assertThat((double) counts[token] / draws)
                    .as("token %d, seed %d", token, SEED)
                    .isCloseTo(expected, within(0.012));
        }
    }

    @Test
    void theSameSeedGivesTheSameTokensAndAnotherSeedOthers() {
        assertThat(draws(7)).isEqualTo(draws(7));
        assertThat(draws(7)).isNotEqualTo(draws(8));
    }

    private static int[] draws(long seed) {
        Random random = new Random(3);
        Sampler sampler = new Sampler(new SamplingOptions(0.8f, 40, 0.95f, 0.05f, 1.1f, 64, seed), 1000);
        int[] chosen = new int[100];
        for (int i = 0; i < chosen.length; i++) {
            float[] logits = new float[1000];
            for (int token = 0; token < logits.length; token++) {
                logits[token] = (float) random.nextGaussian() * 3;
            }
            chosen[i] = sampler.choose(logits, chosen.clone());
        }
        return chosen;
    }

    @Test
    void theRepeatPenaltyMakesRecentTokensLessLikelyWhateverTheirSign() {
        SamplingOptions options = new SamplingOptions(0, 0, 1, 0, 2, 2, 0);
        assertThat(new Sampler(options, 3).choose(new float[] {5, 4, 1}, new int[] {0}))
                .isEqualTo(1);
        assertThat(new Sampler(options, 3).choose(new float[] {-1, -1.5f, -9}, new int[] {0}))
                .isEqualTo(1);
        assertThat(new Sampler(options, 3).choose(new float[] {5, 4, 1}, new int[] {0, 2, 2}))
                .isEqualTo(0);
    }

    @Test
    void leavesTheLogitsAsTheyAre() {
        float[] logits = LOGITS.clone();
        new Sampler(new SamplingOptions(0.5f, 3, 0.9f, 0.1f, 1.5f, 8, 1), 5).choose(logits, new int[] {3});
        assertThat(logits).containsExactly(LOGITS);
    }

    @ParameterizedTest
    @CsvSource({
        "-1, 0, 1, 0, 1, 0, 'temperature=-1.0, expected a number from 0 up'",
        "1, -1, 1, 0, 1, 0, 'top-k=-1, expected 0 (off) or more'",
        "1, 0, 0, 0, 1, 0, 'top-p=0.0, expected above 0 and at most 1 (off)'",
        "1, 0, 1, 2, 1, 0, 'min-p=2.0, expected 0 (off) to 1'",
        "1, 0, 1, 0, 0, 0, 'repeat-penalty=0.0, expected above 0; 1 is off'",
        "1, 0, 1, 0, 1, -3, 'repeat-last-n=-3, expected 0 (off) or more'",
    })
    void refusesOptionsOutOfRange(
            float temperature, int topK, float topP, float minP, float penalty, int repeatTokens, String message) {
        assertThatThrownBy(() -> new SamplingOptions(temperature, topK, topP, minP, penalty, repeatTokens, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}
