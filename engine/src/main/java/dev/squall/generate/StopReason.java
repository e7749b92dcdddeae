package dev.squall.generate;

/** Why a generation ended. */
public enum StopReason {
    /** The model chose an end-of-generation token. */
    END_OF_GENERATION,
    /** The request's token limit was reached. */
    TOKEN_LIMIT,
    /** The session's context is full. */
    CONTEXT_FULL,
    /** {@link Cancellation#cancel()} was called. */
    CANCELLED
}
