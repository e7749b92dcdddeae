package dev.squall.predict;

/** What a forward pass does. */
public enum Phase {
    /** Evaluates a prompt, many tokens of a sequence at once. */
    PREFILL,
    /** Evaluates the last token of each sequence. */
    DECODE
}
