package dev.squall.perplexity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import dev.squall.generate.Cancellation;
import dev.squall.generate.DemoFile;
import dev.squall.generate.GenerationRequest;
import dev.squall.generate.LanguageModel;
import dev.squall.generate.ScoredToken;
import dev.squall.generate.Session;
import dev.squall.generate.TokenListener;
import dev.squall.sampling.SamplingOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Perplexity of the demo model, and divergence between its kernels. */
class PerplexityRunTest {
    private static final int WINDOW = 40;
    private static final String TEXT =
            "The capital of France is Paris. 5 + 11 = 16. Mia was a fox who lived in a small wood. ".repeat(12);

    @TempDir
    private Path folder;

    private static LanguageModel demo() throws IOException {
        return LanguageModel.builder(DemoFile.path()).contextTokens(WINDOW).load();
    }

    private static TextChunks chunks(LanguageModel model, int count) {
        return TextChunks.of(model.tokenizer(), TEXT, WINDOW, count);
    }

    @Test
    void isWhatScoringTheSameWindowsAsPromptsGives() throws IOException {
        try (LanguageModel model = demo()) {
            TextChunks chunks = chunks(model, 3);
            PerplexityRun run = new PerplexityRun(model, chunks, null, null);
            run.run((chunk, soFar) -> {});

            double sum = 0;
            int count = 0;
            try (Session session = model.newSession()) {
                for (int i = 0; i < 3; i++) {
                    GenerationRequest request =
                            new GenerationRequest(chunks.chunk(i), 0, SamplingOptions.greedy(), 0, new Cancellation());
                    ScoredToken[] scored = session.generate(request, TokenListener.NONE)
                            .prompt()
                            .toArray(ScoredToken[]::new);
                    for (ScoredToken token : Arrays.copyOfRange(scored, WINDOW / 2 + 1, WINDOW)) {
                        sum -= token.logProbability();
                        count++;
                    }
                }
            }
            assertThat(run.perplexity().tokens()).isEqualTo(count).isEqualTo(3 * chunks.scoredCount());
            assertThat(run.perplexity().value()).isCloseTo(Math.exp(sum / count), offset(1e-4));
            assertThat(run.perplexity().error()).isPositive();
        }
    }

    @Test
    void findsNoDivergenceOfAModelFromItself() throws IOException {
        Path base = folder.resolve("base");
        try (LanguageModel model = demo()) {
            TextChunks chunks = chunks(model, 2);
            Perplexity saved = save(model, chunks, base);
            try (DistributionFile.Reader reader = new DistributionFile.Reader(base, chunks, model.vocabularySize())) {
                PerplexityRun run = new PerplexityRun(model, chunks, reader, null);
                run.run((chunk, soFar) -> {});
                Divergence divergence = run.divergence();
                assertThat(divergence.base().value()).isCloseTo(saved.value(), offset(saved.value() * 1e-3));
                assertThat(divergence.ratio().value()).isCloseTo(1, offset(1e-3));
                assertThat(divergence.divergences().mean()).isCloseTo(0, offset(1e-4));
                assertThat(divergence.agreements().mean()).isEqualTo(1);
                assertThat(divergence.correlation()).isGreaterThan(0.9999);
                assertThat(divergence.differences().rootMeanSquare()).isLessThan(1e-3);
            }
        }
    }

    @Test
    void comparesWithTheBaseOfTheSameTextOnly() throws IOException {
        Path base = folder.resolve("base");
        try (LanguageModel model = demo()) {
            TextChunks chunks = chunks(model, 2);
            save(model, chunks, base);
            int vocabulary = model.vocabularySize();
            TextChunks more = chunks(model, 3);
            assertThatThrownBy(() -> new DistributionFile.Reader(base, more, vocabulary))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("has 2 windows, expected at least 3");
            TextChunks other = TextChunks.of(model.tokenizer(), TEXT.replace("fox", "hen"), WINDOW, 2);
            assertThatThrownBy(() -> new DistributionFile.Reader(base, other, vocabulary))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("another text or vocabulary");
            assertThatThrownBy(() -> new DistributionFile.Reader(base, chunks, vocabulary + 1))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("vocabulary size");
            byte[] whole = Files.readAllBytes(base);
            Files.write(base, Arrays.copyOf(whole, whole.length - 1));
            try (DistributionFile.Reader torn = new DistributionFile.Reader(base, chunks, vocabulary)) {
                assertThatThrownBy(() -> new PerplexityRun(model, chunks, torn, null).run((chunk, soFar) -> {}))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("ends early");
            }
            Files.writeString(base, "a letter, and no distributions");
            assertThatThrownBy(() -> new DistributionFile.Reader(base, chunks, vocabulary))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("holds no distributions");
        }
    }

    @Test
    void refusesATextOfLessThanTwoWindows() throws IOException {
        try (LanguageModel model = demo()) {
            assertThatThrownBy(() -> TextChunks.of(model.tokenizer(), "Too short.", WINDOW, 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("expected at least 80 (two windows of 40)");
        }
    }

    @Test
    void computesTheDivergenceOfKnownDistributions() {
        Divergence divergence = new Divergence();
        float[] base = {(float) Math.log(0.5), (float) Math.log(0.25), (float) Math.log(0.25)};
        float[] model = {(float) Math.log(0.25), (float) Math.log(0.5), (float) Math.log(0.25)};
        divergence.add(base, model, 0);
        divergence.add(base, base, 1);

        assertThat(divergence.divergences().mean()).isCloseTo(0.25 * Math.log(2) / 2, offset(1e-6));
        assertThat(divergence.agreements().mean()).isEqualTo(0.5);
        assertThat(divergence.differences().mean()).isCloseTo(-0.125, offset(1e-6));
        assertThat(divergence.differences().quantile(0)).isCloseTo(-0.25, offset(1e-6));
        assertThat(divergence.differences().rootMeanSquare()).isCloseTo(0.25 / Math.sqrt(2), offset(1e-6));
        assertThat(divergence.base().value()).isCloseTo(Math.sqrt(8), offset(1e-5));
        assertThat(divergence.ratio().value()).isCloseTo(Math.sqrt(2), offset(1e-5));
    }

    private static Perplexity save(LanguageModel model, TextChunks chunks, Path base) throws IOException {
        try (DistributionFile.Writer writer = new DistributionFile.Writer(base, chunks, model.vocabularySize())) {
            PerplexityRun run = new PerplexityRun(model, chunks, null, writer);
            run.run((chunk, soFar) -> {});
            return run.perplexity();
        }
    }
}
