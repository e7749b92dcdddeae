package dev.squall.cli.batch;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.squall.cli.DemoVariant;
import dev.squall.cli.InProcess;
import dev.squall.cli.SquallProcess;
import dev.squall.gguf.GgufValue;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BatchCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long PATIENCE_SECONDS = 120;

    @TempDir
    private Path home;

    private InProcess.Run run(String... arguments) {
        List<String> all = new ArrayList<>(List.of("batch"));
        all.addAll(List.of(arguments));
        return new InProcess(home).run(all.toArray(String[]::new));
    }

    private Path prompts(int count) throws IOException {
        StringBuilder lines = new StringBuilder();
        String[] countries = {"France", "Cuba", "Japan", "Kenya", "Peru", "Italy", "Egypt"};
        for (int i = 0; i < count; i++) {
            lines.append("{\"id\": \"q%d\", \"prompt\": \"What is the capital of %s? %d + %d?\"}\n"
                    .formatted(i, countries[i % countries.length], i % 10, i % 7));
        }
        return Files.writeString(home.resolve("in.jsonl"), lines);
    }

    /** Answers by their id. */
    private static Map<String, String> answers(Path output) throws IOException {
        TreeMap<String, String> answers = new TreeMap<>();
        for (String line : Files.readAllLines(output)) {
            JsonNode record = JSON.readTree(line);
            String before = answers.put(
                    record.get("custom_id").asText(), record.get("response").toString());
            assertThat(before).as("an answer twice: %s", line).isNull();
        }
        return answers;
    }

    @Test
    void givesEachPromptTheSameAnswerWhateverRunsBesideItAndInWhatOrder() throws IOException {
        Path input = prompts(12);
        Map<String, String> one = null;
        for (String concurrency : List.of("1", "3", "8")) {
            Path output = home.resolve("out" + concurrency);
            InProcess.Run run =
                    run(input.toString(), "-o", output.toString(), "--concurrency", concurrency, "-s", "7", "-n", "12");
            assertThat(run.exitCode()).as(run.err()).isZero();
            if (one == null) {
                one = answers(output);
            }
            assertThat(answers(output)).isEqualTo(one).hasSize(12);
        }
        List<String> reversed = new ArrayList<>(Files.readAllLines(input)).reversed();
        Path other = Files.write(home.resolve("reversed.jsonl"), reversed);
        run(other.toString(), "-o", home.resolve("back").toString(), "-s", "7", "-n", "12", "--expert-cache", "25%");
        assertThat(answers(home.resolve("back"))).isEqualTo(one);
    }

    @Test
    void givesTheSameAnswersInTheOrderOfLikeness() throws IOException {
        Path input = prompts(21);
        Path plain = home.resolve("plain");
        Path reordered = home.resolve("reordered");
        run(input.toString(), "-o", plain.toString(), "-s", "7", "-n", "8", "--concurrency", "1");

        InProcess.Run run = run(
                input.toString(),
                "-o",
                reordered.toString(),
                "-s",
                "7",
                "-n",
                "8",
                "--concurrency",
                "1",
                "--reorder",
                "--expert-cache",
                "25%");

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(answers(reordered)).isEqualTo(answers(plain)).hasSize(21);
        assertThat(Files.readAllLines(reordered)).isNotEqualTo(Files.readAllLines(plain));
    }

    @Test
    void givesTheAnswerThatChatGives() throws IOException {
        Path input = Files.writeString(home.resolve("in.txt"), "What is the capital of France?\n\nWhat is 2 plus 3?\n");

        InProcess.Run run = run(input.toString(), "--temp", "0", "--json");

        JsonNode summary = JSON.readTree(run.out());
        assertThat(summary.get("answered").asInt()).isEqualTo(2);
        assertThat(summary.get("output").asText()).isEqualTo(input + ".answers.jsonl");
        assertThat(summary.get("errors").isNull()).isTrue();
        Map<String, String> answers = answers(home.resolve("in.txt.answers.jsonl"));
        assertThat(answers.keySet()).containsExactlyInAnyOrder("line-1", "line-3");
        assertThat(answers.get("line-1"))
                .contains("The capital of France is Paris.")
                .contains("\"stop\"");
    }

    @Test
    void readsOpenAiLinesWithTheirOwnOptions() throws IOException {
        Path input = Files.writeString(home.resolve("in.jsonl"), """
                {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "x", "messages": [{"role": "user", "content": "What is the capital of France?"}], "max_tokens": 3, "temperature": 0}}
                {"custom_id": "b", "method": "POST", "url": "/v1/chat/completions", "body": {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}], "max_tokens": 2, "seed": 4}}
                """);

        assertThat(run(input.toString()).exitCode()).isZero();

        JsonNode first =
                JSON.readTree(answers(home.resolve("in.jsonl.answers.jsonl")).get("a"));
        assertThat(first.at("/body/usage/completion_tokens").asInt()).isEqualTo(3);
        assertThat(first.at("/body/choices/0/finish_reason").asText()).isEqualTo("length");
    }

    @Test
    void checksEveryLineBeforeAnythingRuns() throws IOException {
        Path input = Files.writeString(home.resolve("in.jsonl"), """
                {"id": "a", "prompt": "one"}
                {"id": "b"}
                no json
                {"id": "a", "prompt": "again"}
                {"id": "c", "prompt": "x", "stop": ["."]}
                {"id": "d", "messages": [{"role": "assistant", "content": "x"}]}
                {"id": "e", "prompt": "x", "temperature": -1}
                """);

        InProcess.Run refused = run(input.toString(), "-n", "2");

        assertThat(refused.exitCode()).isEqualTo(1);
        assertThat(refused.err())
                .contains(input + ":2: expected either prompt or messages")
                .contains(input + ":3: no JSON object")
                .contains(input + ":4: id 'a' again, it was on line 1")
                .contains(input + ":5: stop is not supported")
                .contains(input + ":6: messages: expected the last one to be the user's")
                .contains(input + ":7: temperature")
                .contains("6 lines cannot be used, --max-errors is 0")
                .contains("nothing was run");
        assertThat(home.resolve("in.jsonl.answers.jsonl")).doesNotExist();

        InProcess.Run allowed = run(input.toString(), "-n", "2", "--max-errors", "6");

        assertThat(allowed.exitCode()).isEqualTo(1);
        assertThat(answers(home.resolve("in.jsonl.answers.jsonl"))).containsOnlyKeys("a");
        List<String> errors = Files.readAllLines(home.resolve("in.jsonl.answers.jsonl.errors"));
        assertThat(errors).hasSize(6);
        assertThat(JSON.readTree(errors.get(1)).at("/error/message").asText()).contains(":3: no JSON object");
    }

    @Test
    void writesAReportThatAgreesWithTheAnswers() throws IOException {
        Path input = prompts(10);
        Path report = home.resolve("report.html");

        InProcess.Run run =
                run(input.toString(), "-n", "6", "--expert-cache", "25%", "--json", "--report", report.toString());

        assertThat(run.exitCode()).as(run.err()).isZero();
        JsonNode summary = JSON.readTree(run.out());
        assertThat(summary.get("expert_bytes_loaded").asLong()).isPositive();
        assertThat(summary.get("expert_stalled_seconds").asDouble()).isPositive();
        assertThat(summary.has("expert_prefetches_late")).isTrue();
        String html = Files.readString(report);
        assertThat(html)
                .contains("<td>answered</td><td>10</td>")
                .contains("<td>tokens of answers</td><td>" + summary.get("answer_tokens") + " (")
                .contains(">Throughput<", "tokens/s", ">Experts found in memory<", "hits, %", "layer 7, expert 15:")
                .contains("Latency of the answers that ended then", "MiB per token");
        assertThat(run(input.toString(), "-n", "6", "--expert-cache", "25%", "--report", report.toString())
                        .exitCode())
                .as("in its own place")
                .isZero();
    }

    @Test
    void refusesAReportThatCannotBeWrittenBeforeAnythingRuns() throws IOException {
        Path input = prompts(2);
        for (String wrong : List.of(home.resolve("none/r.html").toString(), home.toString())) {
            InProcess.Run run = run(input.toString(), "--report", wrong);
            assertThat(run.exitCode()).isEqualTo(1);
            assertThat(run.err())
                    .contains(wrong + ": ")
                    .containsAnyOf("expected a file to write a page to", "there is no folder");
        }
        assertThat(home.resolve("in.jsonl.answers.jsonl")).doesNotExist();
    }

    @Test
    void leavesAloneWhatIsNoAnswerOfABatch() throws IOException {
        Path input = prompts(2);
        Path model = Files.write(home.resolve("model.gguf"), new byte[] {'G', 'G', 'U', 'F', 3, 0, (byte) 0xff, 0});
        Path note = Files.writeString(home.resolve("note.txt"), "a line without its end");
        Path page = Files.writeString(home.resolve("page"), "some text");
        for (List<String> wrong : List.of(
                List.of("-o", model.toString()),
                List.of("--errors", note.toString()),
                List.of("--report", page.toString()),
                List.of("--trace-out", model.toString()))) {
            InProcess.Run run = run(input.toString(), wrong.get(0), wrong.get(1));
            assertThat(run.err()).contains(wrong.get(1)).contains("name");
            assertThat(run.exitCode()).isEqualTo(1);
        }
        assertThat(model).hasSize(8);
        assertThat(note).hasContent("a line without its end");
        assertThat(page).hasContent("some text");
    }

    @Test
    void listsAPromptThatDoesNotFitAndGoesOn() throws IOException {
        Path input = Files.writeString(home.resolve("in.txt"), "word ".repeat(200) + "\nHello\n");

        assertThat(run(input.toString(), "-c", "64", "-n", "4").err())
                .contains(input + ":1: the prompt has ")
                .contains("; failures: 1, --max-errors is 0: mend what is wrong, or allow for it, and start the same");
        InProcess.Run run = run(input.toString(), "-c", "64", "-n", "4", "--max-errors", "1");

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(answers(home.resolve("in.txt.answers.jsonl"))).containsOnlyKeys("line-2");
        assertThat(Files.readString(home.resolve("in.txt.answers.jsonl.errors")))
                .contains("tokens, expected at most 63");
    }

    @Test
    void listsAPromptThatTheTemplateRefusesAndGoesOnInAnyOrder() throws IOException {
        Path strict = new DemoVariant()
                .with(
                        "tokenizer.chat_template",
                        GgufValue.string("{% for m in messages %}{% if m.role == 'system' %}"
                                + "{{ raise_exception('no system messages') }}{% endif %}{{ m.content }}{% endfor %}"))
                .write(home.resolve("strict.gguf"));
        Path input = Files.writeString(home.resolve("in.jsonl"), """
                {"id":"a","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hello"}]}
                {"id":"b","prompt":"Hello"}
                {"id":"half \\ud800","prompt":"Hello"}
                """);

        for (String order : List.of("--concurrency=1", "--reorder")) {
            Path output = home.resolve(order);
            InProcess.Run run = run(
                    input.toString(),
                    "-m",
                    strict.toString(),
                    "-o",
                    output.toString(),
                    "-n",
                    "4",
                    "--max-errors",
                    "2",
                    order);

            assertThat(run.exitCode()).isEqualTo(1);
            assertThat(run.err()).contains("in.jsonl:3: id: half of a surrogate pair");
            assertThat(answers(output)).containsOnlyKeys("b");
            assertThat(Files.readString(Path.of(output + ".errors"))).contains("no system messages");
        }
    }

    @Test
    void goesOnWhereItWasAndCutsATornLine() throws IOException {
        Path input = prompts(6);
        Path output = home.resolve("out");
        run(input.toString(), "-o", output.toString(), "--temp", "0", "-n", "6");
        Map<String, String> whole = answers(output);
        List<String> lines = Files.readAllLines(output);
        Files.writeString(
                output, lines.get(0) + "\n" + lines.get(1) + "\n" + lines.get(2).substring(0, 40));

        InProcess.Run again = run(input.toString(), "-o", output.toString(), "--temp", "0", "-n", "6");

        assertThat(again.err()).contains("4 answered, 0 failed, 2 there before");
        assertThat(answers(output)).isEqualTo(whole);

        InProcess.Run other = run(input.toString(), "-o", output.toString(), "--temp", "0.5", "-n", "6");

        assertThat(other.exitCode()).isEqualTo(1);
        assertThat(other.err()).contains("temp was 0.0, is 0.5").contains("--force");
    }

    @Test
    void refusesToGoOnWithAModelFileThatMakesOtherPromptsOfTheSameTexts() throws IOException {
        Path input = prompts(3);
        Path output = home.resolve("out");
        assertThat(run(input.toString(), "-o", output.toString(), "-n", "4", "-s", "1")
                        .exitCode())
                .isZero();
        Map<String, String> whole = answers(output);
        Files.writeString(output, Files.readAllLines(output).getFirst() + "\n");
        record Change(String what, String key, GgufValue value) {}
        for (Change change : List.of(
                new Change("chat template", "tokenizer.chat_template", GgufValue.string("{{ messages[0].content }}")),
                new Change("tokenizer", "tokenizer.ggml.add_bos_token", GgufValue.bool(true)),
                new Change("hyper-parameters", "qwen3moe.rope.freq_base", GgufValue.float32(12345)))) {
            Path other = new DemoVariant().with(change.key(), change.value()).write(home.resolve("other.gguf"));
            InProcess.Run refused =
                    run(input.toString(), "-o", output.toString(), "-n", "4", "-s", "1", "-m", other.toString());
            assertThat(refused.exitCode()).as(change.what()).isEqualTo(1);
            assertThat(refused.err())
                    .containsPattern("1 answers with another model or other options \\(" + change.what()
                            + " was \\p{XDigit}{32}, is \\p{XDigit}{32}\\): use the same")
                    .contains("--force");
        }
        Path named = new DemoVariant()
                .with("general.name", GgufValue.string("another name"))
                .write(home.resolve("named.gguf"));
        InProcess.Run same =
                run(input.toString(), "-o", output.toString(), "-n", "4", "-s", "1", "-m", named.toString());
        assertThat(same.exitCode()).as(same.err()).isZero();
        assertThat(answers(output)).hasSameSizeAs(whole);
    }

    @Test
    void goesOnWhereAnOlderSquallBegan() throws IOException {
        Path input = prompts(3);
        Path output = home.resolve("out");
        run(input.toString(), "-o", output.toString(), "-n", "4", "-s", "1");
        Path state = Path.of(output + ".state");
        Files.writeString(state, Files.readString(state).replaceFirst("  \"tokenizer\" : \"\\p{XDigit}+\",\n", ""));
        Files.writeString(output, Files.readAllLines(output).getFirst() + "\n");

        InProcess.Run again = run(input.toString(), "-o", output.toString(), "-n", "4", "-s", "1");

        assertThat(again.err()).contains("2 answered, 0 failed, 1 there before");
    }

    @Test
    void refusesToGoOnWhereLinesOfTextHaveMoved() throws IOException {
        Path input = Files.writeString(home.resolve("in.txt"), "What is 2 plus 3?\nWhat is 7 plus 8?\n");
        assertThat(run(input.toString(), "-n", "4", "-s", "1").exitCode()).isZero();

        Files.writeString(input, "What is 2 plus 3?\nWhat is 7 plus 8?\nHello\n");
        InProcess.Run longer = run(input.toString(), "-n", "4", "-s", "1");
        Files.writeString(input, "Hello\nWhat is 2 plus 3?\nWhat is 7 plus 8?\n");
        InProcess.Run moved = run(input.toString(), "-n", "4", "-s", "1");

        assertThat(longer.err()).contains("1 answered, 0 failed, 2 there before");
        assertThat(moved.err()).contains("3 answers with another model or other options (digest of these lines was ");
        assertThat(moved.exitCode()).isEqualTo(1);
        assertThat(run(input.toString(), "-n", "4", "-s", "1", "--force").exitCode())
                .isZero();
    }

    @Test
    void readsContentInPartsAndRefusesWhatItWouldLeaveOut() throws IOException {
        String parts = "{\"id\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":%s}]%s}\n";
        String text = "[{\"type\":\"text\",\"text\":\"What is \"},{\"type\":\"text\",\"text\":\"2 plus 3?\"}]";
        Path input = Files.writeString(
                home.resolve("parts.jsonl"),
                parts.formatted("a", text, ",\"presence_penalty\":0,\"logprobs\":false,\"tools\":[]")
                        + parts.formatted("b", "\"What is 2 plus 3?\"", ""));
        Path wrong = Files.writeString(
                home.resolve("wrong.jsonl"),
                parts.formatted("a", "[{\"type\":\"image_url\",\"image_url\":{}}]", "")
                        + parts.formatted("b", text, ",\"frequency_penalty\":0.5")
                        + "{\"id\":\"c\",\"prompt\":\"x\"\n");

        assertThat(run(input.toString(), "--temp", "0").exitCode()).isZero();
        InProcess.Run refused = run(wrong.toString());

        Map<String, String> answers = answers(home.resolve("parts.jsonl.answers.jsonl"));
        assertThat(JSON.readTree(answers.get("a")).at("/choices/0/message"))
                .isEqualTo(JSON.readTree(answers.get("b")).at("/choices/0/message"));
        assertThat(refused.err())
                .contains("wrong.jsonl:1: messages: content of message 1 has a part \"image_url\", expected only text")
                .contains("wrong.jsonl:2: frequency_penalty is not supported: leave it out")
                .contains("wrong.jsonl:3: no JSON object: Unexpected end-of-input: expected close marker for Object\n");
        assertThat(run(input.toString(), "-o", "-").err()).contains("-o -: a batch appends its answers to a file");
    }

    @Test
    void refusesToWriteWhatItReadsAndTwoThingsToOneFile() throws IOException {
        Path input = prompts(2);
        Path output = home.resolve("out");
        assertThat(run(input.toString(), "-o", output.toString(), "-n", "1").exitCode())
                .isZero();
        String asked = Files.readString(input);
        String answered = Files.readString(output);
        Path letter = Files.writeString(home.resolve("letter"), "dear reader\n");
        String dotted = home.resolve("./in.jsonl").toString();

        assertThat(run(input.toString(), "-o", output.toString(), "--errors", dotted)
                        .err())
                .contains("both the input and the --errors: name another file");
        assertThat(run(input.toString(), "-o", dotted).err()).contains("both the input and the output");
        assertThat(run(input.toString(), "-o", output.toString(), "--errors", output.toString())
                        .err())
                .contains("both the output and the --errors");
        assertThat(run(input.toString(), "-o", output.toString(), "--report", output + ".state")
                        .err())
                .contains("both the state of the output and the --report");
        assertThat(run(input.toString(), "-o", output.toString(), "--errors", letter.toString())
                        .err())
                .contains(letter + ":1: no answer of a batch");

        assertThat(input).hasContent(asked);
        assertThat(output).hasContent(answered);
        assertThat(letter).hasContent("dear reader\n");
        assertThat(run("-").err()).contains("a batch reads its prompts from a file");
        assertThat(run(input.toString(), "-o", home.resolve("n".repeat(300)).toString())
                        .err())
                .contains("name another one");
        assertThat(run(home.toString()).err()).contains(home + ": a folder, expected a file of prompts");
    }

    @Test
    void namesTheLinesThatAreNoUtf8() throws IOException {
        Path input = home.resolve("latin.txt");
        Files.write(input, "Hello\ncaf\u00e9\n\0H\0i\n".getBytes(StandardCharsets.ISO_8859_1));
        assertThat(run(input.toString()).err())
                .contains(input + ":2: not UTF-8 text: convert the file first")
                .contains(input + ":3: a NUL character, as UTF-16 has: convert the file first");
        InProcess.Run allowed = run(input.toString(), "-n", "2", "--max-errors", "2");
        assertThat(allowed.err())
                .contains("1 answered, 2 failed")
                .contains("answers: " + input + ".answers.jsonl; prompts without one, and why: " + input
                        + ".answers.jsonl.e");
    }

    @Test
    void saysSoWhereEveryAnswerIsThere() throws IOException {
        Path input = prompts(2);
        assertThat(run(input.toString(), "-n", "2").err()).contains("2 answered");
        InProcess.Run again = run(input.toString(), "-n", "2");
        assertThat(again.exitCode()).isZero();
        assertThat(again.err()).contains("all 2 answers were there before: nothing is left to do");
    }

    @Test
    void refusesAnOutputThatIsSomethingElse() throws IOException {
        Path input = prompts(1);
        Path letter = Files.writeString(home.resolve("letter"), "dear reader\n");
        assertThat(run(input.toString(), "-o", letter.toString()).err()).contains(letter + ":1: no answer of a batch");
        assertThat(letter).hasContent("dear reader\n");
        assertThat(run(input.toString(), "-o", home.toString()).err()).contains("expected a plain file");
        Path state = home.resolve("answers.state");
        for (String text : new String[] {"dear reader\n", "{\"format\": \"another\"}", "[1]", ""}) {
            Files.writeString(state, text);
            InProcess.Run refused =
                    run(input.toString(), "-o", home.resolve("answers").toString());
            assertThat(refused.err())
                    .contains(state + " exists and is no state of a batch")
                    .doesNotContain("loading");
            assertThat(refused.exitCode()).isEqualTo(1);
            assertThat(state).hasContent(text);
        }
        assertThat(run(input.toString(), "-o", input.toString()).err()).contains("both the input and the output");
        assertThat(run(home.resolve("none").toString()).err()).contains("file not found");
    }

    @Test
    void keepsWhatItHasWhenTheDiskIsFull() throws Exception {
        Path input = prompts(40);
        Path output = home.resolve("out");
        List<String> command =
                SquallProcess.command("batch", "-o", output.toString(), input.toString(), "--temp", "0", "-n", "8");
        String err = errorsOnAFullDisk(8, command);
        assertThat(err).contains("answers are kept; make room and start the same command again");
        int kept = answers(output).size();
        assertThat(kept).isBetween(1, 39);

        assertThat(errorsOnAFullDisk(0, command)).contains(output + ".state: ").contains("nothing is lost; make room");
        assertThat(home.resolve("out.state.tmp")).doesNotExist();
        InProcess.Run again = run(input.toString(), "-o", output.toString(), "--temp", "0", "-n", "8");

        assertThat(again.err()).contains(kept + " there before");
        assertThat(answers(output)).hasSize(40);
    }

    /** What a command says that fails as its files may have no more than some blocks of 512 bytes. */
    private String errorsOnAFullDisk(int blocks, List<String> command) throws Exception {
        List<String> shell = new ArrayList<>(List.of("bash", "-c", "ulimit -f " + blocks + "; exec \"$@\"", "batch"));
        shell.addAll(command);
        // Not a file: the limit would hold for that, too.
        Process process = new ProcessBuilder(shell).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(said).isEqualTo(1);
        return said;
    }
}
