package dev.squall.index;

import dev.squall.predict.MapShape;
import dev.squall.predict.MapVectors;
import org.apache.lucene.util.BytesRef;

/**
 * What is looked for: an embedding, the first layers of a map, or both in a proportion. Finds candidates by a projected
 * vector and scores them by the whole one.
 */
final class MapQuery {
    private final MapShape shape;
    private final float[] embedding;
    private final float[] directions;
    private final int layers;
    private final double semanticShare;
    private final float[] numbers;

    private MapQuery(MapShape shape, float[] embedding, float[] directions, int layers, double semanticShare) {
        this.shape = shape;
        this.embedding = embedding;
        this.directions = directions;
        this.layers = layers;
        this.semanticShare = semanticShare;
        numbers = new float[Math.max(shape.embeddingLength(), shape.expertCount())];
    }

    static MapQuery ofEmbedding(MapShape shape, float[] embedding) {
        return new MapQuery(shape, MapVectors.unitEmbedding(shape, embedding), new float[0], 0, 1);
    }

    static MapQuery ofTrajectory(MapShape shape, float[] probabilities, int layers) {
        return new MapQuery(shape, new float[0], MapVectors.directions(shape, probabilities, layers), layers, 0);
    }

    /** Whole maps like this one, as redundancy is weighed. */
    static MapQuery ofBoth(MapShape shape, float[] embedding, float[] probabilities, double semanticShare) {
        return new MapQuery(
                shape,
                MapVectors.unitEmbedding(shape, embedding),
                MapVectors.directions(shape, probabilities, shape.layerCount()),
                shape.layerCount(),
                semanticShare);
    }

    boolean hasEmbedding() {
        return embedding.length > 0;
    }

    boolean hasTrajectory() {
        return layers > 0;
    }

    float[] semanticVector(MapDocuments documents) {
        return documents.semanticVector(embedding);
    }

    float[] trajectoryVector(MapDocuments documents) {
        return documents.trajectoryVector(directions, layers);
    }

    /** How similar a stored map is, between -1 and 1. */
    float score(BytesRef storedEmbedding, BytesRef storedProbabilities) {
        double score = 0;
        if (hasEmbedding()) {
            score += semanticShare * product(storedEmbedding, 0, embedding, 0, embedding.length, false);
        }
        if (hasTrajectory()) {
            double cosines = 0;
            for (int layer = 0; layer < layers; layer++) {
                int at = layer * shape.expertCount();
                cosines += product(storedProbabilities, at, directions, at, shape.expertCount(), true);
            }
            score += (1 - semanticShare) * cosines / layers;
        }
        return (float) score;
    }

    /** Σ stored · wanted, of stored numbers at unit length if they are to be normalised. */
    private double product(BytesRef stored, int first, float[] wanted, int from, int n, boolean normalise) {
        HalfFloats.decode(stored.bytes, stored.offset, first, n, numbers, 0);
        float product = 0;
        float squares = 0;
        for (int i = 0; i < n; i++) {
            product = Math.fma(numbers[i], wanted[from + i], product);
            squares = Math.fma(numbers[i], numbers[i], squares);
        }
        return normalise ? product / Math.sqrt(squares) : product;
    }
}
