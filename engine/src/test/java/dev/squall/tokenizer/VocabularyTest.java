package dev.squall.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.squall.gguf.GgufMetadata;
import dev.squall.gguf.GgufValue;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class VocabularyTest {
    @Test
    void endsOfGenerationAreKnownByTheirTextWhateverTheirType() {
        Tokenizer tokenizer =
                normal("a", "<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|fim_pad|>", "<|fim_prefix|>", "x>");
        assertThat(IntStream.range(0, 7).filter(tokenizer::isEndOfGeneration)).containsExactly(1, 2, 3, 4);
        assertThat(IntStream.range(0, 7).filter(tokenizer::isControl)).containsExactly(1, 2, 3, 4, 5);
        assertThat(tokenizer.encodeTrusted("<|im_end|>")).containsExactly(1);
        assertThat(tokenizer.encode("<|im_end|>")).doesNotContain(1);
    }

    @Test
    void harmonyEndsAnswersButNotMessages() {
        Tokenizer phi = normal("a", "<|end|>", "<|user|>");
        Tokenizer harmony = normal("a", "<|end|>", "<|return|>", "<|call|>");
        assertThat(phi.isEndOfGeneration(1)).isTrue();
        assertThat(IntStream.range(0, 4).filter(harmony::isEndOfGeneration)).containsExactly(2, 3);
    }

    @Test
    void theIdsOfTheFileEndGenerationToo() {
        SpecialTokens special = new SpecialTokens(
                OptionalInt.empty(),
                OptionalInt.of(1),
                OptionalInt.of(2),
                OptionalInt.of(3),
                OptionalInt.empty(),
                false,
                false,
                false);
        Tokenizer tokenizer =
                Tokenizer.bytePairEncoding(vocabulary("a", "b", "c", "d", "e"), List.of(), "gpt-2", special);
        assertThat(IntStream.range(0, 5).filter(tokenizer::isEndOfGeneration)).containsExactly(1, 2, 3);
    }

    @Test
    void userDefinedTokensMatchAsAWholeAndTheLongestFirst() {
        Vocabulary vocabulary = new Vocabulary(
                List.of("a", "b", "c", "d", "ab", "bcd", "cd"), new int[] {1, 1, 1, 1, 4, 4, 4}, new float[0]);
        Tokenizer tokenizer = Tokenizer.bytePairEncoding(vocabulary, List.of(), "gpt-2", SpecialTokens.none());
        assertThat(tokenizer.encode("abcd")).containsExactly(0, 5);
        assertThat(tokenizer.encode("abab")).containsExactly(4, 4);
        assertThat(tokenizer.encode("acd")).containsExactly(0, 6);
    }

    @Test
    void mergesMayPassThroughPiecesThatAreNoTokens() {
        List<String> merges = List.of("a b", "ab c", "x y");
        Tokenizer tokenizer = Tokenizer.bytePairEncoding(
                vocabulary("a", "b", "c", "x", "y", "abc"), merges, "gpt-2", SpecialTokens.none());
        assertThat(tokenizer.encode("abc")).containsExactly(5);
        assertThat(tokenizer.encode("xyab")).containsExactly(3, 4, 0, 1);
    }

    @Test
    void bytesWithoutATokenAreLeftOut() {
        assertThat(normal("a", "b").encode("aXb")).containsExactly(0, 1);
    }

    @Test
    void malformedPartsAreRefusedWithTheirPlace() {
        assertThatThrownBy(() -> normal("a", "b", "a"))
                .isInstanceOf(TokenizerException.class)
                .hasMessage("tokenizer.ggml.tokens[2]='a' is listed twice, expected once");
        for (String pair : List.of("ab", "", " b", "a ", "\u20ac b", "a \u20ac", "a b b")) {
            assertThatThrownBy(() -> Tokenizer.bytePairEncoding(
                            vocabulary("a", "b"), List.of("a b", pair), "gpt-2", SpecialTokens.none()))
                    .isInstanceOf(TokenizerException.class)
                    .hasMessageStartingWith("tokenizer.ggml.merges[1]='" + pair + "', expected two pieces");
        }
        assertThatThrownBy(() -> new Vocabulary(List.of(), new int[0], new float[0]))
                .hasMessage("tokenizer.ggml.tokens has 0 tokens, expected 1 to 4194304");
        assertThatThrownBy(() -> new Vocabulary(List.of("a", "b"), new int[1], new float[0]))
                .hasMessage("tokenizer.ggml.token_type has 1 entries, expected 2, one a token");
        assertThatThrownBy(() -> new Vocabulary(List.of("a", "b"), new int[0], new float[1]))
                .hasMessage("tokenizer.ggml.scores has 1 entries, expected 2, one a token");
        assertThatThrownBy(() -> of(new Vocabulary(List.of("a"), new int[] {7}, new float[0])))
                .hasMessage("tokenizer.ggml.token_type[0]=7, expected 1 (normal) to 6 (byte)");
        assertThatThrownBy(() -> of(new Vocabulary(List.of("<0xZZ>"), new int[] {6}, new float[0])))
                .hasMessage("tokenizer.ggml.tokens[0]='<0xZZ>' is a byte, expected '<0x00>' to '<0xFF>'");
        OptionalInt absent = OptionalInt.empty();
        assertThatThrownBy(() -> new SpecialTokens(absent, absent, absent, absent, absent, true, false, false))
                .hasMessage("tokenizer.ggml.add_bos_token is true, but tokenizer.ggml.bos_token_id is not set");
    }

    @Test
    void anUnknownKindOfVocabularyIsRefusedWithTheKnownOnes() {
        GgufMetadata metadata =
                new GgufMetadata(Path.of("bert.gguf"), Map.of("tokenizer.ggml.model", new GgufValue.Text("bert")));
        assertThatThrownBy(() -> Tokenizer.fromMetadata(metadata))
                .isInstanceOf(TokenizerException.class)
                .hasMessage("tokenizer.ggml.model='bert', expected gpt2 (byte-level BPE) or llama (SentencePiece) in "
                        + "bert.gguf");
    }

    private static Tokenizer normal(String... tokens) {
        return of(vocabulary(tokens));
    }

    private static Tokenizer of(Vocabulary vocabulary) {
        return Tokenizer.bytePairEncoding(vocabulary, List.of(), "gpt-2", SpecialTokens.none());
    }

    private static Vocabulary vocabulary(String... tokens) {
        return new Vocabulary(List.of(tokens), new int[0], new float[0]);
    }
}
