package dev.squall.cli.measure;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.squall.cli.InProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SimulateCommandTest {
    @TempDir
    Path home;

    private Path trace() {
        Path trace = home.resolve("demo.trace");
        InProcess.Run run = new InProcess(home)
                .run("chat", "-p", "Tell me a story.", "--temp", "0", "-n", "40", "--trace-out", trace.toString());
        assertThat(run.exitCode()).isZero();
        return trace;
    }

    @Test
    void replaysEveryPolicyAndSaysThatItIsAModel() {
        InProcess.Run run = new InProcess(home).run("simulate", trace().toString());

        assertThat(run.exitCode()).isZero();
        assertThat(run.out())
                .startsWith("a model, not a measurement: 32 of 128 experts fit")
                .contains("prefill")
                .contains("decode")
                .contains("lru", "moe-infinity", "finemoe", "squall", "oracle")
                .containsPattern("lru .* 0 +0 +- +- ");
    }

    @Test
    void replayingATraceOfAnotherPromptIsRefused() {
        String[] replay = {
            "chat",
            "-p",
            "Tell me a story.",
            "--temp",
            "0",
            "-n",
            "40",
            "--expert-cache",
            "25%",
            "--policy",
            "belady",
            "--policy-trace",
            trace().toString()
        };
        assertThat(new InProcess(home).run(replay).exitCode()).isZero();

        replay[2] = "What is 7 plus 8?";
        InProcess.Run other = new InProcess(home).run(replay);
        assertThat(other.exitCode()).isEqualTo(1);
        assertThat(other.err())
                .containsPattern("--policy-trace .*: pass 0 uses other experts than recorded: belady replays");

        Path shorter = home.resolve("shorter.trace");
        String[] record = {"chat", "-p", "Tell me a story.", "--temp", "0", "-n", "1", "--trace-out", shorter.toString()
        };
        assertThat(new InProcess(home).run(record).exitCode()).isZero();
        assertThat(new InProcess(home).run(record).exitCode())
                .as("in its own place")
                .isZero();
        replay[2] = "Tell me a story.";
        replay[replay.length - 1] = shorter.toString();
        assertThat(new InProcess(home).run(replay).err()).contains(": pass 1 uses other experts than recorded");
    }

    @Test
    void writesJsonForTheSlotsAndPoliciesAskedFor() throws IOException {
        InProcess.Run run = new InProcess(home)
                .run(
                        "simulate",
                        trace().toString(),
                        "--json",
                        "--slots",
                        "64",
                        "--policy",
                        "lru,oracle",
                        "--bandwidth",
                        "100M",
                        "--compute",
                        "200us");

        JsonNode json = new ObjectMapper().readTree(run.out());
        assertThat(json.get("slots").asInt()).isEqualTo(64);
        assertThat(json.get("policies").size()).isEqualTo(2);
        JsonNode lru = json.get("policies").get("lru").get("decode");
        JsonNode oracle = json.get("policies").get("oracle").get("decode");
        assertThat(lru.get("hits").asLong() + lru.get("misses").asLong())
                .isEqualTo(lru.get("tokens").asLong() * 16);
        assertThat(oracle.get("stalled_seconds").asDouble())
                .isLessThan(lru.get("stalled_seconds").asDouble());
    }

    @Test
    void saysWhatIsWrongWithAFileOrAnOption() throws IOException {
        Path text = Files.writeString(home.resolve("notes.txt"), "no trace at all");
        InProcess.Run noTrace = new InProcess(home).run("simulate", text.toString());
        assertThat(noTrace.exitCode()).isEqualTo(1);
        assertThat(noTrace.err()).contains("is no routing trace: write one with --trace-out");
        assertThat(new InProcess(home).run("simulate", home.toString()).err())
                .contains(home + " is a folder, expected a routing trace");

        InProcess.Run fewSlots = new InProcess(home).run("simulate", trace().toString(), "--slots", "3");
        assertThat(fewSlots.exitCode()).isEqualTo(2);
        assertThat(fewSlots.err()).contains("--slots 3: expected 16, the experts of a layer, to 128, all there are");
    }
}
