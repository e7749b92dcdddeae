package dev.squall.bench;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** llama.cpp as a racer. Its logits never leave native memory; only the likeliest token's id does. */
final class LlamaRacer implements Racer {
    private final LibLlama library;
    private final MemorySegment model;
    private final MemorySegment context;
    private final int vocabularySize;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment oneToken = arena.allocate(JAVA_INT);

    /**
     * @param directory folder of libllama
     * @param contextTokens most tokens in the sequence
     * @param flashAttention false turns it off; true leaves the choice to llama.cpp, as its own tools do
     */
    LlamaRacer(Path directory, Path file, int contextTokens, int threads, boolean flashAttention) {
        library = LibLlama.load(directory);
        model = library.loadModel(file);
        context = library.newContext(
                model,
                contextTokens,
                threads,
                flashAttention ? LibLlama.FLASH_ATTENTION_AUTO : LibLlama.FLASH_ATTENTION_OFF);
        vocabularySize = library.vocabularySize(model);
    }

    @Override
    public int prefill(int[] tokens) {
        library.clear(context);
        try (Arena batch = Arena.ofConfined()) {
            return likeliest(library.decode(context, batch.allocateFrom(JAVA_INT, tokens), vocabularySize));
        }
    }

    @Override
    public int decode(int token) {
        oneToken.set(JAVA_INT, 0, token);
        return likeliest(library.decode(context, oneToken, vocabularySize));
    }

    @Override
    public int vocabularySize() {
        return vocabularySize;
    }

    @Override
    public String description() {
        return "llama.cpp " + LibLlama.RELEASE + " (" + library.systemInfo() + ")";
    }

    @Override
    public void close() {
        library.freeContext(context);
        library.freeModel(model);
        arena.close();
    }

    private static int likeliest(MemorySegment logits) {
        int best = 0;
        float bestLogit = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < logits.byteSize() / Float.BYTES; i++) {
            float logit = logits.getAtIndex(JAVA_FLOAT, i);
            if (logit > bestLogit) {
                bestLogit = logit;
                best = i;
            }
        }
        return best;
    }
}
