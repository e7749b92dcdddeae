package dev.squall.tokenizer;

/** What a token of the vocabulary stands for, numbered as in {@code tokenizer.ggml.token_type}. */
public enum TokenType {
    /** A piece of text. */
    NORMAL(1),
    /** Stands for text that the vocabulary cannot express. */
    UNKNOWN(2),
    /** Structure such as the end of a turn: only a chat template may write it, and it has no text. */
    CONTROL(3),
    /** A piece of text that is matched as a whole before anything else is split. */
    USER_DEFINED(4),
    /** A place kept free in the vocabulary. */
    UNUSED(5),
    /** One byte, for text that no piece covers. */
    BYTE(6);

    private static final TokenType[] VALUES = values();

    private final int number;

    TokenType(int number) {
        this.number = number;
    }

    /** @throws TokenizerException if no type has this number */
    static TokenType of(int number, int tokenId) {
        // 0 is "undefined": llama.cpp reads it and every type it does not know as a token without text.
        if (number == 0) {
            return UNUSED;
        }
        if (number < 0 || number > VALUES.length) {
            throw new TokenizerException(
                    "tokenizer.ggml.token_type[" + tokenId + "]=" + number + ", expected 1 (normal) to 6 (byte)");
        }
        TokenType type = VALUES[number - 1];
        assert type.number == number;
        return type;
    }
}
