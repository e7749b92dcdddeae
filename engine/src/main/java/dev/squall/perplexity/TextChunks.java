package dev.squall.perplexity;

import dev.squall.tokenizer.Tokenizer;
import java.util.Arrays;

/**
 * A text as windows of one length that follow each other, as llama-perplexity has them: each begins with the token that
 * begins sequences, where the model wants one, in the place of its first; and only tokens that have at least half of the
 * window before them are scored.
 *
 * @param tokens all of them
 * @param length tokens of a window
 * @param count windows that are scored
 * @param bos what each begins with; -1 for its own first token
 */
public record TextChunks(int[] tokens, int length, int count, int bos) {

    /**
     * Cuts a text.
     *
     * @param chunksMax most windows; 0 for all
     * @throws IllegalArgumentException if the text is too short for two windows
     */
    public static TextChunks of(Tokenizer tokenizer, String text, int length, int chunksMax) {
        int[] tokens = tokenizer.encode(text);
        int bos = -1;
        if (tokenizer.addBos()) {
            bos = tokenizer.bos().orElseThrow();
            int[] begun = new int[tokens.length + 1];
            begun[0] = bos;
            System.arraycopy(tokens, 0, begun, 1, tokens.length);
            tokens = begun;
        }
        if (tokens.length < 2 * length) {
            throw new IllegalArgumentException("the text has " + tokens.length + " tokens, expected at least "
                    + 2 * length + " (two windows of " + length + "): give a longer text or a smaller --ctx-size");
        }
        int all = tokens.length / length;
        return new TextChunks(tokens, length, chunksMax == 0 ? all : Math.min(all, chunksMax), bos);
    }

    /** The tokens of a window. */
    public int[] chunk(int index) {
        int[] chunk = Arrays.copyOfRange(tokens, index * length, (index + 1) * length);
        if (bos >= 0) {
            chunk[0] = bos;
        }
        return chunk;
    }

    /** The first position of a window whose next token is scored. */
    public int firstScored() {
        return length / 2;
    }

    /** How many tokens of a window are scored. */
    public int scoredCount() {
        return length - 1 - firstScored();
    }
}
