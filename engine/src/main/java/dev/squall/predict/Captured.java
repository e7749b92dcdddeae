package dev.squall.predict;

import dev.squall.expert.CacheCounters;
import dev.squall.model.RowBatch;
import dev.squall.routing.LayerRouting;
import java.util.Arrays;

/**
 * What the thread of the forward pass hands to the predictor's: the beginning of a pass, or one routed layer. Of a large
 * pass some rows: first the last one of each sequence, which the sequence goes on from, then others, both evenly
 * spread. Reused.
 */
final class Captured {
    private final MapShape shape;
    final int[] rows = new int[LayerObservation.ROWS_MAX];
    final int[] tokens = new int[LayerObservation.ROWS_MAX];
    final int[] positions = new int[LayerObservation.ROWS_MAX];
    final long[] conversations = new long[LayerObservation.ROWS_MAX];
    final float[] probabilities;
    final int[] counts;
    final float[] hidden;
    boolean isPass;
    CacheCounters counters = CacheCounters.ZERO;
    long startNanos;
    Phase phase = Phase.PREFILL;
    long visit;
    int rowCount;
    int rowsOfPass;

    /** @param copiesHidden whether there is room for hidden states */
    Captured(MapShape shape, boolean copiesHidden) {
        this.shape = shape;
        probabilities = new float[LayerObservation.ROWS_MAX * shape.expertCount()];
        counts = new int[shape.expertCount()];
        hidden = new float[copiesHidden ? LayerObservation.ROWS_MAX * shape.embeddingLength() : 0];
    }

    /** Takes the beginning of a pass, with what the cache has counted in those before. */
    void takePass(long pass, RowBatch batch, long[] conversationOfSequence, CacheCounters soFar) {
        isPass = true;
        counters = soFar;
        startNanos = System.nanoTime();
        visit = pass * shape.layerCount();
        observe(batch);
        for (int row = 0; row < rowCount; row++) {
            tokens[row] = batch.tokens()[rows[row]];
            positions[row] = batch.positions()[rows[row]];
            conversations[row] = conversationOfSequence[batch.sequences()[rows[row]]];
        }
        phase = Phase.DECODE;
        for (int row = 1; row < batch.size(); row++) {
            if (batch.sequences()[row] == batch.sequences()[row - 1]) {
                phase = Phase.PREFILL;
            }
        }
    }

    /** Takes a routed layer. */
    void takeLayer(LayerRouting routing, int denseLayers, HiddenRows hiddenRows) {
        isPass = false;
        visit = routing.pass() * shape.layerCount() + routing.layer() - denseLayers;
        observe(routing.rows());
        int n = shape.expertCount();
        for (int row = 0; row < rowCount; row++) {
            System.arraycopy(routing.probabilities(), rows[row] * n, probabilities, row * n, n);
            if (hidden.length > 0) {
                hiddenRows.copy(rows[row], hidden, row * shape.embeddingLength());
            }
        }
        Arrays.fill(counts, 0);
        for (int choice = 0; choice < rowsOfPass * routing.usedCount(); choice++) {
            counts[routing.experts()[choice]]++;
        }
    }

    private void observe(RowBatch batch) {
        rowsOfPass = batch.size();
        rowCount = Math.min(LayerObservation.ROWS_MAX, rowsOfPass);
        int lasts = 0;
        for (int row = 0; row < rowsOfPass; row++) {
            lasts += isLast(batch, row) ? 1 : 0;
        }
        int others = rowsOfPass - lasts;
        int lastsChosen = Math.min(lasts, rowCount);
        int othersChosen = rowCount - lastsChosen;
        int chosen = 0;
        for (int row = 0, last = 0, other = 0; row < rowsOfPass; row++) {
            // Others end before the end: a last row is there.
            boolean isChosen = isLast(batch, row)
                    ? isChosen(last++, lasts, lastsChosen)
                    : isChosen(other++, others + 1, othersChosen + 1);
            if (isChosen) {
                rows[chosen++] = row;
            }
        }
    }

    /** Whether a row is the last one of its sequence in this pass. */
    private static boolean isLast(RowBatch batch, int row) {
        return row == batch.size() - 1 || batch.sequences()[row] != batch.sequences()[row + 1];
    }

    /** Whether one of n is among k that are evenly spread, of which the last is one. */
    private static boolean isChosen(long index, int n, int k) {
        return (index + 1) * k / n > index * k / n;
    }
}
