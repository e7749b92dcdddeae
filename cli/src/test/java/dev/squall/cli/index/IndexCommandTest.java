package dev.squall.cli.index;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.squall.cli.InProcess;
import dev.squall.cli.SquallProcess;
import dev.squall.cli.loading.DemoModel;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
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
                .containsPattern("maps +\\d+ of 2 passes x 8 layers x 16 experts, embeddings of 192\n +each map holds")
                .containsPattern("\nnumbered +\\d+ to \\d+\n")
                .containsPattern("on disk .*, the files of commit segments_\\w+\n")
                .contains("field trajectory")
                .containsPattern("\npass before\n   0 \\|.{16}\\|\n   1 \\|")
                .containsPattern(" 7 \\|.{16}\\|\npass itself\n   0 \\|")
                .containsPattern(" 7 \\|.{16}\\|\n      0       8\nshades from ")
                .contains("other fields        id, embedding, probabilities");

        JsonNode json = JSON.readTree(run("info", index, "--json").out());
        assertThat(json.get("layers").asInt()).isEqualTo(8);
        assertThat(json.get("passes").asInt()).isEqualTo(2);
        assertThat(json.get("rows").asInt()).isEqualTo(16);
        assertThat(json.get("maps").asInt()).isPositive();
        assertThat(json.get("conversations").asInt())
                .as("answered at once, learnt apart")
                .isGreaterThan(1);
        assertThat(json.get("mean_probabilities").size()).isEqualTo(16);
    }

    @Test
    void showsMapsAndExportsThem() throws IOException {
        String[] lines = run("export", index).out().split("\n");
        JsonNode first = JSON.readTree(lines[0]);
        JsonNode info = JSON.readTree(run("info", index, "--json").out());
        assertThat(lines).hasSize(info.get("maps").asInt());

        InProcess.Run show = run("show", index, first.get("id").asText());
        assertThat(show.out())
                .contains("decode, position")
                .containsPattern("layer 7 before +\\d+ \\(\\d+ %\\)")
                .containsPattern("layer 7 +\\d+ \\(\\d+ %\\)")
                .doesNotContain("layer 8");

        InProcess.Run none = run("show", index, "123456");
        assertThat(none.exitCode()).isEqualTo(1);
        assertThat(none.err()).contains("has no map 123456");
    }

    @Test
    void measuresRecallByLayersAndCandidates() throws IOException {
        assertThat(run("recall", index, "--candidates", "4,32").out())
                .containsPattern("the\\sfirst 8 are those of the pass before")
                .containsPattern("\n8 before \\+ 8 +4 +[\\d.]+ %")
                .containsPattern("\n1 before +32 +[\\d.]+ %");
        JsonNode rows = JSON.readTree(run("recall", index, "--json").out()).get("recall");
        assertThat(rows).hasSize(5 * 3);
        assertThat(rows.get(14).get("recall_at_1").asDouble()).isGreaterThan(0.9);
        assertThat(rows.get(14).get("recall_at_10").asDouble()).isBetween(0.8, 1.0);
        assertThat(run("recall", index, "-k", "3", "--candidates", "8").out())
                .contains("recall@3")
                .doesNotContain("recall@1 ");
    }

    @Test
    void thePolicysWeightsAreKeptWithTheMapsAndLearntAnewWhenTheyAreDamaged() throws IOException {
        String[] chat = {"chat", "-p", "What is 2 plus 3?", "--temp", "0", "--expert-cache", "25%", "--index", index};
        Path weights = home.resolve("index").resolve("squall.weights");
        byte[] kept = Files.readAllBytes(weights);
        InProcess.Run warm = new InProcess(home).run(chat);
        assertThat(warm.exitCode()).as(warm.err()).isZero();
        assertThat(Files.readAllBytes(weights)).as("learnt more").isNotEqualTo(kept);

        kept[kept.length / 2] ^= 1;
        Files.write(weights, kept);
        InProcess.Run refused = new InProcess(home).run(chat);
        assertThat(refused.exitCode()).isEqualTo(1);
        assertThat(refused.err()).contains("squall.weights").contains("check --repair");
        InProcess.Run repaired = run("check", index, "--repair");
        assertThat(repaired.exitCode()).as(repaired.out()).isZero();
        assertThat(repaired.out()).contains("squall.weights").contains("removed the damaged weights");
        InProcess.Run anew = new InProcess(home).run(chat);
        assertThat(anew.exitCode()).as(anew.err()).isZero();
        assertThat(anew.out()).isEqualTo(warm.out());
    }

    @Test
    void findsDamageAndDropsItWhenAsked() throws IOException {
        assertThat(run("check", index).out()).endsWith("nothing is damaged\n");
        byte[] model = Files.readAllBytes(DemoModel.locate(Path.of("target"), System.err));
        for (int i = model.length / 2; i < model.length; i += 97) {
            model[i] ^= 1;
        }
        Path stranger = Files.write(home.resolve("other.gguf"), model);
        InProcess.Run foreign = run("check", index, "-m", stranger.toString());
        assertThat(foreign.exitCode()).isEqualTo(1);
        assertThat(foreign.out()).contains("the index is of model").contains("repair: give the model");

        try (Stream<Path> files = Files.list(Path.of(index))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".cfs")).toList()) {
                Files.write(file, new byte[] {1, 2, 3});
            }
        }
        InProcess.Run damaged = run("check", index);
        assertThat(damaged.exitCode()).isEqualTo(1);
        assertThat(damaged.out()).contains("is damaged").contains("\n  repair: squall index check --repair drops it");
        JsonNode json = JSON.readTree(run("check", index, "--json").out());
        assertThat(json.get("problems")).isNotEmpty();

        InProcess.Run repaired = run("check", index, "--repair");
        assertThat(repaired.exitCode()).as(repaired.out()).isZero();
        assertThat(repaired.out()).contains("dropped the damaged segments");
        assertThat(run("check", index).out()).endsWith("nothing is damaged\n");
    }

    @Test
    void writesPagesOfPlots() throws IOException {
        String id = JSON.readTree(run("export", index).out().lines().findFirst().orElseThrow())
                .get("id")
                .asText();
        for (List<String> command : List.of(
                List.of("info", index),
                List.of("graph", index),
                List.of("recall", index),
                List.of("show", index, id))) {
            Path page = home.resolve(command.getFirst() + ".html");
            List<String> arguments = new ArrayList<>(command);
            arguments.addAll(List.of("--html", page.toString()));

            InProcess.Run run = run(arguments.toArray(String[]::new));

            assertThat(run.exitCode()).as(run.err()).isZero();
            assertThat(Files.readString(page)).startsWith("<!DOCTYPE html>").contains(index + "</h1>");
        }
        assertThat(Files.readString(home.resolve("recall.html"))).contains("recall@1, %", "128 candidates");
        assertThat(Files.readString(home.resolve("info.html"))).contains("pass itself, layer 7, expert 15:");
    }

    @Test
    void fitsTheWidthOfTheTerminalAndColoursOnlyThere() throws IOException {
        for (String columns : List.of("40", "60", "132")) {
            for (String command : List.of("info", "fields", "graph", "check")) {
                InProcess.Run plain =
                        new InProcess(home).environment("COLUMNS", columns).run("index", command, index);
                assertThat(plain.out().lines().filter(line -> line.length() > Integer.parseInt(columns)))
                        .as("%s at %s columns", command, columns)
                        .allMatch(line -> !line.strip().contains(" ") || line.contains("model"));
                assertThat(plain.out()).doesNotContain("\u001b");
            }
        }
        InProcess.Run terminal =
                new InProcess(home).environment("COLUMNS", "80").terminal().run("index", "info", index);
        assertThat(terminal.out()).contains("\u001b[2m");
    }

    @Test
    void everyCommandHelpsAndTakesTheOptionsOfAll() {
        for (String command : List.of(
                "info", "fields", "graph", "query", "show", "recall", "check", "diff", "export", "import", "merge",
                "prune")) {
            InProcess.Run help = run(command, "--help");
            assertThat(help.exitCode()).as(help.err()).isZero();
            assertThat(help.out()).startsWith("Usage: squall index " + command).doesNotContain("%%", "${");
        }
        assertThat(run("info", index, "--color", "on").out()).contains("\u001b[2m");
    }

    @Test
    void saysWhatIsWrong() {
        assertThat(run("info", home.resolve("none").toString()).err()).contains("no such folder");
        assertThat(run("info", home.resolve("in.txt").toString()).err()).contains("in.txt is a file: name a folder");
        assertThat(run().exitCode()).isEqualTo(2);
        assertThat(run("query", index, "x", "--distance", "8").err())
                .contains("expected less than the 8 layers of index");
        assertThat(run("graph", index, "--html", home.resolve("none/x.html").toString())
                        .err())
                .contains("none/x.html: there is no folder ")
                .contains("name another file");
    }

    @Test
    void tellsItsFields() throws IOException {
        assertThat(new InProcess(home)
                        .environment("COLUMNS", "120")
                        .run("index", "fields", index)
                        .out())
                .containsPattern("trajectory +vector, float32, dot_product, 256 dimensions, \\d+ vectors, .* mapped")
                .containsPattern("probabilities +doc values, binary");
        JsonNode fields = JSON.readTree(run("fields", index, "--json").out()).get("fields");
        assertThat(fields.findValuesAsText("name")).contains("semantic", "trajectory", "id");
    }

    @Test
    void importsWhatItExported() throws IOException {
        String exported = run("export", index).out();
        Path file = Files.writeString(home.resolve("maps.jsonl"), exported);
        String copy = home.resolve("copy").toString();
        InProcess.Run imported = run("import", copy, file.toString());
        assertThat(imported.exitCode()).as(imported.err()).isZero();
        assertThat(imported.out()).contains(exported.lines().count() + " maps added");
        assertThat(run("import", copy, file.toString()).out())
                .contains("0 maps added, " + exported.lines().count() + " were there already");
        JsonNode diff = JSON.readTree(run("diff", index, copy, "--json").out());
        assertThat(diff.get("first_maps")).isEqualTo(diff.get("second_maps"));
        assertThat(diff.get("layers").findValues("distance"))
                .allSatisfy(distance -> assertThat(distance.asDouble()).isLessThan(1e-6));
        List<JsonNode> before = new ArrayList<>();
        for (String line : exported.split("\n")) {
            before.add(JSON.readTree(line).get("probabilities"));
        }
        List<JsonNode> after = new ArrayList<>();
        for (String line : run("export", copy).out().split("\n")) {
            after.add(JSON.readTree(line).get("probabilities"));
        }
        assertThat(after).containsExactlyInAnyOrderElementsOf(before);
    }

    @Test
    void anotherProcessGoesOnCountingConversations() throws IOException {
        int before = conversations().stream().mapToInt(i -> i).max().orElseThrow();
        List<Integer> earlier = conversations();

        Path other = Files.writeString(home.resolve("other.txt"), "What is the capital of Peru?\n");
        InProcess.Run run = new InProcess(home)
                .run("batch", other.toString(), "--temp", "0", "-n", "20", "--expert-cache", "25%", "--index", index);

        assertThat(run.exitCode()).as(run.err()).isZero();
        List<Integer> later = conversations();
        earlier.forEach(later::remove);
        assertThat(later).isNotEmpty().containsOnly(before + 1);
    }

    /** Of every map. */
    private List<Integer> conversations() throws IOException {
        List<Integer> numbers = new ArrayList<>();
        for (String line : run("export", index).out().split("\n")) {
            numbers.add(JSON.readTree(line).get("conversation").asInt());
        }
        return numbers;
    }

    @Test
    void importMakesTheVeryMapsThatExportWrote() throws IOException {
        for (List<String> form : List.of(List.<String>of(), List.of("--decimals"))) {
            List<String> words = new ArrayList<>(List.of("export", index));
            words.addAll(form);
            String lines = run(words.toArray(String[]::new)).out();
            JsonNode first = JSON.readTree(lines.lines().findFirst().orElseThrow());
            assertThat(first.get("probabilities").isArray()).isEqualTo(!form.isEmpty());
            Path exported = Files.writeString(home.resolve("exported.jsonl"), lines);
            String copy = home.resolve("imported" + form.size()).toString();
            assertThat(run("import", copy, exported.toString()).exitCode()).isZero();
            JsonNode diff = JSON.readTree(run("diff", index, copy, "--json").out());
            assertThat(diff.get("only_in_first").asInt()).isZero();
            assertThat(diff.get("only_in_second").asInt()).isZero();
        }
    }

    @Test
    void importsNothingIfALineIsWrong() throws IOException {
        String exported = run("export", index).out();
        String copy = home.resolve("copy").toString();
        Path torn = Files.writeString(home.resolve("torn.jsonl"), exported + "{\"id\": 3,\n");
        long lines = exported.lines().count();
        assertThat(run("import", copy, torn.toString()).err()).contains("torn.jsonl:" + (lines + 1) + ": no JSON");
        assertThat(Path.of(copy)).doesNotExist();

        String foreign = exported.lines().findFirst().orElseThrow().replaceFirst("\"model\":\"", "\"model\":\"x");
        Path mixed = Files.writeString(home.resolve("mixed.jsonl"), exported + foreign + "\n");
        assertThat(run("import", copy, mixed.toString()).err())
                .contains("mixed.jsonl:" + (lines + 1) + ": a map of model x");
        Path alone = Files.writeString(home.resolve("foreign.jsonl"), foreign + "\n");
        assertThat(run("import", index, alone.toString()).err()).contains("was learnt with another model");
    }

    @Test
    void importsWhatComesThroughAPipe() throws Exception {
        byte[] exported = run("export", index).out().getBytes(StandardCharsets.UTF_8);
        Path pipe = home.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        Thread writer = Thread.ofPlatform().start(() -> {
            try (OutputStream out = Files.newOutputStream(pipe)) {
                out.write(exported);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        String copy = home.resolve("piped").toString();
        InProcess.Run imported = run("import", copy, pipe.toString());
        writer.join();
        assertThat(imported.exitCode()).as(imported.err()).isZero();
        JsonNode diff = JSON.readTree(run("diff", index, copy, "--json").out());
        assertThat(diff.get("only_in_first").asInt()).isZero();
        assertThat(diff.get("only_in_second").asInt()).isZero();
    }

    @Test
    void importsLinesLongerThanABlock() throws IOException {
        List<String> lines = run("export", index).out().lines().toList();
        String spaces = " ".repeat(3 << 20);
        String text = "\n" + spaces + lines.get(0) + "\n\n" + lines.get(1) + spaces + "\n" + lines.get(2) + spaces;
        Path file = Files.writeString(home.resolve("long.jsonl"), text);
        assertThat(run("import", home.resolve("long").toString(), file.toString())
                        .out())
                .contains("3 maps added, 3 in all");
        Files.writeString(file, text + "\n" + spaces + "{");
        assertThat(run("import", home.resolve("longer").toString(), file.toString())
                        .err())
                .contains("long.jsonl:6: no JSON");
    }

    @Test
    void leavesNothingBehindWhereTheDiskIsFull() throws Exception {
        Path file = Files.writeString(
                home.resolve("maps.jsonl"), run("export", index).out());
        Path fresh = home.resolve("fresh");
        Path other = home.resolve("other");
        assertThat(run("merge", other.toString(), index).exitCode()).isZero();
        assertThat(run("prune", other.toString(), "--keep", "1").exitCode()).isZero();
        List<String> before = names(other);
        for (Path into : List.of(fresh, other)) {
            // A limit of eight blocks of 512 bytes on any file that the process writes stands for a disk that is full.
            List<String> shell = new ArrayList<>(List.of("bash", "-c", "ulimit -f 8; exec \"$@\"", "import"));
            shell.addAll(SquallProcess.command("index", "import", into.toString(), file.toString()));
            Process process = new ProcessBuilder(shell)
                    .redirectOutput(home.resolve("out").toFile())
                    .redirectError(home.resolve("err").toFile())
                    .start();
            assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
            assertThat(Files.readString(home.resolve("err")))
                    .startsWith("squall: index " + into + " cannot be read or written: ")
                    .containsIgnoringCase("file too large")
                    .doesNotContain("Exception")
                    .hasLineCount(1);
            assertThat(process.exitValue()).isEqualTo(1);
        }
        assertThat(fresh).doesNotExist();
        assertThat(names(other)).isEqualTo(before);
        assertThat(run("check", other.toString()).out()).endsWith("nothing is damaged\n");
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void mergesIndexesAndComparesThem() throws IOException {
        Path prompts = Files.writeString(home.resolve("more.txt"), "What is the capital of Peru?\nWhat is 7 plus 8?\n");
        String other = home.resolve("other").toString();
        InProcess.Run batch = new InProcess(home)
                .run("batch", prompts.toString(), "--temp", "0", "-n", "20", "--expert-cache", "25%", "--index", other);
        assertThat(batch.exitCode()).as(batch.err()).isZero();
        JsonNode first = JSON.readTree(run("info", index, "--json").out());
        JsonNode second = JSON.readTree(run("info", other, "--json").out());
        int all = first.get("maps").asInt() + second.get("maps").asInt();

        String both = home.resolve("both").toString();
        assertThat(run("merge", both, index, other).out()).contains(both + ": " + all + " maps");
        JsonNode diff = JSON.readTree(run("diff", index, both, "--json").out());
        assertThat(diff.get("second_conversations").asInt())
                .as("conversations of two indexes stay apart")
                .isEqualTo(first.get("conversations").asInt()
                        + second.get("conversations").asInt());
        assertThat(diff.get("second_maps").asInt()).isEqualTo(all);
        assertThat(diff.get("only_in_first").asInt()).isZero();
        assertThat(run("diff", index, both).out()).containsPattern("layer 7 before +0\\.\\d{4} +\\d+ +\\d+\\.\\d %");
        assertThat(run("merge", both, both).err()).contains("cannot be merged into itself");
        assertThat(run("merge", both, index, other).out())
                .as("nothing is added twice")
                .contains(index + ": 0 maps added, " + first.get("maps").asInt() + " were there already")
                .contains(both + ": " + all + " maps\n");
        JsonNode thinned = JSON.readTree(
                run("merge", both, index, "--capacity", "10", "--json").out());
        assertThat(thinned.get("maps").asInt()).isEqualTo(10);
        assertThat(thinned.get("replaced").asInt()).isEqualTo(all - 10);
        assertThat(run("check", both).out()).isEqualTo("nothing is damaged\n");
    }

    @Test
    void prunesByAgeNumberConversationAndRedundance() throws IOException {
        int maps = JSON.readTree(run("info", index, "--json").out()).get("maps").asInt();
        assertThat(run("prune", index).exitCode()).isEqualTo(2);
        assertThat(run("prune", index, "--keep", "5", "--dry-run").out())
                .contains((maps - 5) + " of " + maps + " maps would be removed");
        assertThat(new InProcess(home)
                        .environment("COLUMNS", "40")
                        .terminal()
                        .run("index", "prune", index, "--keep", "5", "--dry-run")
                        .out())
                .as("words stay whole at a terminal")
                .containsPattern("maps\\swould\\sbe\\sremoved\n")
                .hasLineCount(2);
        assertThat(run("prune", index, "--older-than", "1").out()).contains("0 of " + maps + " maps removed");
        InProcess.Run redundant = run("prune", index, "--redundant", "0.9999", "--dry-run");
        assertThat(redundant.exitCode()).as(redundant.err()).isZero();
        String conversation = JSON.readTree(
                        run("export", index).out().lines().findFirst().orElseThrow())
                .get("conversation")
                .asText();
        assertThat(run("prune", index, "--conversation", conversation).exitCode())
                .isZero();
        int left = JSON.readTree(run("info", index, "--json").out()).get("maps").asInt();
        assertThat(left).isBetween(1, maps - 1);
        assertThat(run("prune", index, "--keep", "1").out()).contains((left - 1) + " of " + left + " maps removed");
        assertThat(run("check", index).out()).isEqualTo("nothing is damaged\n");
        assertThat(JSON.readTree(run("info", index, "--json").out()).get("maps").asInt())
                .isEqualTo(1);
    }
}
