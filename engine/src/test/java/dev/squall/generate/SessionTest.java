package dev.squall.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.squall.compute.ComputeBackend;
import dev.squall.compute.JvmBackend;
import dev.squall.sampling.SamplingOptions;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Sessions on the demo model. */
class SessionTest {
    private static final SamplingOptions WARM = new SamplingOptions(1.2f, 0, 1, 0, 1.1f, 64, 42);
    private static final String STORY = chat("Tell me a story about a fox named Mia.");

    private static String chat(String user) {
        return "<|im_start|>user\n" + user + "<|im_end|>\n<|im_start|>assistant\n";
    }

    private static LanguageModel.Builder demo() {
        return LanguageModel.builder(DemoFile.path());
    }

    private static GenerationResult generate(LanguageModel model, SamplingOptions sampling) {
        try (Session session = model.newSession()) {
            return session.generate(
                    GenerationRequest.of(model.tokenizer().encodeTrusted(STORY), 80, sampling), TokenListener.NONE);
        }
    }

    @Test
    void theSameSeedGivesTheSameTextWithAnyNumberOfThreads() throws IOException {
        TreeSet<String> texts = new TreeSet<>();
        for (int threads : new int[] {1, 2, 3}) {
            try (LanguageModel model = demo().threads(threads).load()) {
                texts.add(generate(model, WARM).text());
                texts.add(generate(model, WARM).text());
            }
        }
        assertThat(texts).hasSize(1);
        try (LanguageModel model = demo().load()) {
            SamplingOptions otherSeed = new SamplingOptions(1.2f, 0, 1, 0, 1.1f, 64, 43);
            assertThat(generate(model, otherSeed).text()).isNotEqualTo(texts.first());
        }
    }

