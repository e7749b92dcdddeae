package dev.squall.compute;

import dev.squall.model.Hyperparameters;
import dev.squall.model.RopePairs;
import dev.squall.model.RowBatch;

/**
 * Rotary position embedding (Su et al., 2021). The angles of a batch's rows are computed once and serve every layer and
 * head: pair i of a row at position p turns by p · base^(-2i/n). Angles are products of 32-bit floats, taken from pair
 * to pair, as llama.cpp takes them.
 */
final class Rotation {
    private final int pairs;
    private final int step;
    private final int distance;
    private final float ratio;
    private final float[] cosines;
    private final float[] sines;

    Rotation(Hyperparameters h, int rowsMax) {
        pairs = h.ropeDimensionCount() / 2;
        boolean halves = h.architecture().ropePairs() == RopePairs.HALVES;
        step = halves ? 1 : 2;
        distance = halves ? pairs : 1;
        ratio = (float) Math.pow(h.ropeFrequencyBase(), -1.0 / pairs);
        cosines = new float[rowsMax * pairs];
        sines = new float[rowsMax * pairs];
    }

    void begin(RowBatch rows) {
        for (int row = 0; row < rows.size(); row++) {
            float angle = rows.positions()[row];
            for (int pair = 0; pair < pairs; pair++) {
                cosines[row * pairs + pair] = (float) Math.cos(angle);
                sines[row * pairs + pair] = (float) Math.sin(angle);
                angle *= ratio;
            }
        }
    }

    /** Rotates one head's vector of a row of the batch in place. */
    void rotate(int row, float[] vector, int offset) {
        int angles = row * pairs;
        for (int pair = 0; pair < pairs; pair++) {
            int i = offset + pair * step;
            int j = i + distance;
            float cosine = cosines[angles + pair];
            float sine = sines[angles + pair];
            float a = vector[i];
            float b = vector[j];
            vector[i] = a * cosine - b * sine;
            vector[j] = a * sine + b * cosine;
        }
    }
}
