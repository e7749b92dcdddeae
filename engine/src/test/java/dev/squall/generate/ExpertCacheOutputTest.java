package dev.squall.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.squall.expert.CacheCounters;
import dev.squall.expert.ExpertCacheOptions;
import dev.squall.model.TinyModel;
import dev.squall.predict.PolicyName;
import dev.squall.predict.PolicyOptions;
import dev.squall.predict.PredictionCounters;
import dev.squall.sampling.SamplingOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An expert cache changes where experts are, never what is computed with them. */
class ExpertCacheOutputTest {
    private static final int EXPERTS = 8 * 16;

    /** Three matrices of 96 x 192 in blocks of 32 elements and 34 bytes. */
    private static final long EXPERT_BYTES = 3L * 96 * 192 / 32 * 34;

    private static final SamplingOptions WARM = new SamplingOptions(1.1f, 0, 1, 0, 1, 0, 99);

    @TempDir
    Path folder;

    private static GenerationResult story(LanguageModel model) {
        try (Session session = model.newSession()) {
            int[] prompt = model.tokenizer().encodeTrusted("""
                    <|im_start|>user
                    Tell me a story about a fox named Mia.<|im_end|>
                    <|im_start|>assistant
                    """);
            return session.generate(new GenerationRequest(prompt, 60, WARM, 3, new Cancellation()), TokenListener.NONE);
        }
    }

    @Test
    void everyPolicyAndSizeGivesTheSameProbabilitiesBitForBit() throws IOException {
        Path file = Files.copy(DemoFile.path(), folder.resolve("demo.gguf"));
        GenerationResult expected;
        try (LanguageModel model = LanguageModel.builder(file).load()) {
            expected = story(model);
        }
        Path trace = folder.resolve("story.trace");
        try (LanguageModel model = LanguageModel.builder(file).traceOut(trace).load()) {
            assertThat(story(model).answer()).isEqualTo(expected.answer());
        }
        for (PolicyName policy : PolicyName.values()) {
            for (int slots : new int[] {16, 33, EXPERTS}) {
                boolean direct = slots != 33;
                CacheCounters counters = expectSameAnswer(file, expected, policy, trace, slots, direct);
                assertThat(counters.misses()).isPositive();
                if (List.of(PolicyName.LRU, PolicyName.LFU, PolicyName.FIFO, PolicyName.RANDOM)
                        .contains(policy)) {
                    assertThat(counters.bytesLoaded()).isEqualTo(counters.misses() * EXPERT_BYTES);
                    assertThat(counters.bytesLoadedAhead()).isZero();
                }
                if (slots == EXPERTS) {
                    assertThat(counters.misses()).isLessThanOrEqualTo(EXPERTS);
                }
            }
        }
    }

    @Test
    void aPolicyThatOnlySaysWhatGoesHasNoPredictor() throws IOException {
        Path file = Files.copy(DemoFile.path(), folder.resolve("demo.gguf"));
        for (PolicyName policy : List.of(PolicyName.LRU, PolicyName.SQUALL)) {
            LanguageModel model = LanguageModel.builder(file)
                    .expertCache(new ExpertCacheOptions(33 * (EXPERT_BYTES + 192), false))
                    .policy(PolicyOptions.of(policy))
                    .load();
            try (model) {
                story(model);
            }

            PredictionCounters counters = model.predictionCounters();
            assertThat(counters.observed() + counters.dropped() > 0)
                    .as("%s hears of layers", policy)
                    .isEqualTo(policy == PolicyName.SQUALL);
        }
    }

    @Test
    void plansThatAreIgnoredAreMadeAndLoadNothing() throws IOException {
        Path file = Files.copy(DemoFile.path(), folder.resolve("demo.gguf"));
        for (boolean predicting : new boolean[] {true, false}) {
            LanguageModel model = LanguageModel.builder(file)
                    .expertCache(ExpertCacheOptions.ofShare(0.25, false))
                    .policy(PolicyOptions.of(PolicyName.SQUALL).withPlansIgnored())
                    .load();
            try (model) {
                model.setPredicting(predicting);
                story(model);
            }

            assertThat(model.predictionCounters().observed() > 0).isEqualTo(predicting);
            assertThat(model.expertCounters().bytesLoadedAhead()).isZero();
        }
    }

    @Test
    void wrongPredictionsChangeNothing() throws IOException {
        Path file = Files.copy(DemoFile.path(), folder.resolve("demo.gguf"));
        GenerationResult expected;
        try (LanguageModel model = LanguageModel.builder(file).load()) {
            expected = story(model);
        }
        Path trace = folder.resolve("sums.trace");
        try (LanguageModel model = LanguageModel.builder(file).traceOut(trace).load();
                Session session = model.newSession()) {
            int[] prompt = model.tokenizer().encodeTrusted("<|im_start|>user\n7 * 8 - 3 + 21 / 5\n".repeat(6));
            session.generate(GenerationRequest.of(prompt, 90, SamplingOptions.greedy()), TokenListener.NONE);
        }
        CacheCounters counters = expectSameAnswer(file, expected, PolicyName.ORACLE, trace, 20, true);
        assertThat(counters.predictionPrecision()).isLessThan(0.7);
        assertThat(counters.wasted()).isPositive();
    }

    private static CacheCounters expectSameAnswer(
            Path file, GenerationResult expected, PolicyName policy, Path trace, int slots, boolean direct)
            throws IOException {
        long bytes = slots * (EXPERT_BYTES + (direct ? 3 * 3 * 4096 : 192));
        try (LanguageModel model = LanguageModel.builder(file)
                .threads(1 + slots % 2)
                .expertCache(new ExpertCacheOptions(bytes, direct))
                .policy(PolicyOptions.of(policy).withTrace(policy.needsTrace() ? trace : null))
                .load()) {
            GenerationResult actual = story(model);
            assertThat(actual.answer())
                    .as("%s, %d slots, direct reads %s", policy, slots, direct)
                    .isEqualTo(expected.answer());
            assertThat(actual.prompt()).isEqualTo(expected.prompt());
            return actual.metrics().experts();
        }
    }

    @Test
    void sharedExpertsBiasesAndDenseLayersStayInMemory() throws IOException {
        for (String family : List.of("qwen2moe", "gpt-oss", "deepseek2")) {
            Path file = folder.resolve(family + ".gguf");
            TinyModel.of(family, TinyModel.Mix.Q8_0, 1).write(file);
            GenerationRequest request = GenerationRequest.of(new int[] {50, 60, 70, 80}, 24, WARM);
            List<ScoredToken> expected;
            try (LanguageModel model = LanguageModel.builder(file).load();
                    Session session = model.newSession()) {
                expected = session.generate(request, TokenListener.NONE).answer();
            }
            try (LanguageModel model = LanguageModel.builder(file)
                            .expertCache(new ExpertCacheOptions(1 << 20, true))
                            .load();
                    Session session = model.newSession()) {
                assertThat(session.generate(request, TokenListener.NONE).answer())
                        .as(family)
                        .isEqualTo(expected);
            }
        }
    }

    @Test
    void refusesACacheThatHoldsLessThanOneLayer() {
        assertThatThrownBy(() -> LanguageModel.builder(DemoFile.path())
                        .expertCache(new ExpertCacheOptions(EXPERT_BYTES, false))
                        .load())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("one layer's experts: give it");
    }
}
