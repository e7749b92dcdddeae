package dev.squall.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class SentencePieceTest {
    private final Tokenizer tokenizer = MadeUpVocabularies.spaced(false);

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
                assertThat(text).containsAnyOf("<s>", "</s>");
                assertThat(Arrays.stream(actual).filter(tokenizer::isControl)).isEmpty();
            } else {
                assertThat(actual).as("text %d, '%s'", i, text).isEqualTo(expected);
            }
        }
    }

    @Test
    void specialTokensOfPhi3SwallowTheSpaceBehindThemAsInLlamaCpp() {
        Tokenizer phi = MadeUpVocabularies.spaced(true);
        List<String> texts = Golden.texts();
        List<JsonNode> golden = Golden.lines("tokens-phi-3.jsonl");
        for (int i = 0; i < texts.size(); i++) {
            assertThat(phi.encodeTrusted(texts.get(i)))
                    .as("text %d, '%s'", i, texts.get(i))
                    .isEqualTo(Golden.tokens(golden.get(i)));
        }
        int end = phi.encodeTrusted("<|end|>")[0];
        RenderedChat chat =
                new RenderedChat(List.of(new RenderedChat.Control(end, "<|end|>"), new RenderedChat.Text("\n Hello")));
        assertThat(phi.encode(chat)).isEqualTo(phi.encodeTrusted("<|end|>\n Hello"));
    }

    @Test
    void decodingGivesTheTextBackWithoutTheSpaceAheadOfIt() {
        for (String text : Golden.texts()) {
            // Each user-defined token puts a space before the text behind it, as in llama.cpp.
            if (!text.contains("\n\n") && !text.contains("<tool>") && !text.contains("\u2581")) {
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
