package dev.squall.tokenizer;

/** Encodes text that holds nothing but text: special tokens have been split off before. */
sealed interface TextEncoder permits BytePairEncoding, SentencePiece {
    /**
     * Appends the tokens of a text.
     *
     * @param text well-formed UTF-16, not empty; stands at the beginning or right after a special token
     */
    void encode(String text, TokenBuffer tokens);
}
