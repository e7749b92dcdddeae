package dev.squall.model;

import dev.squall.gguf.GgufValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Small vocabularies of the two kinds, with all bytes. */
final class TinyVocabulary {
    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int BYTE = 6;
    private static final String[] WORDS = {
        "he", "Ġt", "Ġa", "in", "re", "Ġthe", "on", "er", "Ġs", "at", "Ġo", "is", "en", "Ġw", "it", "or", "nd", "es",
        "Ġb", "an", "al", "ou", "ing", "Ġf", "Ġin", "ed", "Ġp", "ar", "Ġc", "Ġand", "ro", "ll", "Ġm", "Ġof", "om", "le"
    };

    private TinyVocabulary() {}

    /** Byte-level BPE: 256 bytes, words with the merges that make them, two control tokens. */
    static void byteLevel(Map<String, GgufValue> metadata, String preTokenizer) {
        List<String> tokens = new ArrayList<>();
        char next = 0x100;
        for (int value = 0; value < 256; value++) {
            boolean prints = (value >= 0x21 && value <= 0x7e) || (value >= 0xa1 && value != 0xad);
            tokens.add(String.valueOf(prints ? (char) value : next++));
        }
        List<String> merges = new ArrayList<>();
        for (String word : WORDS) {
            int split = word.length() - 1;
            while (split > 0
                    && !(tokens.contains(word.substring(0, split)) && tokens.contains(word.substring(split)))) {
                split--;
            }
            if (split > 0) {
                tokens.add(word);
                merges.add(word.substring(0, split) + " " + word.substring(split));
            }
        }
        int[] types = new int[tokens.size() + 2];
        Arrays.fill(types, NORMAL);
        types[tokens.size()] = CONTROL;
        types[tokens.size() + 1] = CONTROL;
        tokens.add("<|begin|>");
        tokens.add("<|end|>");
        metadata.put("tokenizer.ggml.model", GgufValue.string("gpt2"));
        metadata.put("tokenizer.ggml.pre", GgufValue.string(preTokenizer));
        metadata.put("tokenizer.ggml.tokens", GgufValue.strings(tokens));
        metadata.put("tokenizer.ggml.token_type", GgufValue.int32s(types));
        metadata.put("tokenizer.ggml.merges", GgufValue.strings(merges));
        metadata.put("tokenizer.ggml.bos_token_id", GgufValue.uint32(tokens.size() - 2));
        metadata.put("tokenizer.ggml.eos_token_id", GgufValue.uint32(tokens.size() - 1));
        metadata.put("tokenizer.ggml.add_bos_token", GgufValue.bool(false));
    }

    /** SentencePiece: three control tokens, 256 bytes, letters and words with scores. */
    static void sentencePiece(Map<String, GgufValue> metadata) {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        List<Integer> types = new ArrayList<>(List.of(UNKNOWN, CONTROL, CONTROL));
        List<Float> scores = new ArrayList<>(List.of(0f, 0f, 0f));
        for (int value = 0; value < 256; value++) {
            tokens.add("<0x%02X>".formatted(value));
            types.add(BYTE);
            scores.add(0f);
        }
        for (String word : WORDS) {
            tokens.add(word.replace('Ġ', '\u2581'));
        }
        for (char letter : "\u2581abcdefghijklmnopqrstuvwxyz.,".toCharArray()) {
            tokens.add(String.valueOf(letter));
        }
        for (int i = types.size(); i < tokens.size(); i++) {
            types.add(NORMAL);
            scores.add((float) -i);
        }
        float[] scoreArray = new float[scores.size()];
        for (int i = 0; i < scoreArray.length; i++) {
            scoreArray[i] = scores.get(i);
        }
        int[] typeArray = types.stream().mapToInt(Integer::intValue).toArray();
        metadata.put("tokenizer.ggml.model", GgufValue.string("llama"));
        metadata.put("tokenizer.ggml.tokens", GgufValue.strings(tokens));
        metadata.put("tokenizer.ggml.token_type", GgufValue.int32s(typeArray));
        metadata.put("tokenizer.ggml.scores", GgufValue.float32s(scoreArray));
        metadata.put("tokenizer.ggml.bos_token_id", GgufValue.uint32(1));
        metadata.put("tokenizer.ggml.eos_token_id", GgufValue.uint32(2));
        metadata.put("tokenizer.ggml.unknown_token_id", GgufValue.uint32(0));
        metadata.put("tokenizer.ggml.add_bos_token", GgufValue.bool(true));
    }
}
