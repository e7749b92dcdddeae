package dev.squall.tokenizer;

import java.util.OptionalInt;

/**
 * The tokens that a model's file names by their part.
 *
 * @param bos begins a sequence
 * @param eos ends a sequence
 * @param eot ends a turn
 * @param eom ends a message that is not the last of its turn
 * @param unknown stands for text that the vocabulary cannot express
 * @param addBos whether a prompt begins with {@code bos}
 * @param addEos whether a finished text ends with {@code eos}
 * @param swallowSpace whether white space behind a special token belongs to it, as in Phi-3
 */
public record SpecialTokens(
        OptionalInt bos,
        OptionalInt eos,
        OptionalInt eot,
        OptionalInt eom,
        OptionalInt unknown,
        boolean addBos,
        boolean addEos,
        boolean swallowSpace) {

    public SpecialTokens {
        if (addBos && bos.isEmpty()) {
            throw new TokenizerException(
                    "tokenizer.ggml.add_bos_token is true, but tokenizer.ggml.bos_token_id is not set");
        }
        if (addEos && eos.isEmpty()) {
            throw new TokenizerException(
                    "tokenizer.ggml.add_eos_token is true, but tokenizer.ggml.eos_token_id is not set");
        }
    }

    /** None at all, for a vocabulary of text only. */
    public static SpecialTokens none() {
        OptionalInt absent = OptionalInt.empty();
        return new SpecialTokens(absent, absent, absent, absent, absent, false, false, false);
    }
}
