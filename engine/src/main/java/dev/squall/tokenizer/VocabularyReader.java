package dev.squall.tokenizer;

import dev.squall.gguf.GgufMetadata;
import java.util.Locale;
import java.util.OptionalInt;

/** Reads the {@code tokenizer.ggml} keys of a model file, with llama.cpp's defaults for those that may be absent. */
final class VocabularyReader {
    private static final String KEYS = "tokenizer.ggml.";

    private VocabularyReader() {}

    static Tokenizer read(GgufMetadata metadata) {
        String model = metadata.string(KEYS + "model");
        return switch (model) {
            case "gpt2" -> bytePairEncoding(metadata);
            case "llama" -> sentencePiece(metadata);
            default ->
                throw new TokenizerException("tokenizer.ggml.model='" + model
                        + "', expected gpt2 (byte-level BPE) or llama (SentencePiece) in " + metadata.file());
        };
    }

    private static Tokenizer bytePairEncoding(GgufMetadata metadata) {
        Vocabulary vocabulary = vocabulary(metadata);
        String preTokenizer = metadata.string(KEYS + "pre");
        boolean addsBos = PreTokenizer.named(preTokenizer).addsBos();
        SpecialTokens special = new SpecialTokens(
                token(metadata, vocabulary, "bos"),
                token(metadata, vocabulary, "eos"),
                token(metadata, vocabulary, "eot"),
                token(metadata, vocabulary, "eom"),
                token(metadata, vocabulary, "unknown"),
                metadata.boolOrElse(KEYS + "add_bos_token", addsBos),
                metadata.boolOrElse(KEYS + "add_eos_token", false),
                isPhi3(metadata));
        return Tokenizer.bytePairEncoding(vocabulary, metadata.strings(KEYS + "merges"), preTokenizer, special);
    }

    private static Tokenizer sentencePiece(GgufMetadata metadata) {
        Vocabulary vocabulary = vocabulary(metadata);
        SpecialTokens special = new SpecialTokens(
                orElse(token(metadata, vocabulary, "bos"), vocabulary, 1),
                orElse(token(metadata, vocabulary, "eos"), vocabulary, 2),
                token(metadata, vocabulary, "eot"),
                token(metadata, vocabulary, "eom"),
                orElse(token(metadata, vocabulary, "unknown"), vocabulary, 0),
                metadata.boolOrElse(KEYS + "add_bos_token", true),
                metadata.boolOrElse(KEYS + "add_eos_token", false),
                isPhi3(metadata));
        return Tokenizer.sentencePiece(vocabulary, special, metadata.boolOrElse(KEYS + "add_space_prefix", true));
    }

    /** No key says it, so the name has to, as in llama.cpp: the same file is to give the same tokens. */
    private static boolean isPhi3(GgufMetadata metadata) {
        String name = metadata.stringOrElse("general.name", "").toLowerCase(Locale.ROOT);
        return name.contains("phi-3") || name.contains("phi3");
    }

    private static Vocabulary vocabulary(GgufMetadata metadata) {
        String types = KEYS + "token_type";
        String scores = KEYS + "scores";
        return new Vocabulary(
                metadata.strings(KEYS + "tokens"),
                metadata.contains(types) ? metadata.ints(types) : new int[0],
                metadata.contains(scores) ? metadata.floats(scores) : new float[0]);
    }

    private static OptionalInt token(GgufMetadata metadata, Vocabulary vocabulary, String part) {
        String key = KEYS + part + "_token_id";
        if (!metadata.contains(key)) {
            return OptionalInt.empty();
        }
        int token = metadata.int32(key);
        if (token < 0 || token >= vocabulary.size()) {
            throw new TokenizerException(key + "=" + token + ", expected 0 to " + (vocabulary.size() - 1)
                    + ", the vocabulary's last token, in " + metadata.file());
        }
        return OptionalInt.of(token);
    }

    private static OptionalInt orElse(OptionalInt token, Vocabulary vocabulary, int usual) {
        return token.isPresent() || usual >= vocabulary.size() ? token : OptionalInt.of(usual);
    }
}
