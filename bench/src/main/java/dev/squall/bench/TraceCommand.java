package dev.squall.bench;

import dev.squall.generate.LanguageModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bench trace}. */
@Command(
        name = "trace",
        description = "Record the routing of a model over files of prompts, for squall simulate and bench policies.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class TraceCommand implements Callable<Integer> {
    @Option(
            names = {"-m", "--model"},
            required = true,
            paramLabel = "FILE",
            description = "The model.")
    private Path model = Path.of("");

    @Option(
            names = {"-o", "--out"},
            required = true,
            paramLabel = "FILE",
            description = "The trace to write.")
    private Path out = Path.of("");

    @Option(names = "--prompts", paramLabel = "N", description = "Most prompts of each file.")
    private int promptsMax = 1000;

    @Option(names = "--predict", paramLabel = "N", description = "Most tokens of an answer.")
    private int tokensMax = 64;

    @Parameters(paramLabel = "FILE", arity = "1..*", description = "Files of prompts, in this order.")
    private List<Path> files = new ArrayList<>();

    @Override
    public Integer call() throws IOException {
        long[] tokens = new long[1];
        try (LanguageModel loaded = LanguageModel.builder(model).traceOut(out).load()) {
            for (Path file : files) {
                Chats.run(
                        loaded,
                        Prompts.read(file, promptsMax),
                        tokensMax,
                        cost -> tokens[0] += cost.metrics().generatedTokens());
            }
        }
        System.err.printf("%s: %,d tokens answered, %,d bytes%n", out, tokens[0], Files.size(out));
        return 0;
    }
}
