package dev.squall.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.squall.compute.DeviceException;
import dev.squall.expert.CacheCounters;
import dev.squall.expert.ExpertCacheOptions;
import dev.squall.expert.ExpertLoadException;
import dev.squall.generate.Cancellation;
import dev.squall.generate.GenerationRequest;
import dev.squall.generate.GenerationResult;
import dev.squall.generate.LanguageModel;
import dev.squall.generate.Session;
import dev.squall.generate.TokenListener;
import dev.squall.predict.PolicyName;
import dev.squall.predict.PolicyOptions;
import dev.squall.sampling.SamplingOptions;
import dev.squall.tornado.sim.SimulatedDevice;
import dev.squall.tornado.sim.SimulatedRuntime;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The expert cache on a device changes when experts come there, never what is computed; failures end answers only. */
class DeviceSlotsTest {
    private static final int EXPERTS = 8 * 16;

    /** Three matrices of 96 x 192 in blocks of 32 elements and 34 bytes. */
    private static final long EXPERT_BYTES = 3L * 96 * 192 / 32 * 34;

    private static final SamplingOptions WARM = new SamplingOptions(1.1f, 0, 1, 0, 1, 0, 99);

    @TempDir
    static Path folder;

    private static Path demo;
    private static GenerationResult expected;
    private static Path trace;

    @BeforeAll
    static void answerWithAllExpertsOnTheDevice() throws IOException {
        demo = DemoFile.copyTo(folder);
        trace = folder.resolve("story.trace");
        try (LanguageModel model = builder(Long.MAX_VALUE)
                .expertCache(ExpertCacheOptions.ofShare(1, false))
                .traceOut(trace)
                .load()) {
            expected = story(model);
        }
    }

    private static LanguageModel.Builder builder(long bufferBytes) {
        return LanguageModel.builder(demo)
                .contextTokens(96)
                .sequences(2)
                .backend(TornadoBackend.factory(new DeviceLimits(-1, 0, bufferBytes)));
    }

    private static GenerationResult story(LanguageModel model) {
        try (Session session = model.newSession()) {
            return story(model, session);
        }
    }

    private static GenerationResult story(LanguageModel model, Session session) {
        int[] prompt = model.tokenizer().encodeTrusted("""
                <|im_start|>user
                Tell me a story about a fox named Mia.<|im_end|>
                <|im_start|>assistant
                """);
        return session.generate(new GenerationRequest(prompt, 24, WARM, 3, new Cancellation()), TokenListener.NONE);
    }

    private static CacheCounters expectSameAnswer(LanguageModel model, String subject) {
        GenerationResult actual = story(model);
        assertThat(actual.answer()).as(subject).isEqualTo(expected.answer());
        assertThat(actual.prompt()).as(subject).isEqualTo(expected.prompt());
        return actual.metrics().experts();
    }

    @Test
    void everyPolicyWithAQuarterOfTheExpertsGivesTheSameProbabilitiesBitForBit() throws IOException {
        for (PolicyName policy : PolicyName.values()) {
            boolean several = policy.toString().length() % 2 == 0;
            try (LanguageModel model = builder(several ? 9 * EXPERT_BYTES : Long.MAX_VALUE)
                    .expertCache(
                            several
                                    ? ExpertCacheOptions.ofShare(0.25, false)
                                    : new ExpertCacheOptions(EXPERTS / 4 * EXPERT_BYTES, true))
                    .policy(PolicyOptions.of(policy).withTrace(policy.needsTrace() ? trace : null))
                    .load()) {
                assertThat(model.expertSlots()).hasValue(EXPERTS / 4);
                CacheCounters counters = expectSameAnswer(model, policy.toString());
                assertThat(counters.misses() + counters.timely()).isPositive();
                assertThat(counters.bytesLoaded()).isEqualTo(counters.loads() * EXPERT_BYTES);
            }
        }
    }

    @Test
    void wrongPredictionsAndLateUploadsBesideComputingChangeNothing() throws IOException {
        Path sums = folder.resolve("sums.trace");
        try (LanguageModel model = builder(Long.MAX_VALUE).traceOut(sums).load();
                Session session = model.newSession()) {
            int[] prompt = model.tokenizer().encodeTrusted("<|im_start|>user\n7 * 8 - 3 + 21 / 5\n".repeat(3));
            session.generate(GenerationRequest.of(prompt, 40, SamplingOptions.greedy()), TokenListener.NONE);
        }
        for (double bytesPerSecond : new double[] {0, 200e6}) {
            try (LanguageModel model = builder(7 * EXPERT_BYTES)
                    .expertCache(
                            ExpertCacheOptions.ofShare(20.0 / EXPERTS, false).throttledTo(bytesPerSecond))
                    .policy(PolicyOptions.of(PolicyName.ORACLE).withTrace(sums))
                    .load()) {
                CacheCounters counters = expectSameAnswer(model, bytesPerSecond + " bytes/s");
                assertThat(counters.predictionPrecision()).isLessThan(0.7);
                assertThat(counters.wasted()).isPositive();
            }
        }
    }

