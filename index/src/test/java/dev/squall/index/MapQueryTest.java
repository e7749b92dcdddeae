package dev.squall.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.squall.predict.MapShape;
import java.util.SplittableRandom;
import org.apache.lucene.util.BytesRef;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MapQueryTest {
    /** Of halves at unit length. */
    private static final double BOUND = 0x1p-9;

    private final SplittableRandom random = new SplittableRandom(5);

    private float[] numbers(int n) {
        float[] numbers = new float[n];
        for (int i = 0; i < n; i++) {
            numbers[i] = (float) random.nextDouble(0.01, 1);
        }
        return numbers;
    }

    private static double cosine(float[] a, float[] b, int from, int to) {
        double product = 0;
        double ofA = 0;
        double ofB = 0;
        for (int i = from; i < to; i++) {
            product += (double) a[i] * b[i];
            ofA += (double) a[i] * a[i];
            ofB += (double) b[i] * b[i];
        }
        return product / Math.sqrt(ofA * ofB);
    }

    private static BytesRef stored(float[] numbers) {
        return new BytesRef(HalfFloats.encode(numbers));
    }

    private static float[] unit(float[] numbers) {
        double squares = 0;
        for (float number : numbers) {
            squares += (double) number * number;
        }
        float[] unit = new float[numbers.length];
        for (int i = 0; i < unit.length; i++) {
            unit[i] = (float) (numbers[i] / Math.sqrt(squares));
        }
        return unit;
    }

    @ParameterizedTest
    @CsvSource({"1, 2, 1", "3, 7, 5", "5, 8, 16", "4, 130, 133"})
    void scoresAsTheFormulaDoes(int layers, int experts, int embeddingLength) {
        MapShape shape = new MapShape(layers, experts, 1, embeddingLength);
        float[] embedding = numbers(embeddingLength);
        float[] other = numbers(embeddingLength);
        float[] map = numbers(shape.probabilityCount());
        float[] otherMap = numbers(shape.probabilityCount());
        BytesRef storedEmbedding = stored(unit(other));
        BytesRef storedMap = stored(otherMap);
        double ofEmbeddings = cosine(embedding, other, 0, embeddingLength);
        assertThat((double) MapQuery.ofEmbedding(shape, embedding).score(storedEmbedding, new BytesRef()))
                .isCloseTo(ofEmbeddings, within(BOUND));
        double cosines = 0;
        for (int known = 1; known <= layers; known++) {
            cosines += cosine(map, otherMap, (known - 1) * experts, known * experts);
            assertThat((double) MapQuery.ofTrajectory(shape, map, known).score(new BytesRef(), storedMap))
                    .as("%d layers", known)
                    .isCloseTo(cosines / known, within(BOUND));
        }
        assertThat((double) MapQuery.ofBoth(shape, embedding, map, 0.25).score(storedEmbedding, storedMap))
                .isCloseTo(0.25 * ofEmbeddings + 0.75 * cosines / layers, within(BOUND));
    }
}
