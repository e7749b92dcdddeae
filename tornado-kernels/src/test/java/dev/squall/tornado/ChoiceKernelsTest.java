package dev.squall.tornado;

import static dev.squall.tornado.OneTask.CONTEXT;
import static dev.squall.tornado.OneTask.arrays;
import static dev.squall.tornado.OneTask.floats;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The likeliest token is found wherever it is, and of equals the first. */
class ChoiceKernelsTest {
    @ParameterizedTest
    @CsvSource({
        // vocabulary, work-items, group, different logits
        "1, 1, 1, 1",
        "7, 7, 4, 3",
        "100, 7, 1, 1",
        "1000, 64, 64, 4",
        "4099, 1024, 32, 100000",
        "1025, 1024, 64, 2",
    })
    void findsTheFirstOfTheLargest(int vocabulary, int items, int group, int different) {
        Random random = new Random(vocabulary);
        for (int repeat = 0; repeat < 5; repeat++) {
            float scale = repeat % 2 == 0 ? 1 : 0.3f;
            float[] x = new float[vocabulary];
            int expected = 0;
            for (int i = 0; i < vocabulary; i++) {
                x[i] = random.nextInt(different) - different * repeat / 4f;
                expected = x[i] * scale > x[expected] * scale ? i : expected;
            }
            FloatArray best = new FloatArray(items);
            IntArray tokens = new IntArray(items);
            FloatArray logits = floats(x);
            OneTask.run(
                    items,
                    group,
                    arrays(best, tokens),
                    arrays(logits),
                    g -> g.task(
                            "t", ChoiceKernels::bestOfSome, CONTEXT, logits, best, tokens, vocabulary, items, scale));
            IntArray chosen = new IntArray(1);
            OneTask.run(
                    group,
                    group,
                    arrays(chosen),
                    arrays(best, tokens),
                    g -> g.task("t", ChoiceKernels::bestOfAll, CONTEXT, best, tokens, chosen, items));
            assertThat(chosen.get(0)).isEqualTo(expected);
        }
    }
}
