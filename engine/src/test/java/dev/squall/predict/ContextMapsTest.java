package dev.squall.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.squall.expert.CacheCounters;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ContextMapsTest {
    private static final MapShape SHAPE = new MapShape(2, 4, 1, 3);

    private final ExactMapStore store = new ExactMapStore(ContextMaps.storeShape(SHAPE), 100, 1);
    private final ContextMaps maps = new ContextMaps(SHAPE, store);
    private long passes;

    /** One row of a pass. */
    private record Row(long conversation, int position) {}

    private void pass(Phase phase, Row... rows) {
        PassObservation begun = new PassObservation(SHAPE);
        begun.set(
                passes * SHAPE.layerCount(),
                phase,
                rows.length,
                CacheCounters.ZERO,
                (row, distance, out, outOffset) -> false);
        Arrays.fill(begun.embeddings(), 1f);
        for (int row = 0; row < rows.length; row++) {
            begun.conversations()[row] = rows[row].conversation();
            begun.positions()[row] = rows[row].position();
        }
        maps.onPass(begun);
        for (int layer = 0; layer < SHAPE.layerCount(); layer++) {
            LayerObservation observed = new LayerObservation(SHAPE);
            observed.set(
                    passes * SHAPE.layerCount() + layer,
                    0,
                    rows.length,
                    rows.length,
                    (row, distance, out, outOffset) -> false);
            for (int row = 0; row < rows.length; row++) {
                for (int expert = 0; expert < 4; expert++) {
                    int favourite = (int) rows[row].conversation() % 4;
                    observed.probabilities()[row * 4 + expert] = expert == favourite ? 0.7f : 0.1f;
                }
            }
            maps.onRouted(observed);
        }
        passes++;
    }

    private Set<Row> learnt() {
        maps.settle();
        MapMatches all = store.nearestByEmbedding(new float[] {1, 1, 1}, 100);
        Set<Row> rows = new HashSet<>();
        for (int i = 0; i < all.count(); i++) {
            MapOrigin origin = all.origin(i);
            assertThat(origin.phase()).isEqualTo(Phase.DECODE);
            rows.add(new Row(origin.conversation(), origin.position()));
        }
        assertThat(rows).hasSize(all.count());
        return rows;
    }

    @Test
    void learnsAnswersWhosePassesReadOthersPrompts() {
        pass(Phase.PREFILL, new Row(1, 0), new Row(1, 1), new Row(1, 2));
        pass(Phase.PREFILL, new Row(1, 3), new Row(2, 0), new Row(2, 1));
        pass(Phase.DECODE, new Row(1, 4), new Row(2, 2));
        assertThat(learnt()).containsExactlyInAnyOrder(new Row(1, 3), new Row(1, 4), new Row(2, 2));
    }

    @Test
    void learnsOfEachRowWhatWasBeforeIt() {
        pass(Phase.PREFILL, new Row(1, 0), new Row(2, 0));
        pass(Phase.PREFILL, new Row(1, 1), new Row(2, 1), new Row(3, 0), new Row(3, 1));
        maps.settle();
        float[] ofTwo = new float[16];
        Arrays.fill(ofTwo, 0.1f);
        for (int layer = 0; layer < 4; layer++) {
            ofTwo[layer * 4 + 2] = 0.7f;
        }
        MapMatches nearest = store.nearestByTrajectory(ofTwo, 4, 1);
        assertThat(nearest.origin(0).conversation()).isEqualTo(2);
        assertThat(nearest.score(0)).isCloseTo(1, offset(1e-5f));
    }

    @Test
    void learnsNoMapOfAPrompt() {
        pass(Phase.PREFILL, new Row(1, 0), new Row(1, 1));
        pass(Phase.PREFILL, new Row(1, 2), new Row(1, 3));
        assertThat(learnt()).isEmpty();
    }

    @Test
    void learnsNothingOfARowWhosePassBeforeIsNotKnown() {
        pass(Phase.PREFILL, new Row(1, 0), new Row(1, 1));
        pass(Phase.DECODE, new Row(1, 3));
        assertThat(learnt()).isEmpty();
    }
}
