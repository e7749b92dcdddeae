package dev.squall.predict;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class UsedExpertsTest {
    /** 120 bits: the second layer crosses the border between two longs. */
    private static final MapShape SHAPE = new MapShape(3, 40, 2, 1);

    private final UsedExperts used = new UsedExperts(SHAPE);

    /** Distributions whose likeliest experts are two of each layer. */
    private static float[] layers(int... experts) {
        float[] probabilities = new float[experts.length / 2 * 40];
        for (int i = 0; i < experts.length; i++) {
            probabilities[i / 2 * 40 + experts[i]] = 0.5f;
        }
        return probabilities;
    }

    @Test
    void countsTheExpertsThatLayersHaveInCommon() {
        long[] whole = used.of(layers(0, 39, 23, 24, 5, 6));
        assertThat(whole).hasSize(used.words()).hasSize(2);
        assertThat(UsedExperts.inCommon(used.of(layers(0, 39, 23, 24, 5, 6)), whole, 0))
                .isEqualTo(6);
        assertThat(UsedExperts.inCommon(used.of(layers(0, 1, 24, 25, 7, 8)), whole, 0))
                .isEqualTo(2);
        assertThat(UsedExperts.inCommon(used.of(layers(23, 24, 0, 39, 0, 39)), whole, 0))
                .as("the same experts of other layers")
                .isZero();
    }

    @Test
    void aBeginningIsComparedWithTheBeginningOfAMap() {
        long[] two = {0, 0, 0, 0};
        System.arraycopy(used.of(layers(0, 39, 23, 24, 5, 6)), 0, two, 2, 2);
        assertThat(UsedExperts.inCommon(used.of(layers(39, 1)), two, 2)).isEqualTo(1);
        assertThat(UsedExperts.inCommon(used.of(layers(39, 1)), two, 0)).isZero();
        assertThat(UsedExperts.inCommon(used.of(new float[0]), two, 2)).isZero();
    }
}
