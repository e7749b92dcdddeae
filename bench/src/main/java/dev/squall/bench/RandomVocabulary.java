package dev.squall.bench;

import dev.squall.gguf.GgufValue;
import dev.squall.gguf.GgufWriter;
import java.util.ArrayList;
import java.util.List;

/**
 * Tokenizer metadata of any size that loads everywhere: byte-level BPE whose tokens are the 256 bytes, then each earlier
 * token joined with one byte more, in order, and three control tokens at the end.
 */
final class RandomVocabulary {
    private static final int BYTES = 256;
    private static final List<String> CONTROL = List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>");
    private static final int TYPE_NORMAL = 1;
    private static final int TYPE_CONTROL = 3;

    static final int TOKENS_MIN = BYTES + CONTROL.size();

    private static final String CHAT_TEMPLATE =
            "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n'"
                    + " + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
                    + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

    private RandomVocabulary() {}

    /** Adds the tokenizer keys for {@code size} tokens. */
    static void describe(GgufWriter writer, int size) {
        int plain = size - CONTROL.size();
        List<String> tokens = new ArrayList<>(size);
        List<String> merges = new ArrayList<>();
        for (int value = 0; value < BYTES; value++) {
            tokens.add(Character.toString(byteCharacter(value)));
        }
        for (int i = 0; tokens.size() < plain; i++) {
            String left = tokens.get(i / BYTES);
            String right = tokens.get(i % BYTES);
            tokens.add(left + right);
            merges.add(left + " " + right);
        }
        tokens.addAll(CONTROL);
        int[] types = new int[size];
        for (int token = 0; token < size; token++) {
            types[token] = token < plain ? TYPE_NORMAL : TYPE_CONTROL;
        }
        writer.metadata("tokenizer.ggml.model", "gpt2")
                .metadata("tokenizer.ggml.pre", "qwen2")
                .metadata("tokenizer.ggml.tokens", GgufValue.strings(tokens))
                .metadata("tokenizer.ggml.token_type", GgufValue.int32s(types))
                .metadata("tokenizer.ggml.merges", GgufValue.strings(merges))
                .metadata("tokenizer.ggml.bos_token_id", plain)
                .metadata("tokenizer.ggml.eos_token_id", size - 1)
                .metadata("tokenizer.ggml.padding_token_id", plain)
                .metadata("tokenizer.ggml.add_bos_token", false)
                .metadata("tokenizer.chat_template", CHAT_TEMPLATE);
    }

    /** The character that byte-level BPE writes for a byte: itself if it is printable, else one from 256 on, in order. */
    private static int byteCharacter(int value) {
        if (isPrintable(value)) {
            return value;
        }
        int character = BYTES;
        for (int earlier = 0; earlier < value; earlier++) {
            if (!isPrintable(earlier)) {
                character++;
            }
        }
        return character;
    }

    private static boolean isPrintable(int value) {
        return (value >= '!' && value <= '~') || (value >= 0xA1 && value <= 0xAC) || value >= 0xAE;
    }
}
