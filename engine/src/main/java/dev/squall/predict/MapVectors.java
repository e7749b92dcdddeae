package dev.squall.predict;

import java.util.Arrays;

/** Expert maps as vectors that are compared by inner product. */
public final class MapVectors {
    private MapVectors() {}

    /**
     * The embedding at unit length.
     *
     * @throws IllegalArgumentException if it is not the shape's, is zero or holds what is not finite
     */
    public static float[] unitEmbedding(MapShape shape, float[] embedding) {
        if (embedding.length != shape.embeddingLength()) {
            throw new IllegalArgumentException(
                    "an embedding of " + embedding.length + " numbers, expected " + shape.embeddingLength());
        }
        float[] unit = embedding.clone();
        normalise(unit, 0, unit.length, "an embedding");
        return unit;
    }

    /**
     * The first layers of a map with every layer at unit length, zero beyond: the inner product of two of them is the
     * number of layers times the mean cosine of their layers.
     *
     * @param probabilities L x J
     * @param layers how many are taken, from 1 to L
     * @throws IllegalArgumentException if it is not the shape's, or a layer is zero or holds what is not finite
     */
    public static float[] directions(MapShape shape, float[] probabilities, int layers) {
        if (probabilities.length != shape.probabilityCount()) {
            throw new IllegalArgumentException("an expert map of " + probabilities.length + " probabilities, expected "
                    + shape.probabilityCount());
        }
        if (layers < 1 || layers > shape.layerCount()) {
            throw new IllegalArgumentException(
                    "a trajectory of " + layers + " layers, expected from 1 to " + shape.layerCount());
        }
        float[] directions = new float[probabilities.length];
        System.arraycopy(probabilities, 0, directions, 0, layers * shape.expertCount());
        for (int layer = 0; layer < layers; layer++) {
            normalise(directions, layer * shape.expertCount(), shape.expertCount(), "layer " + layer + " of a map");
        }
        return directions;
    }

    /** The Euclidean length of n numbers. */
    public static float length(float[] vector, int from, int n) {
        double squares = 0;
        for (int i = from; i < from + n; i++) {
            squares += (double) vector[i] * vector[i];
        }
        return (float) Math.sqrt(squares);
    }

    /** The inner product of two vectors of the same length. */
    static float product(float[] a, float[] b) {
        return product(a, b, a.length);
    }

    /** The inner product of the first n numbers of each; eight sums side by side, as each waits for its last addition. */
    static float product(float[] a, float[] b, int n) {
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        float s4 = 0;
        float s5 = 0;
        float s6 = 0;
        float s7 = 0;
        int i = 0;
        for (; i + 8 <= n; i += 8) {
            s0 = Math.fma(a[i], b[i], s0);
            s1 = Math.fma(a[i + 1], b[i + 1], s1);
            s2 = Math.fma(a[i + 2], b[i + 2], s2);
            s3 = Math.fma(a[i + 3], b[i + 3], s3);
            s4 = Math.fma(a[i + 4], b[i + 4], s4);
            s5 = Math.fma(a[i + 5], b[i + 5], s5);
            s6 = Math.fma(a[i + 6], b[i + 6], s6);
            s7 = Math.fma(a[i + 7], b[i + 7], s7);
        }
        for (; i < n; i++) {
            s0 = Math.fma(a[i], b[i], s0);
        }
        return ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));
    }

    /** The cosine of n numbers of each; 0 where one of them is zero. Sums side by side, as in {@link #product}. */
    static float cosine(float[] a, int fromA, float[] b, int fromB, int n) {
        float p0 = 0;
        float p1 = 0;
        float a0 = 0;
        float a1 = 0;
        float b0 = 0;
        float b1 = 0;
        int i = 0;
        for (; i + 2 <= n; i += 2) {
            float x0 = a[fromA + i];
            float x1 = a[fromA + i + 1];
            float y0 = b[fromB + i];
            float y1 = b[fromB + i + 1];
            p0 = Math.fma(x0, y0, p0);
            p1 = Math.fma(x1, y1, p1);
            a0 = Math.fma(x0, x0, a0);
            a1 = Math.fma(x1, x1, a1);
            b0 = Math.fma(y0, y0, b0);
            b1 = Math.fma(y1, y1, b1);
        }
        for (; i < n; i++) {
            p0 = Math.fma(a[fromA + i], b[fromB + i], p0);
            a0 = Math.fma(a[fromA + i], a[fromA + i], a0);
            b0 = Math.fma(b[fromB + i], b[fromB + i], b0);
        }
        float squares = (a0 + a1) * (b0 + b1);
        return squares > 0 ? (p0 + p1) / (float) Math.sqrt(squares) : 0;
    }

    /** Scales every n numbers to unit length; zeros stay. */
    static void toUnitLayers(float[] map, int n) {
        for (int from = 0; from < map.length; from += n) {
            scale(map, from, n, 1 / length(map, from, n));
        }
    }

    /** Scales n numbers to a root mean square of 1; zeros stay. */
    static void toUnitMeanSquare(float[] vector, int from, int n) {
        scale(vector, from, n, (float) Math.sqrt(n) / length(vector, from, n));
    }

    /** Multiplies n numbers; all are 0 after that if the factor is not one. */
    private static void scale(float[] vector, int from, int n, float factor) {
        if (!(factor > 0) || Float.isInfinite(factor)) {
            Arrays.fill(vector, from, from + n, 0);
            return;
        }
        for (int i = from; i < from + n; i++) {
            vector[i] *= factor;
        }
    }

    private static void normalise(float[] vector, int from, int n, String what) {
        float length = length(vector, from, n);
        if (!(length > 0) || Float.isInfinite(length)) {
            throw new IllegalArgumentException(what + " has length " + length + ", expected a finite one above 0");
        }
        for (int i = from; i < from + n; i++) {
            vector[i] /= length;
        }
    }
}
