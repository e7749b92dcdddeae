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
        numbers = new float[Math.max(embedding.length, layers * shape.expertCount())];
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
            decode(storedEmbedding, embedding.length);
            score += semanticShare * product(embedding, embedding.length);
        }
        if (hasTrajectory()) {
            decode(storedProbabilities, layers * shape.expertCount());
            double cosines = 0;
            for (int layer = 0; layer < layers; layer++) {
                cosines += cosine(layer * shape.expertCount(), (layer + 1) * shape.expertCount());
            }
            score += (1 - semanticShare) * cosines / layers;
        }
        return (float) score;
    }

    private void decode(BytesRef halves, int n) {
        HalfFloats.decode(halves.bytes, halves.offset, 0, n, numbers, 0);
    }

    /** Of stored numbers and those wanted. Four sums side by side, since each addition waits for the one before it. */
    private float product(float[] wanted, int n) {
        float first = 0;
        float second = 0;
        float third = 0;
        float fourth = 0;
        int i = 0;
        for (; i + 3 < n; i += 4) {
            first = Math.fma(numbers[i], wanted[i], first);
            second = Math.fma(numbers[i + 1], wanted[i + 1], second);
            third = Math.fma(numbers[i + 2], wanted[i + 2], third);
            fourth = Math.fma(numbers[i + 3], wanted[i + 3], fourth);
        }
        for (; i < n; i++) {
            first = Math.fma(numbers[i], wanted[i], first);
        }
        return first + second + (third + fourth);
    }

    /** Of a stored layer and the one wanted, which is of unit length. Two of each sum, as above. */
    private double cosine(int from, int to) {
        float product = 0;
        float productOfOdd = 0;
        float squares = 0;
        float squaresOfOdd = 0;
        int i = from;
        for (; i + 1 < to; i += 2) {
            float even = numbers[i];
            float odd = numbers[i + 1];
            product = Math.fma(even, directions[i], product);
            productOfOdd = Math.fma(odd, directions[i + 1], productOfOdd);
            squares = Math.fma(even, even, squares);
            squaresOfOdd = Math.fma(odd, odd, squaresOfOdd);
        }
        if (i < to) {
            product = Math.fma(numbers[i], directions[i], product);
            squares = Math.fma(numbers[i], numbers[i], squares);
        }
        return (product + productOfOdd) / Math.sqrt(squares + squaresOfOdd);
    }
}
