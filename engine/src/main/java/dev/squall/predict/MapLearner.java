package dev.squall.predict;

import dev.squall.expert.CacheCounters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Gathers what a pass shows into expert maps and adds them to a store when the next one begins, which tells how the pass
 * fared. One thread.
 */
final class MapLearner {
    private final MapShape shape;
    private final ExpertMapStore store;
    private final Pooling pooling;
    private final PassObservation pass;
    private final float[][] probabilities;
    private final float[] pooled;
    /** Maps of the last pass, whose outcome is not known yet. */
    private final List<ExpertMap> finished = new ArrayList<>();

    private int rowCount;
    private int layersSeen;

    MapLearner(ExpertMapStore store, Pooling pooling) {
        this.store = store;
        this.pooling = pooling;
        shape = store.shape();
        pass = new PassObservation(shape);
        probabilities = new float[LayerObservation.ROWS_MAX][shape.probabilityCount()];
        pooled = new float[shape.embeddingLength()];
    }

    void onPass(PassObservation observed) {
        CacheCounters ofLastPass = observed.counters().since(pass.counters());
        finished.forEach(map -> store.offer(map.withOutcome(ofLastPass)));
        finished.clear();
        pass.set(observed.firstVisit(), observed.phase(), observed.rowCount(), observed.counters(), observed.gates());
        int rows = observed.rowCount();
        System.arraycopy(observed.embeddings(), 0, pass.embeddings(), 0, rows * shape.embeddingLength());
        System.arraycopy(observed.positions(), 0, pass.positions(), 0, rows);
        System.arraycopy(observed.conversations(), 0, pass.conversations(), 0, rows);
        rowCount = rows;
        layersSeen = 0;
    }

    void onRouted(LayerObservation observed) {
        if (observed.visit() != pass.firstVisit() + layersSeen || observed.rowCount() != rowCount) {
            rowCount = 0;
            return;
        }
        int n = shape.expertCount();
        for (int row = 0; row < rowCount; row++) {
            System.arraycopy(observed.probabilities(), row * n, probabilities[row], layersSeen * n, n);
        }
        layersSeen++;
        if (layersSeen == shape.layerCount()) {
            learn();
        }
    }

    /** L x J, what a row of the running pass has shown so far. */
    float[] trajectory(int row) {
        return probabilities[row];
    }

    /** How many layers of the pass have been seen; 0 rows have if one was missed. */
    int layersSeen() {
        return rowCount == 0 ? 0 : layersSeen;
    }

    int rowCount() {
        return rowCount;
    }

    private void learn() {
        boolean pools = pass.phase() == Phase.PREFILL && rowCount > 1;
        if (pools && pooling == Pooling.MEAN) {
            for (int row = 1; row < rowCount; row++) {
                for (int i = 0; i < shape.probabilityCount(); i++) {
                    probabilities[0][i] += probabilities[row][i];
                }
            }
            for (int i = 0; i < shape.probabilityCount(); i++) {
                probabilities[0][i] /= rowCount;
            }
            add(embedding(), probabilities[0], rowCount - 1);
        } else {
            for (int row = pools && pooling == Pooling.LAST ? rowCount - 1 : 0; row < rowCount; row++) {
                float[] embedding = Arrays.copyOfRange(
                        pass.embeddings(), row * shape.embeddingLength(), (row + 1) * shape.embeddingLength());
                add(embedding, probabilities[row], row);
            }
        }
        rowCount = 0;
    }

    private void add(float[] embedding, float[] map, int row) {
        MapOrigin origin = new MapOrigin(
                System.currentTimeMillis(), pass.phase(), pass.positions()[row], pass.conversations()[row], 0, 0);
        if (MapVectors.length(embedding, 0, embedding.length) > 0) {
            finished.add(new ExpertMap(embedding, map.clone(), origin));
        }
    }

    /** No pass follows: the last one is learnt without its outcome. */
    void settle() {
        finished.forEach(store::offer);
        finished.clear();
    }

    /** h, the mean of the rows' embeddings. */
    float[] embedding() {
        Arrays.fill(pooled, 0);
        for (int row = 0; row < pass.rowCount(); row++) {
            for (int i = 0; i < pooled.length; i++) {
                pooled[i] += pass.embeddings()[row * pooled.length + i] / pass.rowCount();
            }
        }
        return pooled.clone();
    }
}
