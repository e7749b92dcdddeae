package dev.squall.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.squall.expert.CacheCounters;
import dev.squall.expert.ExpertCacheOptions;
import dev.squall.predict.LinkModel;
import dev.squall.predict.PolicyName;
import dev.squall.predict.PolicyOptions;
import dev.squall.predict.Pooling;
import dev.squall.predict.RoutingTrace;
import dev.squall.predict.SimulatedParts;
import dev.squall.predict.Simulation;
import dev.squall.sampling.SamplingOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Traces are what the model did, and the simulator does with them what the engine does. */
class SimulationTest {
    private static final LinkModel LINK = new LinkModel(1e9, 1e5, 0);
    private static final List<String> PROMPTS =
            List.of("Tell me a story about a fox named Mia.", "What is the capital of France?", "Sort 5, 3, 9");

    @TempDir
    Path folder;

    private static CacheCounters answer(LanguageModel model) {
        CacheCounters before = model.expertCounters();
        for (String prompt : PROMPTS) {
            try (Session session = model.newSession()) {
                int[] tokens = model.tokenizer()
                        .encodeTrusted("<|im_start|>user\n" + prompt + "<|im_end|>\n<|im_start|>assistant\n");
                session.generate(GenerationRequest.of(tokens, 40, SamplingOptions.greedy()), TokenListener.NONE);
            }
        }
        return model.expertCounters().since(before);
    }

    private Path trace() throws IOException {
        Path trace = folder.resolve("demo.trace");
        try (LanguageModel model =
                LanguageModel.builder(DemoFile.path()).traceOut(trace).load()) {
            answer(model);
        }
        return trace;
    }

    private static Simulation simulate(RoutingTrace trace, PolicyName policy, int slots) {
        Simulation simulation =
                new Simulation(trace, slots, policy.create(new SimulatedParts(trace, 1000, Pooling.MEAN)), LINK);
        simulation.run(0, trace.passes().size());
        return simulation;
    }

    @Test
    void reproducesTheEnginesCountersWhereTimingDoesNotDecide() throws IOException {
        Path file = trace();
        RoutingTrace trace = RoutingTrace.read(file);
        int slots = 40;
        for (PolicyName policy :
                List.of(PolicyName.LRU, PolicyName.LFU, PolicyName.FIFO, PolicyName.RANDOM, PolicyName.BELADY)) {
            CacheCounters engine;
            try (LanguageModel model = LanguageModel.builder(DemoFile.path())
                    .expertCache(new ExpertCacheOptions(slots * (trace.expertBytes()[0] + 192), false))
                    .policy(PolicyOptions.of(policy).withTrace(policy.needsTrace() ? file : null))
                    .load()) {
                assertThat(model.expertSlots()).hasValue(slots);
                engine = answer(model);
            }
            Simulation simulation = simulate(trace, policy, slots);
            CacheCounters modelled =
                    simulation.prefill().counters().plus(simulation.decode().counters());
            assertThat(modelled.hits()).as("%s hits", policy).isEqualTo(engine.hits());
            assertThat(modelled.misses()).as("%s misses", policy).isEqualTo(engine.misses());
            assertThat(modelled.bytesLoaded()).as("%s bytes", policy).isEqualTo(engine.bytesLoaded());
        }
    }

    @Test
    void nothingBeatsTheOracleAndSquallBeatsLoadingOnDemand() throws IOException {
        RoutingTrace trace = RoutingTrace.read(trace());
        double oracle = simulate(trace, PolicyName.ORACLE, 32).decode().stalledNanosPerToken();
        double lru = simulate(trace, PolicyName.LRU, 32).decode().stalledNanosPerToken();
        for (PolicyName policy : PolicyName.values()) {
            assertThat(simulate(trace, policy, 32).decode().stalledNanosPerToken())
                    .as("%s", policy)
                    .isGreaterThanOrEqualTo(oracle);
        }
        assertThat(simulate(trace, PolicyName.SQUALL, 32).decode().stalledNanosPerToken())
                .isLessThan(lru);
    }

    @Test
    void aTornTraceLosesItsLastPassOnly() throws IOException {
        Path file = trace();
        int passes = RoutingTrace.read(file).passes().size();
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length - 5));
        assertThat(RoutingTrace.read(file).passes()).hasSize(passes - 1);
    }

    @Test
    void refusesWhatIsNoTraceAndATraceOfAnotherModel() throws IOException {
        Path text = Files.writeString(folder.resolve("notes.txt"), "a note that is no trace");
        assertThatThrownBy(() -> RoutingTrace.read(text))
                .isInstanceOf(IOException.class)
                .hasMessage(text + " is no routing trace: write one with --trace-out");
        assertThatThrownBy(() -> LanguageModel.builder(DemoFile.path())
                        .expertCache(new ExpertCacheOptions(10 << 20, false))
                        .policy(PolicyOptions.of(PolicyName.ORACLE))
                        .load())
                .hasMessage("policy oracle replays a recorded trace: record one with --trace-out and give it");
    }
}