    @Test
    void aBatchThatAnswersNothingAtATimeIsRefused() throws IOException {
        try (LanguageModel model = demo().load()) {
            assertThatThrownBy(() -> new BatchGenerator(model, 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("concurrency=0, expected at least 1");
        }
    }

    @Test
    void aPromptGivesTheSameProbabilitiesInOneChunkAndTokenByToken() throws IOException {
        try (LanguageModel model = demo().sequences(2).load();
                Session whole = model.newSession();
                Session stepwise = model.newSession()) {
            int[] prompt = model.tokenizer().encodeTrusted(STORY);
            GenerationResult together = whole.generate(scored(prompt, 30), TokenListener.NONE);
            for (int length = 1; length < prompt.length; length++) {
                GenerationRequest request =
                        GenerationRequest.of(Arrays.copyOf(prompt, length), 0, SamplingOptions.greedy());
                stepwise.generate(request, TokenListener.NONE);
            }
            GenerationResult last =
                    stepwise.generate(GenerationRequest.of(prompt, 30, SamplingOptions.greedy()), TokenListener.NONE);
            assertThat(last.metrics().promptTokensCached()).isEqualTo(prompt.length - 1);
            assertThat(last.text()).isEqualTo(together.text());

            int[] timeline = Arrays.copyOf(prompt, prompt.length + 30);
            for (int i = 0; i < 30; i++) {
                timeline[prompt.length + i] = together.answer().get(i).token();
            }
            List<ScoredToken> inOneChunk =
                    whole.generate(scored(timeline, 0), TokenListener.NONE).prompt();
            assertThat(inOneChunk.subList(prompt.length, timeline.length)).isEqualTo(together.answer());
        }
    }

    private static GenerationRequest scored(int[] prompt, int tokensMax) {
        return new GenerationRequest(prompt, tokensMax, SamplingOptions.greedy(), 3, new Cancellation());
    }

    @Test
    void sessionsOfOneModelDoNotDisturbEachOther() throws IOException {
        try (LanguageModel model = demo().sequences(2).load();
                Session story = model.newSession();
                Session sum = model.newSession()) {
            int[] storyPrompt = model.tokenizer().encodeTrusted(STORY);
            int[] sumPrompt = model.tokenizer().encodeTrusted(chat("How much is 5 plus 11?"));
            String alone = story.generate(
                            GenerationRequest.of(storyPrompt, 40, SamplingOptions.greedy()), TokenListener.NONE)
                    .text();
            int[] timeline = storyPrompt;
            StringBuilder interleaved = new StringBuilder();
            for (int step = 0; step < 40; step++) {
                GenerationResult one =
                        story.generate(GenerationRequest.of(timeline, 1, SamplingOptions.greedy()), TokenListener.NONE);
                interleaved.append(one.text());
                timeline = Arrays.copyOf(timeline, timeline.length + 1);
                timeline[timeline.length - 1] = one.answer().getFirst().token();
                assertThat(sum.generate(
                                        GenerationRequest.of(sumPrompt, 12, SamplingOptions.greedy()),
                                        TokenListener.NONE)
                                .text())
                        .isEqualTo("5 + 11 = 16.");
            }
            assertThat(interleaved.toString()).isEqualTo(alone);
            assertThatThrownBy(model::newSession)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("2 sessions are open");
        }
    }

    @Test
    void streamsTheTextItReturnsAndStopsWhenCancelled() throws IOException {
        try (LanguageModel model = demo().load();
                Session session = model.newSession()) {
            int[] prompt = model.tokenizer().encodeTrusted(STORY);
            StringBuilder streamed = new StringBuilder();
            GenerationResult whole =
                    session.generate(GenerationRequest.of(prompt, 300, WARM), (token, text) -> streamed.append(text));
            assertThat(streamed.toString()).isEqualTo(whole.text()).isNotBlank();

            Cancellation cancellation = new Cancellation();
            List<Integer> tokens = new ArrayList<>();
            GenerationResult cut =
                    session.generate(new GenerationRequest(prompt, 300, WARM, -1, cancellation), (token, text) -> {
                        tokens.add(token.token());
                        if (tokens.size() == 5) {
                            cancellation.cancel();
                        }
                    });
            assertThat(cut.stopReason()).isEqualTo(StopReason.CANCELLED);
            assertThat(tokens).hasSize(5);
            assertThat(whole.text()).startsWith(cut.text());
        }
    }

    @Test
    void countsOnlyWhatItEvaluatedOfAPromptThatWasCancelled() throws IOException {
        try (LanguageModel model = demo().load();
                Session session = model.newSession()) {
            int[] prompt = new int[400];
            Arrays.fill(prompt, 268);
            Cancellation cancellation = new Cancellation();
            GenerationResult cut =
                    session.generate(new GenerationRequest(prompt, 1, WARM, -1, cancellation), new TokenListener() {
                        @Override
                        public void onPrefill(int evaluated, int all) {
                            if (evaluated > 0) {
                                cancellation.cancel();
                            }
                        }

                        @Override
                        public void onToken(ScoredToken token, String text) {}
                    });

            assertThat(cut.stopReason()).isEqualTo(StopReason.CANCELLED);
            assertThat(cut.metrics().promptTokens()).isEqualTo(256).isEqualTo(session.tokens().length);
        }
    }

    @Test
    void closesTheFileAlsoWhereTheBackendCannotBeClosed() throws IOException {
        LanguageModel model = demo().backend((weights, options) -> (ComputeBackend) Proxy.newProxyInstance(
                        ComputeBackend.class.getClassLoader(),
                        new Class<?>[] {ComputeBackend.class},
                        failingToClose(JvmBackend.vector().create(weights, options))))
                .load();
        MemorySegment tensor = model.file().tensors().firstEntry().getValue().data();

        assertThatThrownBy(model::close).hasMessage("the device is gone");

        assertThatThrownBy(() -> tensor.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
        model.close();
    }

    private static InvocationHandler failingToClose(ComputeBackend backend) {
        return (proxy, method, arguments) -> {
            Object result = method.invoke(backend, arguments);
            if (method.getName().equals("close")) {
                throw new IllegalStateException("the device is gone");
            }
            return result;
        };
    }

    @Test
    void refusesAPromptThatLeavesNoRoomAndStopsWhenTheContextIsFull() throws IOException {
        try (LanguageModel model = demo().contextTokens(32).load();
                Session session = model.newSession()) {
            int[] prompt = new int[32];
            Arrays.fill(prompt, 268);
            assertThatThrownBy(() -> session.generate(
                            GenerationRequest.of(prompt, 1, SamplingOptions.greedy()), TokenListener.NONE))
                    .isInstanceOf(ContextOverflowException.class)
                    .hasMessage("the prompt has 32 tokens, expected at most 31 (context of 32): shorten it, or give a"
                            + " larger context (-c)");
            int[] shorter = model.tokenizer().encodeTrusted(STORY);
            GenerationResult full = session.generate(GenerationRequest.of(shorter, 1000, WARM), TokenListener.NONE);
            assertThat(full.stopReason()).isEqualTo(StopReason.CONTEXT_FULL);
            assertThat(session.tokens()).hasSize(32);
        }
    }

    @Test
    void refusesAContextBeyondTheModelsOwn() {
        assertThatThrownBy(() -> demo().contextTokens(513).load())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "context of 513 tokens, expected at most 512, which the model was trained for: give a smaller"
                                + " context (-c)");
    }

    @Test
    void observersHearTheFullDistributionOfEveryLayerAndToken() throws IOException {
        try (LanguageModel model = demo().load();
                Session session = model.newSession()) {
            List<Integer> layers = new ArrayList<>();
            List<Integer> rows = new ArrayList<>();
            model.addObserver(routing -> {
                layers.add(routing.layer());
                rows.add(routing.rows().size());
                for (int row = 0; row < routing.rows().size(); row++) {
                    double sum = 0;
                    for (int expert = 0; expert < 16; expert++) {
                        sum += routing.probabilities()[row * 16 + expert];
                    }
                    assertThat(sum).isBetween(0.9999, 1.0001);
                }
            });
            int[] prompt = model.tokenizer().encodeTrusted(STORY);
            session.generate(GenerationRequest.of(prompt, 3, SamplingOptions.greedy()), TokenListener.NONE);
            assertThat(layers).hasSize(8 * 3).startsWith(0, 1, 2, 3, 4, 5, 6, 7, 0);
            assertThat(rows.subList(0, 8)).containsOnly(prompt.length);
            assertThat(rows.subList(8, 24)).containsOnly(1);
        }
    }
}
