package dev.squall.tokenizer;

import java.util.Set;

/**
 * Tokens recognised by their text, as llama.cpp does it, since files do not mark them: whatever type their file gives
 * them, they are control tokens.
 */
final class WellKnownTokens {
    /** End a turn, a message or a sequence. */
    private static final Set<String> ENDS = Set.of(
            "<|eot_id|>",
            "<|im_end|>",
            "<|end|>",
            "<|return|>",
            "<|call|>",
            "<|flush|>",
            "<|calls|>",
            "<end_of_turn>",
            "<|endoftext|>",
            "</s>",
            "<|eom_id|>",
            "<EOT>",
            "_<EOT>",
            "[EOT]",
            "[EOS]",
            "<|end_of_text|>",
            "<end_of_utterance>",
            "<eos>",
            "<turn|>",
            "<|tool_response>",
            "<\uFF5Cend\u2581of\u2581sentence\uFF5C>",
            "[e~[");

    /** Parts of fill-in-the-middle prompts after which a model has nothing more to say. */
    private static final Set<String> FILL_IN_ENDS = Set.of(
            "<|fim_pad|>",
            "<fim-pad>",
            "<fim_pad>",
            "<PAD>",
            "[PAD]",
            "<|fim_repo|>",
            "<|repo_name|>",
            "<fim-repo>",
            "<REPO>",
            "<reponame>",
            "<|file_sep|>");

    private static final Set<String> FILL_IN_PARTS = Set.of(
            "<|fim_prefix|>",
            "<fim-prefix>",
            "<fim_prefix>",
            "<\uFF5Cfim\u2581begin\uFF5C>",
            "<PRE>",
            "\u2581<PRE>",
            "<|code_prefix|>",
            "<|prefix|>",
            "<|fim_suffix|>",
            "<fim-suffix>",
            "<fim_suffix>",
            "<\uFF5Cfim\u2581hole\uFF5C>",
            "<SUF>",
            "\u2581<SUF>",
            "<|code_suffix|>",
            "<|suffix|>",
            "<|fim_middle|>",
            "<fim-middle>",
            "<fim_middle>",
            "<\uFF5Cfim\u2581end\uFF5C>",
            "<MID>",
            "\u2581<MID>",
            "<|code_middle|>",
            "<|middle|>");

    private WellKnownTokens() {}

    static boolean isControl(String text) {
        return mayBeKnown(text) && (isEnd(text) || FILL_IN_PARTS.contains(text));
    }

    static boolean isEnd(String text) {
        return mayBeKnown(text) && (ENDS.contains(text) || FILL_IN_ENDS.contains(text));
    }

    /** Spares hashing every text of a vocabulary: all texts above end with one of these. */
    private static boolean mayBeKnown(String text) {
        char last = text.isEmpty() ? ' ' : text.charAt(text.length() - 1);
        return last == '>' || last == ']' || last == '[';
    }
}
