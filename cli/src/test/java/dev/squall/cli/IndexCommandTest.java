package dev.squall.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IndexCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path home;

    private String index = "";

    @BeforeEach
    void learn() throws IOException {
        index = home.resolve("index").toString();
        Path prompts = Files.writeString(
                home.resolve("in.txt"), "What is the capital of France?\nWhat is 2 plus 3?\nTell me a story.\n");
        InProcess.Run run = new InProcess(home)
                .run("batch", prompts.toString(), "--temp", "0", "-n", "20", "--expert-cache", "25%", "--index", index);
        assertThat(run.exitCode()).as(run.err()).isZero();
    }

    private InProcess.Run run(String... arguments) {
        String[] all = new String[arguments.length + 1];
        all[0] = "index";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return new InProcess(home).run(all);
    }

    @Test
    void tellsWhatItHolds() throws IOException {
        InProcess.Run info = run("info", index);
        assertThat(info.exitCode()).as(info.err()).isZero();
        assertThat(info.out())
                .containsPattern("maps +\\d+ of 16 layers x 16 experts, embeddings of 192")
                .contains("field trajectory")
                .containsPattern(" 15 \\|.{16}\\|");

        JsonNode json = JSON.readTree(run("info", index, "--json").out());
        assertThat(json.get("layers").asInt()).isEqualTo(16);
        assertThat(json.get("maps").asInt()).isPositive();
        assertThat(json.get("mean_probabilities").size()).isEqualTo(16);
    }

    @Test
    void showsMapsAndExportsThem() throws IOException {
        String[] lines = run("export", index).out().split("\n");
        JsonNode first = JSON.readTree(lines[0]);
        JsonNode info = JSON.readTree(run("info", index, "--json").out());
        assertThat(lines).hasSize(info.get("maps").asInt());

        InProcess.Run show = run("show", index, first.get("id").asText());
        assertThat(show.out()).contains("decode, position").containsPattern("layer 15 +\\d+ \\(\\d+ %\\)");

        InProcess.Run none = run("show", index, "123456");
        assertThat(none.exitCode()).isEqualTo(1);
        assertThat(none.err()).contains("has no map 123456");
    }

    @Test
    void measuresRecallAndChecks() throws IOException {
        assertThat(run("recall", index).out()).containsPattern("16 of 16 layers +recall@1 [\\d.]+ %");
        assertThat(run("graph", index).exitCode()).isZero();
        assertThat(run("check", index).out()).isEqualTo("nothing is damaged\n");

        try (Stream<Path> files = Files.list(Path.of(index))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".cfs")).toList()) {
                Files.write(file, new byte[] {1, 2, 3});
            }
        }
        InProcess.Run damaged = run("check", index);
        assertThat(damaged.exitCode()).isEqualTo(1);
        assertThat(damaged.out()).contains("damaged").contains("delete the folder");
    }

    @Test
    void saysWhatIsWrong() {
        assertThat(run("info", home.resolve("none").toString()).err()).contains("no such folder");
        assertThat(run().exitCode()).isEqualTo(2);
        assertThat(run("recall", index, "--queries", "0").exitCode()).isEqualTo(1);
    }
}
