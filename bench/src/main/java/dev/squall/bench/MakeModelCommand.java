package dev.squall.bench;

import dev.squall.gguf.BlockType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench make-model}. */
@Command(
        name = "make-model",
        description = "Write a mixture-of-experts model with random weights; same shape and seed, same bytes.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class MakeModelCommand implements Callable<Integer> {
    /** Names offered by completion and help. */
    static final class ShapeNames implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return new ArrayList<>(ModelShape.byName().keySet()).iterator();
        }
    }

    @Option(
            names = "--shape",
            required = true,
            paramLabel = "NAME",
            completionCandidates = ShapeNames.class,
            description = "One of ${COMPLETION-CANDIDATES}.")
    private String shape = "";

    @Option(
            names = {"-o", "--out"},
            required = true,
            paramLabel = "FILE",
            description = "The file to write; one that is there is replaced.")
    private Path out = Path.of("");

    @Option(names = "--seed", paramLabel = "N", description = "Default: ${DEFAULT-VALUE}.")
    private long seed = 1;

    @Option(names = "--layers", paramLabel = "N", description = "Other than the shape's.")
    private Optional<Integer> layers = Optional.empty();

    @Option(names = "--experts", paramLabel = "N", description = "Other than the shape's.")
    private Optional<Integer> experts = Optional.empty();

    @Option(names = "--used", paramLabel = "N", description = "Experts used for each token, other than the shape's.")
    private Optional<Integer> used = Optional.empty();

    @Option(names = "--type", paramLabel = "TYPE", description = "Block type of the matrices, other than the shape's.")
    private Optional<BlockType> type = Optional.empty();

    @Option(
            names = "--finer",
            paramLabel = "TYPE",
            description = "Block type of the head and of half of the layers' value and down matrices, as files of mixed"
                    + " precision have it: --type Q4_K --finer Q6_K is like Q4_K_M.")
    private Optional<BlockType> finer = Optional.empty();

    @Override
    public Integer call() throws IOException {
        ModelShape named = ModelShape.byName().get(shape);
        if (named == null) {
            throw new BenchException("shape '" + shape + "', expected one of "
                    + String.join(", ", ModelShape.byName().keySet()));
        }
        ModelShape chosen = new ModelShape(
                named.family(),
                layers.orElse(named.layers()),
                experts.orElse(named.experts()),
                used.orElse(named.used()),
                named.width(),
                named.expertWidth(),
                named.heads(),
                named.kvHeads(),
                named.headDim(),
                named.vocabulary(),
                named.contextTokens(),
                type.orElse(named.blockType()),
                finer.or(() -> type).orElse(named.finerType()));
        RandomModel.write(chosen, seed, out);
        System.err.printf("%s: %,d bytes%n", out, Files.size(out));
        return 0;
    }
}
