package dev.squall.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class MapCandidatesTest {
    private static final MapShape SHAPE = new MapShape(2, 2, 1, 1);

    private final ExactMapStore store = new ExactMapStore(ContextMaps.storeShape(SHAPE), 100, 1);
    private final MapCandidates candidates = new MapCandidates(SHAPE);

    /** A pass after another: what the first expert of each of their layers has, the second one having the rest. */
    private static float[] passes(float... ofFirst) {
        float[] probabilities = new float[8];
        for (int layer = 0; layer < 4; layer++) {
            probabilities[2 * layer] = ofFirst[layer];
            probabilities[2 * layer + 1] = 1 - ofFirst[layer];
        }
        return probabilities;
    }

    private void add(float... ofFirst) {
        MapOrigin origin = new MapOrigin(0, Phase.DECODE, 1, 1, 0, 0);
        store.add(new ExpertMap(new float[] {1}, passes(ofFirst), origin));
    }

    private float firstOfLayer1() {
        float[] distribution = new float[2];
        candidates.nearest().distribution(1, distribution);
        return distribution[0];
    }

    @Test
    void goByThePassBeforeFirstAndThenByTheLayersThatBecomeKnown() {
        add(1, 1, 1, 0.9f);
        add(1, 1, 0, 0.1f);
        add(0, 0, 1, 0.5f);
        float[] context = passes(1, 1, 0.05f, 0);
        candidates.begin(store.ofEmbedding(new float[] {1}, new float[0], 100, 100), context);
        assertThat(firstOfLayer1()).isCloseTo(0.5f, within(0.01f));
        candidates.observe(0, context);
        assertThat(firstOfLayer1()).isCloseTo(0.1f, within(0.01f));
    }

    @Test
    void sayNothingWhereThereAreNone() {
        float[] distribution = {1, 1};
        candidates.nearest().distribution(1, distribution);
        assertThat(distribution).containsOnly(0);
        candidates.begin(store.ofEmbedding(new float[] {1}, new float[0], 100, 100), passes(1, 1, 1, 1));
        assertThat(candidates.nearest().discountedUses(0, 0.7f, distribution)).isFalse();
    }
}
