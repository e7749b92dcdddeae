package dev.squall.bench;

import dev.squall.generate.LanguageModel;
import dev.squall.tokenizer.ChatMessage;
import dev.squall.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Puts the prompts of {@link Chats} to llama.cpp, greedily, with the tokens that Squall makes of them. */
final class LlamaChats implements AutoCloseable {
    private final LanguageModel model;
    private final Tokenizer tokenizer;
    private @Nullable LlamaRacer racer;

    /**
     * What an answer cost.
     *
     * @param decoded tokens after the first one
     */
    record Cost(int promptTokens, long prefillNanos, int decoded, long decodeNanos) {}

    /** Reads the vocabulary and template; llama.cpp itself loads the model at {@link #start}. */
    LlamaChats(Path file) throws IOException {
        model = LanguageModel.builder(file).load();
        tokenizer = model.tokenizer();
    }

    /** The tokens of each prompt as the only question of a chat. */
    List<int[]> tokens(List<String> prompts) {
        return prompts.stream()
                .map(prompt -> tokenizer.encode(model.chatTemplate()
                        .orElseThrow(() -> new BenchException("the model has no chat template"))
                        .render(List.of(new ChatMessage(ChatMessage.Role.USER, prompt)), true)))
                .toList();
    }

    /** Frees Squall's memory and loads the model into llama.cpp. */
    void start(Path directory, Path file, int contextTokens, int threads) {
        model.close();
        racer = new LlamaRacer(directory, file, contextTokens, threads, true);
    }

    /** Answers a prompt. */
    Cost answer(int[] prompt, int tokensMax) {
        LlamaRacer started = racer;
        if (started == null) {
            throw new IllegalStateException("not started");
        }
        long start = System.nanoTime();
        int token = started.prefill(prompt);
        long prefilled = System.nanoTime();
        int decoded = 0;
        while (decoded + 1 < tokensMax && !tokenizer.isEndOfGeneration(token)) {
            token = started.decode(token);
            decoded++;
        }
        return new Cost(prompt.length, prefilled - start, decoded, System.nanoTime() - prefilled);
    }

    @Override
    public void close() {
        if (racer == null) {
            model.close();
        } else {
            racer.close();
        }
    }
}
