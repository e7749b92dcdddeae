package dev.squall.generate;

/** A prompt that does not fit into the context of its session. */
public final class ContextOverflowException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public ContextOverflowException(String message) {
        super(message);
    }
}
