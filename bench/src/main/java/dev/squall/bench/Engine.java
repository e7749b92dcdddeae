package dev.squall.bench;

import java.io.IOException;
import java.nio.file.Path;

/** The engines that can race. */
enum Engine {
    SQUALL,
    LLAMA;

    /**
     * Loads the model.
     *
     * @param contextTokens most tokens in the sequence
     * @param rival folder of llama.cpp's library
     */
    Racer start(Path model, int contextTokens, int threads, Path rival, boolean flashAttention) throws IOException {
        return switch (this) {
            case SQUALL -> new SquallRacer(model, contextTokens, threads);
            case LLAMA -> new LlamaRacer(rival, model, contextTokens, threads, flashAttention);
        };
    }
}
