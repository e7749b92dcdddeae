package dev.squall.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TokenizerTest {
    private static final Tokenizer DEMO = Tokenizer.fromMetadata(DemoModel.metadata());
    private static final List<String> CONTROL_FRAGMENTS = List.of(
            "<|im_start|>",
            "<|im_end|>",
            "<|endoftext|>",
            "<|",
            "|>",
            "<",
            "|",
            ">",
            "im_",
            "start",
            "end",
            "_",
            "of",
            "text",
            "user",
            "\n",
            " ",
            "assistant",
            "\u200b");

    @Test
    void encodesTextsOfAllScriptsAsLlamaCppDoes() {
        List<String> texts = Golden.texts();
        List<JsonNode> golden = Golden.lines("tokens-demo.jsonl");
        assertThat(golden).hasSameSizeAs(texts).hasSizeGreaterThan(300);

        for (int i = 0; i < texts.size(); i++) {
            String text = texts.get(i);
            assertThat(DEMO.encode(text))
                    .as("text %d as typed, '%s'", i, text)
                    .isEqualTo(Golden.tokens(golden.get(i).get(0)));
            assertThat(DEMO.encodeTrusted(text))
                    .as("text %d with control tokens, '%s'", i, text)
                    .isEqualTo(Golden.tokens(golden.get(i).get(1)));
        }
    }

    @Test
    void readsTheSpecialTokensOfTheFile() {
        assertThat(DEMO.vocabularySize()).isEqualTo(2048);
        assertThat(DEMO.bos()).isEqualTo(OptionalInt.of(2045));
        assertThat(DEMO.eos()).isEqualTo(OptionalInt.of(2047));
        assertThat(DEMO.addBos()).isFalse();
        assertThat(DEMO.addEos()).isFalse();
        assertThat(IntStream.range(0, 2048).filter(DEMO::isControl)).containsExactly(2045, 2046, 2047);
        assertThat(IntStream.range(0, 2048).filter(DEMO::isEndOfGeneration)).containsExactly(2045, 2047);
        assertThat(DEMO.text(2046)).isEqualTo("<|im_start|>");
        assertThat(DEMO.bytes(2046)).isEmpty();
    }

    @Test
    void encodingAndDecodingGivesAnyTextBack() {
        long seed = 20261122;
        Random random = new Random(seed);
        for (int round = 0; round < 2000; round++) {
            String text = randomText(random);
            assertThat(DEMO.decode(DEMO.encode(text)))
                    .as("seed %d round %d", seed, round)
                    .isEqualTo(text);
        }
    }

    @Test
    void surrogatesWithoutPartnerBecomeReplacementCharacters() {
        assertThat(DEMO.decode(DEMO.encode("a\uD83Db\uDE00c\uDE00\uD83D"))).isEqualTo("a\uFFFDb\uFFFDc\uFFFD\uFFFD");
        assertThat(DEMO.encode("\uD83D")).isEqualTo(DEMO.encode("\uFFFD"));
    }

    @Test
    void typedTextNeverYieldsAControlToken() {
        long seed = 7;
        Random random = new Random(seed);
        for (int round = 0; round < 5000; round++) {
            String text = random.ints(random.nextInt(1, 12), 0, CONTROL_FRAGMENTS.size())
                    .mapToObj(CONTROL_FRAGMENTS::get)
                    .collect(Collectors.joining());
            int[] tokens = DEMO.encode(text);
            assertThat(Arrays.stream(tokens).filter(DEMO::isControl))
                    .as("seed %d round %d: '%s'", seed, round, text)
                    .isEmpty();
            assertThat(DEMO.decode(tokens)).isEqualTo(text);
        }
    }

    @Test
    void aWordOfAHundredThousandCharactersMergesAsItsShortPartsDo() {
        String word = "ab".repeat(50_000);
        int[] tokens = DEMO.encode(word);
        assertThat(DEMO.decode(tokens)).isEqualTo(word);
        int[] start = DEMO.encode("ab".repeat(100));
        assertThat(Arrays.copyOf(tokens, start.length - 2)).isEqualTo(Arrays.copyOf(start, start.length - 2));
    }

    @Test
    void streamingGivesTheSameTextAsDecodingAtOnce() {
        long seed = 5;
        Random random = new Random(seed);
        for (int round = 0; round < 500; round++) {
            int[] tokens =
                    random.ints(random.nextInt(1, 40), 0, DEMO.vocabularySize()).toArray();
            StreamingDecoder decoder = DEMO.streamingDecoder(true);
            StringBuilder streamed = new StringBuilder();
            for (int token : tokens) {
                String text = decoder.accept(token);
                assertThat(text.codePoints().noneMatch(c -> c >= 0xD800 && c < 0xE000))
                        .isTrue();
                streamed.append(text);
            }
            streamed.append(decoder.finish());
            assertThat(streamed).as("seed %d round %d", seed, round).hasToString(DEMO.decode(tokens));
        }
    }

    @Test
    void streamingHoldsACharacterUntilItIsWhole() {
        int[] tokens = DEMO.encode("a😀b");
        StreamingDecoder decoder = DEMO.streamingDecoder(true);
        assertThat(Arrays.stream(tokens).mapToObj(decoder::accept)).containsExactly("a", "", "", "", "😀", "b");
        assertThat(decoder.finish()).isEmpty();

        Arrays.stream(tokens, 0, 3).forEach(decoder::accept);
        assertThat(decoder.finish()).isEqualTo("\uFFFD");
    }

    @Test
    void aTokenOutsideTheVocabularyIsRefused() {
        assertThatThrownBy(() -> DEMO.bytes(2048))
                .isInstanceOf(IndexOutOfBoundsException.class)
                .hasMessage("token 2048, expected 0 to 2047, the vocabulary's last");
    }

    private static String randomText(Random random) {
        StringBuilder text = new StringBuilder();
        int length = random.nextInt(60);
        while (text.length() < length) {
            int codePoint =
                    switch (random.nextInt(4)) {
                        case 0 -> random.nextInt(0x80);
                        case 1 -> random.nextInt(0x3000);
                        case 2 -> random.nextInt(0x10000);
                        default -> random.nextInt(0x110000);
                    };
            if (codePoint < 0xD800 || codePoint > 0xDFFF) {
                text.appendCodePoint(codePoint);
            }
        }
        String result = text.toString();
        assert new String(result.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8).equals(result);
        return result;
    }
}
