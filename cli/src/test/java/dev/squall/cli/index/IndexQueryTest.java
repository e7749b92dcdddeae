package dev.squall.cli.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.squall.cli.InProcess;
import dev.squall.cli.loading.DemoModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IndexQueryTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path home;

    /** An index of some answers. */
    private String learnt(String policy) throws IOException {
        String index = home.resolve(policy).toString();
        Path prompts = Files.writeString(
                home.resolve("in.txt"), "What is the capital of France?\nWhat is 2 plus 3?\nTell me a story.\n");
        InProcess.Run run = new InProcess(home)
                .run(
                        "batch",
                        prompts.toString(),
                        "-o",
                        home.resolve(policy + ".jsonl").toString(),
                        "--temp",
                        "0",
                        "-n",
                        "20",
                        "--expert-cache",
                        "25%",
                        "--policy",
                        policy,
                        "--index",
                        index);
        assertThat(run.exitCode()).as(run.err()).isZero();
        return index;
    }

    private InProcess.Run run(String... arguments) {
        List<String> all = new ArrayList<>(List.of("index"));
        Collections.addAll(all, arguments);
        return new InProcess(home).run(all.toArray(String[]::new));
    }

    @Test
    void asksForThePassesOfAPrompt() throws IOException {
        String index = learnt("squall");
        InProcess.Run query = run("query", index, "What is the capital of France?", "-n", "12");
        assertThat(query.exitCode()).as(query.err()).isZero();
        assertThat(query.out())
                .containsPattern("\nembedding +\\d+ +1\\.0000 +\\d+ +\\d+\n")
                .containsPattern("\ntrajectory +\\d+ +1\\.0000 ")
                .contains("this very text has been learnt")
                .as("layers of the model, not of maps that hold two passes")
                .containsPattern("\nlayer +predicted +used +found +of all +preferred\n0 +\\d+ \\d+ +\\d+ \\d+ ")
                .containsPattern("\n7 +\\d+ \\d+ +\\d+ \\d+ +\\d of 2 +\\d+ % +\\d+ %\n")
                .doesNotContainPattern("\n8  ")
                .containsPattern("in all \\d+\\.\\d % of \\d+ used experts")
                .containsPattern("the\\s2\\sthat\\sthe\\smaps\\sprefer")
                .containsPattern("any\\s2\\sof\\s16:\\s12.5\\s%;\\sso\\sthe\\smaps\\stell\\smore");
        assertThat(run("query", index, "Tell me a joke.", "-n", "12").out()).doesNotContain("this very text");
        // The very passes are in the index, so that nothing can be more similar.
        JsonNode json = JSON.readTree(run("query", index, "What is the capital of France?", "-n", "12", "--json")
                .out());
        assertThat(json.get("by_trajectory").get(0).get("score").asDouble()).isBetween(0.999, 1.0);
        assertThat(json.get("layers")).as("of the pass itself").hasSize(8);
        JsonNode last = json.get("layers").get(7);
        assertThat(last.get("layer").asInt()).isEqualTo(7);
        assertThat(last.get("pass").asText()).isEqualTo("itself");
        assertThat(last.get("found").asInt())
                .isBetween(
                        last.get("used_experts").asInt() / 2,
                        last.get("used_experts").asInt());
    }

    @Test
    void mapsOfOnePassForetellNothingOfTheFirstLayers() throws IOException {
        String index = learnt("finemoe");
        InProcess.Run query = run("query", index, "What is the capital of France?", "-n", "12", "--distance", "3");
        assertThat(query.exitCode()).as(query.err()).isZero();
        assertThat(query.out())
                .containsPattern("most similar up to 3\\slayers\\sbefore")
                .containsPattern("preferred\n3 +\\d+ \\d+ ")
                .contains("the first 3 layers have none far enough before them");
        assertThat(run("info", index).out())
                .containsPattern("maps +\\d+ of 8 layers x 16 experts, embeddings of 192\nconversations")
                .doesNotContain("pass before");
    }

    @Test
    void asksForAStoredMapOrOneInAFile() throws IOException {
        String index = learnt("squall");
        String line = run("export", index).out().lines().findFirst().orElseThrow();
        String id = JSON.readTree(line).get("id").asText();
        JsonNode stored =
                JSON.readTree(run("query", index, "--map", id, "--json").out());
        assertThat(stored.get("by_trajectory").get(0).get("id").asText()).isEqualTo(id);
        assertThat(stored.get("layers")).as("all but the first").hasSize(15);
        assertThat(stored.get("layers").get(6).get("pass").asText()).isEqualTo("before");
        assertThat(run("query", index, "--map", id).out())
                .containsPattern("the other map\\smost similar")
                .containsPattern("\n7 before +\\d+ \\d+ ");

        Path file = Files.writeString(home.resolve("map.json"), line);
        JsonNode given = JSON.readTree(
                run("query", index, "--vector", file.toString(), "--json").out());
        for (int rank = 0; rank < stored.get("by_trajectory").size(); rank++) {
            assertThat(given.get("by_trajectory").get(rank).get("score").asDouble())
                    .isCloseTo(
                            stored.get("by_trajectory").get(rank).get("score").asDouble(), offset(1e-4));
        }
        assertThat(given.get("by_trajectory").get(0).get("id").asText()).isEqualTo(id);
        assertThat(run("query", index, "--vector", file.toString()).out()).contains("this very map has been learnt");
        assertThat(run("query", index).err()).contains("expected one of PROMPT, --map and --vector");
        assertThat(run("query", index, "--map", "99999").err()).contains("has no map 99999");
    }

    @Test
    void refusesAnotherModelOfTheSameShape() throws IOException {
        String index = learnt("squall");
        byte[] model = Files.readAllBytes(DemoModel.locate(Path.of("target"), System.err));
        for (int i = model.length / 2; i < model.length; i += 97) {
            model[i] ^= 1;
        }
        Path stranger = Files.write(home.resolve("other.gguf"), model);

        InProcess.Run query = run("query", index, "Hello", "-m", stranger.toString());

        assertThat(query.exitCode()).isEqualTo(1);
        assertThat(query.err()).contains("is of model ").contains("give the model that it was learnt with (-m)");
    }

    @Test
    void anIndexWithoutMapsSaysSoEverywhere() throws IOException {
        String index = learnt("squall");
        assertThat(run("prune", index, "--keep", "0").exitCode()).isZero();

        assertThat(run("info", index).out()).contains("0 of 16 x 16 probabilities, embeddings of 192");
        assertThat(JSON.readTree(run("info", index, "--json").out())
                        .get("passes")
                        .isNull())
                .isTrue();
        assertThat(run("graph", index).out()).contains("no maps, and so no graph");
        assertThat(run("fields", index).out()).contains("no maps");
        assertThat(run("query", index, "--map", "1").err()).contains("has no maps yet");
        assertThat(run("recall", index).err()).contains("has no maps yet");
    }
}
