package dev.squall.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class SentencePieceTest {
    private final Tokenizer tokenizer = MadeUpVocabularies.spaced();

    @Test
    void mergesByScoreAsLlamaCppDoes() {
        List<String> texts = Golden.texts();
        List<JsonNode> golden = Golden.lines("tokens-sentencepiece.jsonl");
        assertThat(golden).hasSameSizeAs(texts);

        for (int i = 0; i < texts.size(); i++) {
            String text = texts.get(i);
            int[] expected = Golden.tokens(golden.get(i));
            int[] actual = tokenizer.encode(text);
            if (Arrays.stream(expected).anyMatch(tokenizer::isControl)) {
                // llama.cpp merges pieces until they spell a control token; what a user typed must not become one.
                assertThat(text).isIn("<s>", "</s>");
                assertThat(Arrays.stream(actual).filter(tokenizer::isControl)).isEmpty();
            } else {
                assertThat(actual).as("text %d, '%s'", i, text).isEqualTo(expected);
            }
        }
    }

    @Test
    void decodingGivesTheTextBackWithoutTheSpaceAheadOfIt() {
        for (String text : Golden.texts()) {
            // Each user-defined token puts a space before the text behind it, as in llama.cpp.
            if (!text.contains("\n\n") && !text.contains("\u2581")) {
                assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
            }
        }
    }

    @Test
    void aLongTextMergesInReasonableTime() {
        String text = "Hello world and the fox ".repeat(5000);
        assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
    }
}
