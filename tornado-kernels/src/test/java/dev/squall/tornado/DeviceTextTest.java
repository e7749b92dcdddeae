package dev.squall.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import dev.squall.compute.BackendFactory;
import dev.squall.compute.JvmBackend;
import dev.squall.expert.ExpertCacheOptions;
import dev.squall.generate.Cancellation;
import dev.squall.generate.GenerationRequest;
import dev.squall.generate.GenerationResult;
import dev.squall.generate.LanguageModel;
import dev.squall.generate.ScoredToken;
import dev.squall.generate.Session;
import dev.squall.generate.TokenListener;
import dev.squall.generate.TokenProbability;
import dev.squall.model.TinyModel.Mix;
import dev.squall.model.TinyModels;
import dev.squall.model.TinyModels.Case;
import dev.squall.sampling.SamplingOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The device says what the JVM's backend says, with a quarter of the experts in slots. */
class DeviceTextTest {
    /**
     * Tokens this close are told apart by rounding: device and JVM add in different orders, and an activation that rounds
     * to another 8-bit number, or an expert at a near tie, moves all that follow.
     */
    private static final double NEAR_TIE = 0.25;

    @TempDir
    Path folder;

    private static BackendFactory device() {
        return TornadoBackend.factory(DeviceLimits.none());
    }

    @Test
    void answersAHundredPromptsAsTheJvmDoes() throws IOException {
        Path file = DemoFile.copyTo(folder);
        List<String> prompts;
        try (InputStream in = Objects.requireNonNull(DeviceTextTest.class.getResourceAsStream("/prompts/demo.txt"))) {
            prompts = new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
        }
        assertThat(prompts).hasSize(100);
        List<List<ScoredToken>> expected;
        try (LanguageModel model =
                LanguageModel.builder(file).contextTokens(160).load()) {
            expected = answers(model, prompts);
        }
        try (LanguageModel model = LanguageModel.builder(file)
                .contextTokens(160)
                .backend(device())
                .expertCache(ExpertCacheOptions.ofShare(0.25, false))
                .load()) {
            List<List<ScoredToken>> actual = answers(model, prompts);
            List<String> parted = new ArrayList<>();
            for (int i = 0; i < prompts.size(); i++) {
                for (int step = 0; step < expected.get(i).size(); step++) {
                    ScoredToken token = expected.get(i).get(step);
                    if (actual.get(i).get(step).token() != token.token()) {
                        assertThat(gap(token))
                                .as("%s, step %d", prompts.get(i), step)
                                .isLessThan(NEAR_TIE);
                        parted.add(prompts.get(i));
                        break;
                    }
                }
            }
            assertThat(parted).as("prompts with other answers").hasSizeLessThanOrEqualTo(2);
            assertThat(model.expertCounters().bytesLoadedAhead()).isPositive();
        }
    }

    private static List<List<ScoredToken>> answers(LanguageModel model, List<String> prompts) {
        List<List<ScoredToken>> answers = new ArrayList<>();
        try (Session session = model.newSession()) {
            for (String prompt : prompts) {
                int[] tokens = model.tokenizer()
                        .encodeTrusted("<|im_start|>user\n" + prompt + "<|im_end|>\n<|im_start|>assistant\n");
                answers.add(generate(session, tokens, 32).answer());
            }
        }
        return answers;
    }

    private static GenerationResult generate(Session session, int[] prompt, int tokensMax) {
        return session.generate(
                new GenerationRequest(prompt, tokensMax, SamplingOptions.greedy(), 2, new Cancellation()),
                TokenListener.NONE);
    }

    /** How much likelier the likeliest token is than the next, as a difference of logarithms. */
    private static double gap(ScoredToken token) {
        List<TokenProbability> likeliest = token.likeliest();
        return likeliest.get(0).logProbability() - likeliest.get(1).logProbability();
    }

    @Test
    void computesEveryArchitectureInEveryMixAsTheJvmDoes() throws IOException {
        Set<String> computed = new TreeSet<>();
        Comparison half = new Comparison();
        Comparison quantised = new Comparison();
        for (Case tiny : TinyModels.all()) {
            Path file = folder.resolve(tiny.fileName());
            tiny.model().write(file);
            computed.add(tiny.family() + " " + tiny.mix());
            int[] timeline = timeline(file);
            List<ScoredToken> expected = score(file, JvmBackend.vector(), timeline);
            List<ScoredToken> actual = score(file, device(), timeline);
            (tiny.mix() == Mix.F16 ? half : quantised).add(expected, actual);
        }
        assertThat(computed)
                .hasSize(37)
                .contains(
                        "gpt-oss MXFP4", "gpt-oss Q4_K_M", "deepseek2 F16", "deepseek2-lite Q8_0", "phimoe-long Q8_0");
        // The JVM's own scalar kernels differ from its fast ones by a quarter of this; llama.cpp's from both by as
        // much.
        assertThat(half.differences / half.steps).isLessThan(0.002);
        assertThat(half.farApart).isZero();
        assertThat(quantised.differences / quantised.steps).isLessThan(0.03);
        assertThat(quantised.parted).isLessThanOrEqualTo(quantised.steps * 4 / 100);
        assertThat(quantised.farApart).isLessThanOrEqualTo(quantised.steps * 2 / 100);
    }

    /** What two backends make of the same timelines. */
    private static final class Comparison {
        private int steps;
        /** Of probabilities, summed. */
        private double differences;
        /** Steps with another likeliest token, and those of them that are no near tie. */
        private int parted;

        private int farApart;

        void add(List<ScoredToken> expected, List<ScoredToken> actual) {
            for (int step = 1; step < expected.size(); step++) {
                ScoredToken jvm = expected.get(step);
                ScoredToken device = actual.get(step);
                steps++;
                differences += Math.abs(Math.exp(device.logProbability()) - Math.exp(jvm.logProbability()));
                if (device.likeliest().getFirst().token()
                        != jvm.likeliest().getFirst().token()) {
                    parted++;
                    farApart += gap(jvm) < NEAR_TIE ? 0 : 1;
                }
            }
        }
    }

    /** A prompt and what the JVM goes on with. */
    private static int[] timeline(Path file) throws IOException {
        int[] prompt = {50, 60, 70, 80};
        try (LanguageModel model = builder(file, JvmBackend.vector()).load();
                Session session = model.newSession()) {
            return IntStream.concat(
                            IntStream.of(prompt),
                            generate(session, prompt, 24).answer().stream().mapToInt(ScoredToken::token))
                    .toArray();
        }
    }

    private static List<ScoredToken> score(Path file, BackendFactory backend, int[] timeline) throws IOException {
        try (LanguageModel model = builder(file, backend).load();
                Session session = model.newSession()) {
            return generate(session, timeline, 0).prompt();
        }
    }

    private static LanguageModel.Builder builder(Path file, BackendFactory backend) {
        return LanguageModel.builder(file).contextTokens(64).threads(1).backend(backend);
    }
}
