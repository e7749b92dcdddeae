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

/** The device says what the JVM's backend says, with the very same probabilities, with a quarter of the experts in slots. */
class DeviceTextTest {
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
            for (int i = 0; i < prompts.size(); i++) {
                assertThat(actual.get(i)).as(prompts.get(i)).isNotEmpty().isEqualTo(expected.get(i));
            }
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

    @Test
    void computesEveryArchitectureInEveryMixAsTheJvmDoes() throws IOException {
        Set<String> computed = new TreeSet<>();
        for (Case tiny : TinyModels.all()) {
            Path file = folder.resolve(tiny.fileName());
            tiny.model().write(file);
            computed.add(tiny.family() + " " + tiny.mix());
            int[] timeline = timeline(file);
            List<ScoredToken> expected = score(file, JvmBackend.vector(), timeline);
            List<ScoredToken> actual = score(file, device(), timeline);
            assertThat(actual).as(tiny.fileName()).hasSizeGreaterThan(20).isEqualTo(expected);
        }
        assertThat(computed)
                .hasSize(37)
                .contains(
                        "gpt-oss MXFP4", "gpt-oss Q4_K_M", "deepseek2 F16", "deepseek2-lite Q8_0", "phimoe-long Q8_0");
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
