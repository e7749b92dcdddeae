package dev.squall.predict;

import java.util.Arrays;

/**
 * Expert maps in columns, one for each layer and expert, so that a search adds up whole columns; and as a pass goes on,
 * each search of its longer prefix adds to the sums of the last one. One thread.
 */
final class TrajectoryColumns {
    private final MapShape shape;
    /** L x J columns: whole maps with every layer normalised to unit length. */
    private final float[][] columns;

    private int size;
    /** Inner products of each map with a prefix, and that prefix. */
    private float[] sums;

    private final float[] prefix;
    private int prefixLayers;

    TrajectoryColumns(MapShape shape, int room) {
        this.shape = shape;
        columns = new float[shape.probabilityCount()][room];
        sums = new float[room];
        prefix = new float[shape.probabilityCount()];
    }

    /**
     * Takes in the map of a place, at most the next one after all others, or changes it.
     *
     * @param direction L x J, every layer at unit length
     */
    void put(int place, float[] direction) {
        if (place == sums.length) {
            int room = 2 * place;
            for (int j = 0; j < columns.length; j++) {
                columns[j] = Arrays.copyOf(columns[j], room);
            }
            sums = new float[room];
        }
        for (int j = 0; j < columns.length; j++) {
            columns[j][place] = direction[j];
        }
        size = Math.max(size, place + 1);
        prefixLayers = 0;
    }

    /** Offers the places with their mean cosine over these layers. */
    void nearest(float[] probabilities, int layers, RankedPlaces found) {
        int n = shape.expertCount();
        float[] direction = MapVectors.directions(shape, probabilities, layers);
        if (prefixLayers > layers || !Arrays.equals(prefix, 0, prefixLayers * n, probabilities, 0, prefixLayers * n)) {
            prefixLayers = 0;
        }
        if (prefixLayers == 0) {
            Arrays.fill(sums, 0, size, 0);
        }
        for (int layer = prefixLayers; layer < layers; layer++) {
            addProducts(direction, layer * n, (layer + 1) * n);
        }
        System.arraycopy(probabilities, prefixLayers * n, prefix, prefixLayers * n, (layers - prefixLayers) * n);
        prefixLayers = layers;
        float least = found.least();
        for (int i = 0; i < size; i++) {
            if (sums[i] > least * layers) {
                found.offer(i, sums[i] / layers);
                least = found.least();
            }
        }
    }

    /** Adds to each map's sum the products of its numbers from {@code from} to {@code to} with the query's. */
    private void addProducts(float[] query, int from, int to) {
        int j = from;
        for (; j + 4 <= to; j += 4) {
            addFour(columns, query, j, sums, size);
        }
        for (; j < to; j++) {
            float q = query[j];
            float[] column = columns[j];
            for (int i = 0; i < size; i++) {
                sums[i] += q * column[i];
            }
        }
    }

    private static void addFour(float[][] columns, float[] query, int j, float[] sums, int size) {
        float q0 = query[j];
        float q1 = query[j + 1];
        float q2 = query[j + 2];
        float q3 = query[j + 3];
        float[] column0 = columns[j];
        float[] column1 = columns[j + 1];
        float[] column2 = columns[j + 2];
        float[] column3 = columns[j + 3];
        for (int i = 0; i < size; i++) {
            sums[i] += q0 * column0[i] + q1 * column1[i] + q2 * column2[i] + q3 * column3[i];
        }
    }
}
