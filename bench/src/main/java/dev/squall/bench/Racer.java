package dev.squall.bench;

/** One engine with a loaded model and one sequence. Used by one thread. */
public interface Racer extends AutoCloseable {
    /** Empties the sequence, evaluates {@code tokens} as one prompt and returns the likeliest next token. */
    int prefill(int[] tokens);

    /** Evaluates {@code token} after all that came before and returns the likeliest next token. */
    int decode(int token);

    /** Number of tokens in the model's vocabulary. */
    int vocabularySize();

    /** Name of the engine, with what matters for its speed here: version, instruction sets. One line. */
    String description();

    @Override
    void close();
}
