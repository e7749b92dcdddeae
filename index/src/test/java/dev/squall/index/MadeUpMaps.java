package dev.squall.index;

import dev.squall.predict.ExpertMap;
import dev.squall.predict.MapOrigin;
import dev.squall.predict.MapShape;
import dev.squall.predict.Phase;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;

/** Maps like those of real text: topics that prefer some experts, and tokens that stray from their topic. */
final class MadeUpMaps {
    private final MapShape shape;
    private final int topics;
    private final long seed;

    MadeUpMaps(MapShape shape, int topics, long seed) {
        this.shape = shape;
        this.topics = topics;
        this.seed = seed;
    }

    /** Map number {@code i}, always the same. */
    ExpertMap map(long i) {
        Random token = new Random(seed * 31 + i);
        Random topic = new Random(seed * 17 + token.nextInt(topics));
        float[] embedding = new float[shape.embeddingLength()];
        for (int j = 0; j < embedding.length; j++) {
            embedding[j] = (float) (topic.nextGaussian() + 0.5 * token.nextGaussian());
        }
        float[] probabilities = new float[shape.probabilityCount()];
        for (int layer = 0; layer < shape.layerCount(); layer++) {
            double total = 0;
            int from = layer * shape.expertCount();
            for (int expert = 0; expert < shape.expertCount(); expert++) {
                double weight = Math.exp(1.5 * topic.nextGaussian() + 0.7 * token.nextGaussian());
                probabilities[from + expert] = (float) weight;
                total += weight;
            }
            for (int expert = 0; expert < shape.expertCount(); expert++) {
                probabilities[from + expert] /= (float) total;
            }
        }
        MapOrigin origin = new MapOrigin(1_000_000 + i, Phase.DECODE, (int) (i % 4096), i / 100, 3, 1);
        return new ExpertMap(embedding, probabilities, continuation(shape, i), origin);
    }

    /** Of every third map nothing is known. */
    private static byte[] continuation(MapShape shape, long i) {
        byte[] continuation = new byte[i % 3 == 0 ? 0 : 1 + shape.probabilityCount()];
        if (continuation.length > 0) {
            continuation[0] = 5;
            for (int id = 1; id < continuation.length; id++) {
                continuation[id] = (byte) ((i + id) % 6);
            }
        }
        return continuation;
    }

    /**
     * Makes one segment of an index, with graphs: else it is a matter of time which segments have been merged, and
     * which have some.
     */
    static void join(Path folder) throws IOException {
        try (Directory directory = FSDirectory.open(folder);
                IndexWriter writer = new IndexWriter(directory, new IndexWriterConfig())) {
            writer.forceMerge(1);
        }
    }
}
