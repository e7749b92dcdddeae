package dev.squall.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.squall.compute.BackendFactory;
import dev.squall.compute.JvmBackend;
import dev.squall.generate.GoldenComparison.Golden;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The demo model against llama.cpp: golden/README.md says how the file is made again and how far llama.cpp's own builds
 * for different processors agree. Continuations must be the same, except that they may part at a near tie.
 */
class DemoGoldenTest {
    /** The two likeliest tokens are at a near tie if their probabilities differ by less: so much llama.cpp's builds do. */
    private static final double NEAR_TIE = 0.01;

    private static final int NEAR_TIES_MAX = 4;
    private static final double MEAN_DIFFERENCE_MAX = 0.0003;

    /** One probability in 500 may differ by more: an expert or an 8-bit activation at a near tie decides it. */
    private static final double DIFFERENCE_MAX = 0.01;

    @Test
    void theVectorKernelsGiveTheTokensThatLlamaCppGives() throws IOException {
        compare(JvmBackend.vector(), goldens());
    }

    @Test
    void theScalarKernelsGiveTheTokensThatLlamaCppGives() throws IOException {
        compare(JvmBackend.scalar(), goldens().subList(0, 12));
    }

    private static void compare(BackendFactory backend, List<Golden> goldens) throws IOException {
        assertThat(goldens).hasSizeGreaterThanOrEqualTo(12);
        GoldenComparison comparison = new GoldenComparison(NEAR_TIE);
        try (LanguageModel model =
                        LanguageModel.builder(DemoFile.path()).backend(backend).load();
                Session session = model.newSession()) {
            goldens.forEach(golden -> comparison.compare(session, golden));
        }
        assertThat(comparison.parted())
                .as("continuations that part from llama.cpp's")
                .isEmpty();
        assertThat(comparison.nearTies())
                .as("continuations that part at a near tie")
                .isLessThanOrEqualTo(NEAR_TIES_MAX);
        int count = comparison.differences().size();
        assertThat(comparison.meanDifference())
                .as("mean difference of %d probabilities", count)
                .isLessThan(MEAN_DIFFERENCE_MAX);
        assertThat(comparison.differencesAbove(DIFFERENCE_MAX))
                .as("probabilities of %d that differ by more than %s", count, DIFFERENCE_MAX)
                .isLessThanOrEqualTo(count / 500);
    }

    private static List<Golden> goldens() throws IOException {
        return GoldenComparison.read("/golden/demo-greedy.jsonl");
    }
}
