package dev.squall.generate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.squall.sampling.SamplingOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What the demo model knows: llama.cpp's builds answer 250 or 251 of these 264 prompts as expected. */
class DemoAnswersTest {
    private static final int CHECKABLE = 264;
    private static final int RIGHT_MIN = 249;

    @Test
    void answersTheCheckablePromptsAsWellAsUnderLlamaCpp() throws IOException {
        List<String> wrong = new ArrayList<>();
        int checkable = 0;
        try (LanguageModel model = LanguageModel.builder(DemoFile.path()).load();
                Session session = model.newSession()) {
            Conversation conversation = new Conversation(
                    session, model.tokenizer(), model.chatTemplate().orElseThrow());
            Conversation.ReplyOptions options =
                    new Conversation.ReplyOptions(100, SamplingOptions.greedy(), -1, new Cancellation());
            for (JsonNode prompt : prompts()) {
                if (prompt.get("answer").isNull()) {
                    continue;
                }
                checkable++;
                conversation.clear();
                String question = prompt.get("prompt").asText();
                String answer = conversation
                        .reply(question, options, TokenListener.NONE)
                        .result()
                        .text();
                if (!answer.strip().equals(prompt.get("answer").asText())) {
                    wrong.add(question + " -> " + answer);
                }
            }
        }
        assertThat(checkable).isEqualTo(CHECKABLE);
        assertThat(CHECKABLE - wrong.size())
                .as("right answers; wrong: %s", wrong)
                .isGreaterThanOrEqualTo(RIGHT_MIN);
    }

    private static List<JsonNode> prompts() throws IOException {
        ObjectMapper json = new ObjectMapper();
        List<JsonNode> prompts = new ArrayList<>();
        try (InputStream file =
                Objects.requireNonNull(DemoAnswersTest.class.getResourceAsStream("/workloads/demo-test.jsonl"))) {
            for (String line : new String(file.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                prompts.add(json.readTree(line));
            }
        }
        return prompts;
    }
}
