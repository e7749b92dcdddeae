package dev.squall.tokenizer;

/** A vocabulary that cannot be used, or a text that a vocabulary cannot express. */
public final class TokenizerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public TokenizerException(String message) {
        super(message);
    }
}
