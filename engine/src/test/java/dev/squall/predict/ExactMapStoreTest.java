package dev.squall.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ExactMapStoreTest {
    private static final MapShape SHAPE = new MapShape(3, 4, 2, 5);

    private static ExpertMap map(long seed, int position) {
        Random random = new Random(seed);
        float[] embedding = new float[SHAPE.embeddingLength()];
        for (int i = 0; i < embedding.length; i++) {
            embedding[i] = (float) random.nextGaussian();
        }
        float[] probabilities = new float[SHAPE.probabilityCount()];
        for (int layer = 0; layer < SHAPE.layerCount(); layer++) {
            float sum = 0;
            for (int expert = 0; expert < SHAPE.expertCount(); expert++) {
                float share = (float) Math.exp(2 * random.nextGaussian());
                probabilities[layer * SHAPE.expertCount() + expert] = share;
                sum += share;
            }
            for (int expert = 0; expert < SHAPE.expertCount(); expert++) {
                probabilities[layer * SHAPE.expertCount() + expert] /= sum;
            }
        }
        return new ExpertMap(embedding, probabilities, new MapOrigin(seed, Phase.DECODE, position, 1, 0, 0));
    }

    private static double cosine(float[] a, float[] b, int from, int to) {
        double product = 0;
        double squaresOfA = 0;
        double squaresOfB = 0;
        for (int i = from; i < to; i++) {
            product += (double) a[i] * b[i];
            squaresOfA += (double) a[i] * a[i];
            squaresOfB += (double) b[i] * b[i];
        }
        return product / Math.sqrt(squaresOfA * squaresOfB);
    }

    @Test
    void findsTheMapThatIsNearestByEmbeddingAndByEveryPrefix() {
        ExactMapStore store = new ExactMapStore(SHAPE, 300, 2);
        for (int i = 0; i < 300; i++) {
            store.add(map(i, i));
        }
        for (int query = 1000; query < 1040; query++) {
            ExpertMap asked = map(query, 0);
            double best = -1;
            for (int i = 0; i < 300; i++) {
                best = Math.max(best, cosine(map(i, i).embedding(), asked.embedding(), 0, 5));
            }
            assertThat(store.nearestByEmbedding(asked.embedding(), 3).score(0)).isCloseTo((float) best, within(1e-6f));
            for (int layers = 1; layers <= 3; layers++) {
                double nearest = -1;
                for (int i = 0; i < 300; i++) {
                    double sum = 0;
                    for (int layer = 0; layer < layers; layer++) {
                        sum += cosine(map(i, i).probabilities(), asked.probabilities(), layer * 4, layer * 4 + 4);
                    }
                    nearest = Math.max(nearest, sum / layers);
                }
                MapMatches matches = store.nearestByTrajectory(asked.probabilities(), layers, 5);
                assertThat(matches.count()).isEqualTo(5);
                assertThat(matches.score(0)).isCloseTo((float) nearest, within(1e-6f));
                assertThat(matches.score(1)).isLessThanOrEqualTo(matches.score(0));
            }
        }
    }

    @Test
    void findsMapsOfTheSameEmbeddingFirstAlsoWhenSomeWereReplaced() {
        ExactMapStore store = new ExactMapStore(SHAPE, 40, 2);
        for (int i = 0; i < 400; i++) {
            ExpertMap map = map(i, i);
            store.add(new ExpertMap(map(i % 5, 0).embedding(), map.probabilities(), map.origin()));
        }
        for (int token = 0; token < 5; token++) {
            MapMatches all = store.nearestByEmbedding(map(token, 0).embedding(), 40);
            int same = 0;
            while (same < 40 && all.origin(same).position() % 5 == token) {
                same++;
            }
            for (int i = same; i < 40; i++) {
                assertThat(all.origin(i).position() % 5).isNotEqualTo(token);
            }
            MapMatches few = store.nearestByEmbedding(map(token, 0).embedding(), Math.max(1, same));
            for (int i = 0; i < same; i++) {
                assertThat(few.score(i)).isCloseTo(1, within(1e-6f));
                assertThat(few.origin(i)).isEqualTo(all.origin(i));
            }
        }
    }

    @Test
    void tellsTheMapsOfOneEmbeddingNewestFirst() {
        ExactMapStore store = new ExactMapStore(SHAPE, 40, 2);
        for (int i = 0; i < 30; i++) {
            store.add(new ExpertMap(
                    map(i % 3, 0).embedding(),
                    map(i, i).probabilities(),
                    map(i, i).origin()));
        }
        MapMatches found = store.ofEmbedding(map(1, 0).embedding(), new float[0], 100, 4);
        assertThat(found.count()).isEqualTo(4);
        for (int i = 0; i < 4; i++) {
            assertThat(found.score(i)).isEqualTo(1);
            assertThat(found.origin(i).position()).isEqualTo(28 - 3 * i);
        }
        assertThat(store.ofEmbedding(map(1, 0).embedding(), new float[0], 100, 40)
                        .count())
                .isEqualTo(10);
        assertThat(store.ofEmbedding(map(7, 0).embedding(), new float[0], 100, 4)
                        .count())
                .isZero();
    }

    @Test
    void tellsTheMapsOfOneEmbeddingThatBeganMostAlikeFirstAlsoWhenSomeWereReplaced() {
        ExactMapStore store = new ExactMapStore(SHAPE, 40, 2);
        float[] embedding = map(1, 0).embedding();
        for (int i = 0; i < 200; i++) {
            store.add(new ExpertMap(
                    embedding, map(i, i).probabilities(), map(i, i).origin()));
        }
        for (int layers = 1; layers <= 3; layers++) {
            float[] beginning = Arrays.copyOf(map(1000, 0).probabilities(), layers * 4);
            MapMatches all = store.ofEmbedding(embedding, beginning, 40, 40);
            assertThat(all.count()).isEqualTo(40);
            for (int i = 1; i < 40; i++) {
                int now = inCommon(beginning, all.origin(i).position());
                int before = inCommon(beginning, all.origin(i - 1).position());
                assertThat(now).isLessThanOrEqualTo(before);
                if (now == before) {
                    assertThat(all.origin(i).position())
                            .isLessThan(all.origin(i - 1).position());
                }
            }
            MapMatches few = store.ofEmbedding(embedding, beginning, 40, 5);
            assertThat(few.count()).isEqualTo(5);
            for (int i = 0; i < 5; i++) {
                assertThat(few.origin(i)).isEqualTo(all.origin(i));
            }
            MapMatches newest = store.ofEmbedding(embedding, beginning, 10, 40);
            assertThat(newest.count()).as("looked at").isEqualTo(10);
        }
    }

    /** Of the two likeliest experts of each layer, as SHAPE uses two. */
    private static int inCommon(float[] beginning, int seed) {
        float[] others = map(seed, 0).probabilities();
        int same = 0;
        for (int i = 0; i < beginning.length; i++) {
            same += isUsed(beginning, i) && isUsed(others, i) ? 1 : 0;
        }
        return same;
    }

    private static boolean isUsed(float[] values, int at) {
        int greater = 0;
        for (int i = at / 4 * 4; i < at / 4 * 4 + 4; i++) {
            greater += values[i] > values[at] ? 1 : 0;
        }
        return greater < 2;
    }

    @Test
    void whatWasFoundStaysAsItWas() {
        ExactMapStore store = new ExactMapStore(SHAPE, 1, 2);
        store.add(map(1, 1));
        MapMatches found = store.nearestByEmbedding(map(1, 0).embedding(), 1);
        store.add(map(2, 2));
        assertThat(found.origin(0).position()).isEqualTo(1);
        float[] layer = new float[4];
        found.probabilities(0, 2, layer, 0);
        assertThat(layer[3]).isEqualTo(map(1, 0).probabilities()[11]);
    }

    private static ExactMapStore ofMaps(int count) {
        ExactMapStore store = new ExactMapStore(SHAPE, 200, 2);
        for (int i = 0; i < count; i++) {
            store.add(map(i, i));
        }
        return store;
    }

    @Test
    void aPrefixIsFoundTheSameWhateverWasSearchedBefore() {
        ExactMapStore onward = ofMaps(100);
        for (int added = 0; added < 20; added++) {
            float[] query = map(1000 + added, 0).probabilities();
            for (int layers : new int[] {1, 2, 3, 2, 3}) {
                assertSameMatches(onward, ofMaps(100 + added), query, layers);
            }
            onward.add(map(100 + added, 100 + added));
            assertSameMatches(onward, ofMaps(101 + added), query, 3);
        }
    }

    private static void assertSameMatches(ExactMapStore store, ExactMapStore other, float[] query, int layers) {
        MapMatches matches = store.nearestByTrajectory(query, layers, 5);
        MapMatches expected = other.nearestByTrajectory(query, layers, 5);
        for (int i = 0; i < 5; i++) {
            assertThat(matches.score(i)).isEqualTo(expected.score(i));
            assertThat(matches.origin(i)).isEqualTo(expected.origin(i));
        }
    }

    @Test
    void givesBackWhatWasStored() {
        ExactMapStore store = new ExactMapStore(SHAPE, 10, 2);
        store.add(map(7, 42));
        MapMatches matches = store.nearestByTrajectory(map(7, 0).probabilities(), 3, 4);
        assertThat(matches.count()).isEqualTo(1);
        assertThat(matches.score(0)).isCloseTo(1, within(1e-6f));
        assertThat(matches.origin(0).position()).isEqualTo(42);
        float[] layer = new float[5];
        matches.probabilities(0, 1, layer, 1);
        for (int expert = 0; expert < 4; expert++) {
            assertThat(layer[1 + expert]).isCloseTo(map(7, 0).probabilities()[4 + expert], within(1e-6f));
        }
    }

    @Test
    void aFullStoreReplacesTheMapMostLikeTheNewOne() {
        ExactMapStore store = new ExactMapStore(SHAPE, 20, 1);
        for (int i = 0; i < 20; i++) {
            store.add(map(i, i));
        }
        ExpertMap twin = map(13, 999);
        store.add(twin);
        assertThat(store.size()).isEqualTo(20);
        MapMatches matches = store.nearestByTrajectory(twin.probabilities(), 3, 20);
        assertThat(matches.origin(0).position()).isEqualTo(999);
        for (int i = 0; i < 20; i++) {
            assertThat(matches.origin(i).position()).isNotEqualTo(13);
        }
    }

    @Test
    void refusesWhatHasAnotherShapeOrNoDirection() {
        ExactMapStore store = new ExactMapStore(SHAPE, 20, 1);
        assertThatThrownBy(() -> store.nearestByEmbedding(new float[4], 1))
                .hasMessage("an embedding of 4 numbers, expected 5");
        assertThatThrownBy(() -> store.nearestByEmbedding(new float[5], 1))
                .hasMessage("an embedding has length 0.0, expected a finite one above 0");
        assertThatThrownBy(() -> store.nearestByTrajectory(new float[12], 4, 1))
                .hasMessage("a trajectory of 4 layers, expected from 1 to 3");
        assertThatThrownBy(() -> store.nearestByTrajectory(new float[11], 1, 1))
                .hasMessage("an expert map of 11 probabilities, expected 12");
    }
}
