package dev.squall.cli;

import dev.squall.cli.index.IndexLineWriter;
import dev.squall.cli.process.Environment;
import dev.squall.cli.process.ExitCode;
import dev.squall.cli.process.Streams;
import dev.squall.cli.process.VectorModule;
import dev.squall.index.MapIndex;
import dev.squall.index.StoredMap;
import dev.squall.predict.MapOrigin;
import dev.squall.predict.MapShape;
import dev.squall.predict.Phase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Uses the commands of {@code squall index} once, each in the same process, on an index of made-up maps: the launcher has
 * Java remember what that loads and compiles, so that these commands start sooner.
 */
public final class IndexRehearsal {
    /** Enough for the JIT to learn what is worth compiling, and for segments to have graphs. */
    private static final int MAPS = 4000;

    /** Than there are, so that some go. */
    private static final String FEWER = "1300";

    private static final int MAPS_OF_CONVERSATION = 40;
    private static final MapShape SHAPE = new MapShape(8, 16, 2, 64);

    private IndexRehearsal() {}

    public static void main(String[] arguments) throws IOException {
        VectorModule.load();
        Path folder = Files.createTempDirectory("squall-rehearsal");
        try {
            rehearse(folder);
        } finally {
            delete(folder);
        }
    }

    private static void rehearse(Path folder) throws IOException {
        Path lines = Files.write(folder.resolve("maps.jsonl"), lines());
        String one = folder.resolve("one").toString();
        String two = folder.resolve("two").toString();
        for (List<String> command : List.of(
                List.of("import", one, lines.toString()),
                List.of("import", folder.resolve("few").toString(), lines.toString(), "--capacity", FEWER, "--later"),
                List.of("info", one),
                List.of("fields", one),
                List.of("graph", one),
                List.of("show", one, "0"),
                List.of("query", one, "--map", "0"),
                List.of("merge", two, one, "--later"),
                List.of("merge", folder.resolve("less").toString(), one, "--capacity", FEWER, "--later"),
                List.of("diff", one, two),
                List.of("export", one),
                List.of("prune", two, "--redundant", "0.99", "--later"),
                List.of("prune", two, "--keep", "100", "--later"))) {
            String[] words = Stream.concat(Stream.of("index"), command.stream()).toArray(String[]::new);
            int exitCode = Squall.run(Streams.ofProcess(), Environment.ofProcess(), words);
            if (exitCode != ExitCode.FINE) {
                throw new IllegalStateException(String.join(" ", words) + " ended with " + exitCode);
            }
        }
    }

    private static byte[] lines() {
        IndexLineWriter writer = new IndexLineWriter(new MapIndex("rehearsal", SHAPE), false);
        SplittableRandom random = new SplittableRandom(1);
        for (int id = 0; id < MAPS; id++) {
            float[] probabilities = new float[SHAPE.probabilityCount()];
            for (int i = 0; i < probabilities.length; i++) {
                probabilities[i] = random.nextFloat();
            }
            float[] embedding = new float[SHAPE.embeddingLength()];
            for (int i = 0; i < embedding.length; i++) {
                embedding[i] = random.nextFloat() - 0.5f;
            }
            MapOrigin origin = new MapOrigin(id, Phase.DECODE, id, id / MAPS_OF_CONVERSATION, 0, 0);
            writer.write(new StoredMap(id, origin, embedding, probabilities, new byte[0]));
        }
        return writer.bytes();
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
