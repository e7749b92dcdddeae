package dev.squall.generate;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PromptOrderTest {
    private static final List<String> MIXED = List.of(
            "What is the capital of France?",
            "Multiply 8 by 8.",
            "Tell me a story about a fox named Mia.",
            "What is the capital of Japan?",
            "Multiply 3 by 9.",
            "Tell me a story about a bear named Leo.",
            "Multiply 7 by 2.",
            "What is the capital of Kenya?",
            "Tell me a story about a cat named Zoe.");

    private static int[] order(List<String> prompts) throws IOException {
        try (LanguageModel model =
                LanguageModel.builder(DemoFile.path()).threads(1).load()) {
            return PromptOrder.bySimilarity(
                    model,
                    prompts.stream()
                            .map(prompt -> model.tokenizer().encode(prompt))
                            .toList());
        }
    }

    @Test
    void bringsPromptsThatAreAlikeTogether() throws IOException {
        List<String> kinds = Arrays.stream(order(MIXED))
                .mapToObj(MIXED::get)
                .map(prompt -> prompt.split(" ")[0])
                .toList();

        assertThat(kinds).hasSize(9);
        assertThat(IntStream.range(1, 9).filter(i -> !kinds.get(i).equals(kinds.get(i - 1))))
                .as("changes of kind in %s", kinds)
                .hasSize(2);
    }

    @Test
    void takesEveryPromptOnceAndTheFirstOneFirst() throws IOException {
        assertThat(order(MIXED))
                .containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6, 7, 8)
                .startsWith(0);
        assertThat(order(List.of("Hello"))).containsExactly(0);
        assertThat(order(List.of())).isEmpty();
        assertThat(order(List.of("Hello", "Hello", "Hello"))).containsExactlyInAnyOrder(0, 1, 2);
    }

    @Test
    void takesEveryPromptOnceEvenIfEmbeddingsAreNoNumbers() {
        float[][] vectors = new float[5][];
        for (int i = 0; i < vectors.length; i++) {
            vectors[i] = new float[64];
            vectors[i][i] = i == 1 ? Float.NaN : i == 3 ? Float.MAX_VALUE : i;
            vectors[i] = PromptOrder.unit(vectors[i]);
        }
        assertThat(PromptOrder.chain(vectors))
                .containsExactlyInAnyOrder(0, 1, 2, 3, 4)
                .startsWith(0);
    }
}
