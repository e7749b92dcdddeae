package dev.squall.predict;

/** What a forward pass does. */
public enum Phase {
    /** Evaluates a prompt, many tokens of a sequence at once. */
    PREFILL(0),
    /** Evaluates the last token of each sequence. */
    DECODE(1);

    private final int code;

    Phase(int code) {
        this.code = code;
    }

    /** Its number in files. */
    public int code() {
        return code;
    }

    /**
     * The phase of that number.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Phase ofCode(int code) {
        return switch (code) {
            case 0 -> PREFILL;
            case 1 -> DECODE;
            default -> throw new IllegalArgumentException("phase " + code + ", expected 0 or 1");
        };
    }
}
