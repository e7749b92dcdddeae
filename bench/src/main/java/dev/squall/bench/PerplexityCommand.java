package dev.squall.bench;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.squall.generate.LanguageModel;
import dev.squall.perplexity.PerplexityRun;
import dev.squall.perplexity.TextChunks;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench perplexity}. */
@Command(
        name = "perplexity",
        description = "The perplexity of a text by Squall and by llama.cpp, over the same windows.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class PerplexityCommand implements Callable<Integer> {
    @Option(
            names = {"-m", "--model"},
            required = true,
            paramLabel = "FILE",
            description = "The model.")
    private Path model = Path.of("");

    @Option(
            names = {"-f", "--file"},
            required = true,
            paramLabel = "FILE",
            description = "The text, UTF-8.")
    private Path file = Path.of("");

    @Option(
            names = {"-c", "--ctx-size"},
            paramLabel = "N",
            description = "Tokens of a window. Default: ${DEFAULT-VALUE}.")
    private int window = 512;

    @Option(names = "--chunks", paramLabel = "N", description = "Windows that are scored. Default: 0, all.")
    private int chunksMax;

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description = "Threads of each engine. Default: all processors.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--rival",
            paramLabel = "DIR",
            defaultValue = "${env:LLAMA_LIB_DIR:-.}",
            description = "Folder of libllama." + LibLlama.RELEASE + ".so. Default: $LLAMA_LIB_DIR, or here.")
    private Path rival = Path.of("");

    @Override
    public Integer call() throws IOException {
        TextChunks chunks;
        double ours;
        try (LanguageModel squall = LanguageModel.builder(model)
                .threads(threads)
                .contextTokens(window)
                .load()) {
            chunks = TextChunks.of(squall.tokenizer(), Files.readString(file).stripTrailing(), window, chunksMax);
            PerplexityRun run = new PerplexityRun(squall, chunks, null, null);
            run.run((chunk, soFar) -> {});
            ours = run.perplexity().value();
        }
        double theirs = perplexityOfLlama(chunks);
        System.out.printf(
                Locale.ROOT,
                "%s, %s: %d windows of %d tokens%n| engine | perplexity |%n|---|---|%n| SQUALL | %.5f |%n| LLAMA | %.5f |%n"
                        + "| SQUALL / LLAMA | %.6f |%n",
                model.getFileName(),
                file.getFileName(),
                chunks.count(),
                chunks.length(),
                ours,
                theirs,
                ours / theirs);
        return 0;
    }

    private double perplexityOfLlama(TextChunks chunks) {
        LibLlama library = LibLlama.load(rival);
        MemorySegment loaded = library.loadModel(model);
        MemorySegment context = library.newContext(loaded, window, threads, LibLlama.FLASH_ATTENTION_AUTO);
        int vocabularySize = library.vocabularySize(loaded);
        double sum = 0;
        try (Arena arena = Arena.ofConfined()) {
            for (int i = 0; i < chunks.count(); i++) {
                int[] tokens = chunks.chunk(i);
                library.clear(context);
                MemorySegment batch = arena.allocateFrom(JAVA_INT, tokens);
                long first = chunks.firstScored();
                MemorySegment logits = library.decode(context, batch.asSlice(0, 4 * (first + 1)), vocabularySize);
                for (long position = first; position < tokens.length - 1; position++) {
                    sum -= logProbability(logits, tokens[(int) position + 1]);
                    if (position < tokens.length - 2) {
                        logits = library.decode(context, batch.asSlice(4 * (position + 1), 4), vocabularySize);
                    }
                }
            }
        } finally {
            library.freeContext(context);
            library.freeModel(loaded);
        }
        return Math.exp(sum / chunks.count() / chunks.scoredCount());
    }

    private static double logProbability(MemorySegment logits, int token) {
        long size = logits.byteSize() / Float.BYTES;
        float max = Float.NEGATIVE_INFINITY;
        for (long i = 0; i < size; i++) {
            max = Math.max(max, logits.getAtIndex(JAVA_FLOAT, i));
        }
        double sum = 0;
        for (long i = 0; i < size; i++) {
            sum += Math.exp((double) logits.getAtIndex(JAVA_FLOAT, i) - max);
        }
        return logits.getAtIndex(JAVA_FLOAT, token) - max - Math.log(sum);
    }
}
