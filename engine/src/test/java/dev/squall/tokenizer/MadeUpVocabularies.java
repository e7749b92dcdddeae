package dev.squall.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** The two vocabularies that golden/tokenizer.mjs makes up, by the same rules. */
final class MadeUpVocabularies {
    private MadeUpVocabularies() {}

    /** All bytes, then all pairs of bytes in an order that mixes them; a pair's place is its rank. */
    static Tokenizer pairs(String preTokenizer) {
        List<String> alphabet = new ArrayList<>();
        char next = 0x100;
        for (int value = 0; value < 256; value++) {
            boolean prints = (value >= 0x21 && value <= 0x7e) || (value >= 0xa1 && value != 0xad);
            alphabet.add(String.valueOf(prints ? (char) value : next++));
        }
        List<String> tokens = new ArrayList<>(alphabet);
        List<String> merges = new ArrayList<>();
        for (int i = 0; i < 65536; i++) {
            int pair = (int) (i * 40503L % 65536);
            String left = alphabet.get(pair >> 8);
            String right = alphabet.get(pair & 255);
            tokens.add(left + right);
            merges.add(left + " " + right);
        }
        Vocabulary vocabulary = new Vocabulary(tokens, new int[0], new float[0]);
        return Tokenizer.bytePairEncoding(vocabulary, merges, preTokenizer, SpecialTokens.none());
    }

    /** Control and byte tokens, letters, some words made of them with scores that tie, two user-defined tokens. */
    static Tokenizer spaced(boolean swallowsSpace) {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        List<Integer> types = new ArrayList<>(List.of(2, 3, 3));
        List<Float> scores = new ArrayList<>(List.of(0f, 0f, 0f));
        for (int value = 0; value < 256; value++) {
            tokens.add("<0x%02X>".formatted(value));
            types.add(6);
            scores.add(0f);
        }
        for (String userDefined : List.of("<tool>", "\n\n")) {
            tokens.add(userDefined);
            types.add(4);
            scores.add(0f);
        }
        String letters = "\u2581abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?'<>/|-_é中я";
        letters.chars().forEach(letter -> {
            tokens.add(String.valueOf((char) letter));
            types.add(1);
            scores.add(-1000f - letter % 97);
        });
        String[] words =
                ("▁t he ▁the th in ing an and ▁a ▁an ▁and er el ll ello Hello ▁Hello or wor ld world ▁wor ▁world"
                                + " ▁▁ ▁▁▁▁ 12 123 34 aa aaaa ab abab </ s> <s 中中 é▁ 's ... .. ▁s st or▁ en ▁f fo ▁fox")
                        .split(" ");
        for (int i = 0; i < words.length; i++) {
            tokens.add(words[i]);
            types.add(1);
            scores.add((float) -(i * 7 % 23));
        }
        for (String control : List.of("<|endoftext|>", "<|end|>")) {
            tokens.add(control);
            types.add(3);
            scores.add(0f);
        }
        float[] scoreArray = new float[scores.size()];
        for (int i = 0; i < scoreArray.length; i++) {
            scoreArray[i] = scores.get(i);
        }
        Vocabulary vocabulary = new Vocabulary(
                tokens, types.stream().mapToInt(Integer::intValue).toArray(), scoreArray);
        OptionalInt absent = OptionalInt.empty();
        SpecialTokens special = new SpecialTokens(
                OptionalInt.of(1), OptionalInt.of(2), absent, absent, OptionalInt.of(0), false, false, swallowsSpace);
        return Tokenizer.sentencePiece(vocabulary, special, true);
    }
}
