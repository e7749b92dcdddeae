package dev.squall.cli.batch;

import dev.squall.tokenizer.ChatMessage;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * One prompt of a batch.
 *
 * @param line where it is in the input, from 1
 * @param id what its answer is found by, different for each
 * @param messages a chat whose last message is the user's; with {@code --raw} one message, the text to continue
 * @param tokensMax its own limit
 * @param temperature its own
 * @param topP its own
 * @param seed its own
 */
record BatchItem(
        int line,
        String id,
        List<ChatMessage> messages,
        OptionalInt tokensMax,
        OptionalDouble temperature,
        OptionalDouble topP,
        OptionalLong seed) {

    static BatchItem ofPrompt(int line, String id, String prompt) {
        return new BatchItem(
                line,
                id,
                List.of(ChatMessage.user(prompt)),
                OptionalInt.empty(),
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                OptionalLong.empty());
    }
}
