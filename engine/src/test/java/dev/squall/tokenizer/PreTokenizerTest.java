package dev.squall.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PreTokenizerTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "default",
                "gpt-2",
                "starcoder",
                "falcon",
                "llama-bpe",
                "dbrx",
                "qwen2",
                "qwen35",
                "tekken",
                "gpt-4o",
                "deepseek-llm",
                "deepseek-coder",
                "deepseek-v3",
                "bloom",
                "viking",
                "bailingmoe",
                "seed-coder",
                "laguna"
            })
    void splitsTextsOfAllScriptsAsLlamaCppDoes(String name) {
        Tokenizer tokenizer = MadeUpVocabularies.pairs(name);
        List<String> texts = Golden.texts();
        List<JsonNode> golden = Golden.lines("tokens-pre-" + name + ".jsonl");
        assertThat(golden).hasSameSizeAs(texts);

        for (int i = 0; i < texts.size(); i++) {
            assertThat(tokenizer.encode(texts.get(i)))
                    .as("text %d, '%s'", i, texts.get(i))
                    .isEqualTo(Golden.tokens(golden.get(i)));
        }
    }

    @Test
    void anUnknownNameIsRefusedWithTheKnownOnes() {
        assertThatThrownBy(() -> PreTokenizer.named("qwen3"))
                .isInstanceOf(TokenizerException.class)
                .hasMessageStartingWith("tokenizer.ggml.pre='qwen3' is not known, expected one of a.x-4.0, bailingmoe")
                .hasMessageContaining("qwen2, qwen35");
    }
}
