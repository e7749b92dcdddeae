package dev.squall.cli.index;

import dev.squall.predict.MapShape;
import java.util.ArrayList;
import java.util.List;

/**
 * A pass to compare with the maps of an index.
 *
 * @param probabilities of the index's own shape
 * @param used by row of the index's maps, which experts; none in rows that are not asked about
 */
record AskedPass(float[] embedding, float[] probabilities, boolean[][] used) {
    /** Of a map, which has no record of what was used: its likeliest experts. */
    static AskedPass ofMap(float[] embedding, float[] probabilities, MapShape shape) {
        boolean[][] used = new boolean[shape.layerCount()][shape.expertCount()];
        for (int row = 0; row < used.length; row++) {
            for (int expert : MapForecasts.likeliest(probabilities, row * shape.expertCount(), shape)) {
                used[row][expert] = true;
            }
        }
        return new AskedPass(embedding, probabilities, used);
    }

    /** The experts used in a row, by number. */
    List<Integer> used(int row) {
        List<Integer> experts = new ArrayList<>();
        for (int expert = 0; expert < used[row].length; expert++) {
            if (used[row][expert]) {
                experts.add(expert);
            }
        }
        return experts;
    }
}