    @Test
    void sessionsThatTakeTurnsKeepTheirOwnKeysWhileExpertsMove() throws Exception {
        try (LanguageModel model = builder(Long.MAX_VALUE)
                .expertCache(ExpertCacheOptions.ofShare(0.25, false))
                .policy(PolicyOptions.of(PolicyName.DEEPSPEED))
                .load()) {
            List<GenerationResult> answers = new ArrayList<>();
            Thread other = Thread.ofPlatform().start(() -> {
                GenerationResult answer = story(model);
                synchronized (answers) {
                    answers.add(answer);
                }
            });
            GenerationResult own = story(model);
            other.join();
            synchronized (answers) {
                answers.add(own);
                assertThat(answers).hasSize(2).allSatisfy(answer -> assertThat(answer.answer())
                        .isEqualTo(expected.answer()));
            }
        }
    }

    @Test
    void manyTokensTakeNoMoreMemoryOfTheDeviceAndAsManyLaunchesEach() throws IOException {
        SimulatedDevice device = SimulatedRuntime.INSTANCE.device(0);
        try (LanguageModel model = builder(Long.MAX_VALUE)
                        .expertCache(ExpertCacheOptions.ofShare(0.25, false))
                        .policy(PolicyOptions.of(PolicyName.LRU))
                        .load();
                Session session = model.newSession()) {
            story(model, session);
            long used = device.usedBytes();
            long launches = device.launches();
            long loads = model.expertCounters().loads();
            for (int repeat = 0; repeat < 4; repeat++) {
                assertThat(story(model, session).answer()).isEqualTo(expected.answer());
            }
            long passes = 4 * 24;
            long prompts = 4L * (expected.prompt().size() - 1);
            assertThat(device.usedBytes()).isEqualTo(used);
            // A pass begins, has attention and experts in 8 layers, and ends with logits; a scored prompt has those of
            // each row.
            assertThat(device.launches() - launches - (model.expertCounters().loads() - loads))
                    .isEqualTo(passes * (1 + 2 * 8 + 1) + prompts);
        }
        assertThat(device.usedBytes()).isZero();
    }

    @Test
    void aDeviceThatFailsEndsTheAnswerAndNotTheSession() throws IOException {
        SimulatedDevice device = SimulatedRuntime.INSTANCE.device(0);
        try (LanguageModel model = builder(Long.MAX_VALUE)
                        .expertCache(ExpertCacheOptions.ofShare(0.25, false))
                        .policy(PolicyOptions.of(PolicyName.LRU))
                        .load();
                Session session = model.newSession()) {
            for (int launches : new int[] {0, 3, 7, 20, 61, 150}) {
                device.failAfter(launches);
                assertThatThrownBy(() -> story(model, session))
                        .isInstanceOfAny(DeviceException.class, ExpertLoadException.class)
                        .hasMessageContaining("device 'simulator': graph '")
                        .hasMessageContaining("simulated failure of the device in graph ");
                assertThat(story(model, session).answer())
                        .as("after a failure at launch %d", launches)
                        .isEqualTo(expected.answer());
            }
        }
    }

    @Test
    void allThatAModelHasOnADeviceIsFreedWhereverTheDeviceFailed() throws IOException {
        SimulatedDevice device = SimulatedRuntime.INSTANCE.device(0);
        for (int launches : new int[] {0, 1, 2, 5, 21, 62}) {
            device.failAfter(launches);
            assertThatThrownBy(() -> {
                        try (LanguageModel model = builder(Long.MAX_VALUE)
                                .expertCache(ExpertCacheOptions.ofShare(0.25, false))
                                .policy(PolicyOptions.of(PolicyName.LRU))
                                .load()) {
                            assertThat(device.usedBytes()).isPositive();
                            story(model);
                        }
                    })
                    .as("failure at launch %d", launches)
                    .isInstanceOfAny(DeviceException.class, ExpertLoadException.class)
                    .hasMessageContaining("simulated failure of the device in graph ");
            assertThat(device.usedBytes())
                    .as("after a failure at launch %d", launches)
                    .isZero();
        }
    }

    @Test
    void aDeviceWhoseMemoryOthersHaveIsToldWithWhatToChange() throws IOException {
        SimulatedDevice device = SimulatedRuntime.INSTANCE.device(0);
        long others = (4L << 30) - (6L << 20);
        device.allocate(others);
        try {
            assertThatThrownBy(() -> builder(Long.MAX_VALUE).load())
                    .isInstanceOf(DeviceException.class)
                    .hasMessageContaining("device 'simulator': graph 'init' failed: a buffer of ")
                    .hasMessageEndingWith("give a smaller --device-memory, --expert-cache or --ctx-size");
        } finally {
            device.release(others);
        }
        assertThat(device.usedBytes()).isZero();
    }

    @Test
    void everythingFitsIntoTheMemoryThatIsGiven() throws IOException {
        SimulatedDevice device = SimulatedRuntime.INSTANCE.device(1);
        long given = 6 << 20;
        try (LanguageModel model = LanguageModel.builder(demo)
                .contextTokens(96)
                .backend(TornadoBackend.factory(new DeviceLimits(1, given, Long.MAX_VALUE)))
                .load()) {
            expectSameAnswer(model, "in 6 MiB");
            assertThat(model.expertSlots().orElseThrow()).isBetween(16, EXPERTS - 1);
            assertThat(device.usedBytes()).isBetween(given - 2 * EXPERT_BYTES - (1 << 16), given);
        }
        assertThat(device.usedBytes()).isZero();
    }
}
