package dev.squall.tokenizer;

import java.util.List;

/**
 * The tokens of a model as its file lists them; a token's id is its place in the list.
 *
 * @param texts each token as it is written in the file: byte-level pieces in the GPT-2 alphabet, SentencePiece pieces
 *     with {@code ▁} for a space, all others as they are
 * @param types one number a token, see {@link TokenType}; empty where all are normal
 * @param scores one number a token, the higher the earlier SentencePiece merges to it; empty where the vocabulary has
 *     none
 */
public record Vocabulary(List<String> texts, int[] types, float[] scores) {
    /** The most tokens a vocabulary may have. */
    public static final int TOKENS_MAX = 1 << 22;

    public Vocabulary {
        int size = texts.size();
        if (size == 0 || size > TOKENS_MAX) {
            throw new TokenizerException("tokenizer.ggml.tokens has " + size + " tokens, expected 1 to " + TOKENS_MAX);
        }
        if (types.length != 0 && types.length < size) {
            throw new TokenizerException(
                    "tokenizer.ggml.token_type has " + types.length + " entries, expected " + size + ", one a token");
        }
        if (scores.length != 0 && scores.length < size) {
            throw new TokenizerException(
                    "tokenizer.ggml.scores has " + scores.length + " entries, expected " + size + ", one a token");
        }
    }

    int size() {
        return texts.size();
    }

    TokenType type(int tokenId) {
        return types.length == 0 ? TokenType.NORMAL : TokenType.of(types[tokenId], tokenId);
    }

    float score(int tokenId) {
        return scores.length == 0 ? 0 : scores[tokenId];
    }
}
