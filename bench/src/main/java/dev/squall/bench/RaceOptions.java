package dev.squall.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** What a race and each of its lanes must agree on. */
final class RaceOptions {
    @Option(
            names = {"-m", "--model"},
            required = true,
            paramLabel = "FILE",
            description = "The model that all engines run.")
    Path model = Path.of("");

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description = "Threads of each engine. Default: all processors.")
    int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--prompt-tokens", paramLabel = "N", description = "Default: ${DEFAULT-VALUE}.")
    int promptTokens = 128;

    @Option(names = "--decode-tokens", paramLabel = "N", description = "Default: ${DEFAULT-VALUE}.")
    int decodeTokens = 128;

    @Option(names = "--seed", paramLabel = "N", description = "Of the random tokens. Default: ${DEFAULT-VALUE}.")
    long seed = 1;

    @Option(
            names = "--rival",
            paramLabel = "DIR",
            defaultValue = "${env:LLAMA_LIB_DIR:-.}",
            description = "Folder of libllama." + LibLlama.RELEASE + ".so. Default: $LLAMA_LIB_DIR, or here.")
    Path rival = Path.of("");

    @Option(
            names = "--flash-attention",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "Leave flash attention to llama.cpp, or switch it off. Default: leave it.")
    boolean flashAttention = true;

    void check() {
        if (threads < 1 || promptTokens < 1 || decodeTokens < 1) {
            throw new BenchException("threads=" + threads + ", prompt tokens=" + promptTokens + ", decode tokens="
                    + decodeTokens + ", expected at least 1 of each");
        }
    }

    int contextTokens() {
        return Math.addExact(promptTokens, decodeTokens);
    }

    /** These options as arguments for another process. */
    List<String> arguments() {
        return new ArrayList<>(List.of(
                "-m",
                model.toString(),
                "-t",
                Integer.toString(threads),
                "--prompt-tokens",
                Integer.toString(promptTokens),
                "--decode-tokens",
                Integer.toString(decodeTokens),
                "--seed",
                Long.toString(seed),
                "--rival",
                rival.toString(),
                flashAttention ? "--flash-attention" : "--no-flash-attention"));
    }
}
