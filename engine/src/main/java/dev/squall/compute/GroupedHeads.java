package dev.squall.compute;

import dev.squall.model.AttentionWeights.Grouped;
import dev.squall.model.Feature;
import dev.squall.model.Hyperparameters;
import dev.squall.model.ModelWeights;
import dev.squall.model.Projection;
import dev.squall.model.RowBatch;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Heads of grouped-query attention: three projections, norms, rotation. H query heads, G key/value heads, D length. */
final class GroupedHeads implements AttentionHeads {
    private final Hyperparameters h;
    private final List<Grouped> layers;
    private final ParallelKernels parallel;
    private final KvCache cache;
    private final Rotation rotation;
    private final float queryScale;
    /** R x E. */
    private final FloatRows rounded;
    /** R x H·D, as the projection leaves them. */
    private final FloatRows queries;
    /** R x G·D. */
    private final FloatRows keys;
    /** R x G·D. */
    private final FloatRows values;

    GroupedHeads(ModelWeights model, int rowsMax, ParallelKernels parallel, KvCache cache, Rotation rotation) {
        h = model.hyperparameters();
        layers = model.layers().stream()
                .map(layer -> (Grouped) layer.attention())
                .toList();
        this.parallel = parallel;
        this.cache = cache;
        this.rotation = rotation;
        queryScale = h.architecture().has(Feature.SCALED_QUERIES) ? h.scales().attention() : 1;
        rounded = FloatRows.roundable(rowsMax, h.embeddingLength());
        queries = FloatRows.of(rowsMax, h.headCount() * h.keyLength());
        keys = FloatRows.of(rowsMax, h.headCountKv() * h.keyLength());
        values = FloatRows.of(rowsMax, h.headCountKv() * h.valueLength());
    }

    @Override
    public void prepare(int layer, RowBatch rows, FloatRows input, FloatRows paddedQueries) {
        Grouped weights = layers.get(layer);
        parallel.project(
                input,
                rounded,
                rows.size(),
                new Projection[] {weights.query(), weights.key(), weights.value()},
                new FloatRows[] {queries, keys, values});
        long work = (long) rows.size() * queries.width() * 16;
        parallel.forEachRow(rows.size(), work, row -> rotateAndStore(layer, weights, rows, row, paddedQueries));
    }

    private void rotateAndStore(int layer, Grouped weights, RowBatch rows, int row, FloatRows paddedQueries) {
        normalise(queries, row, weights.queryNorm());
        normalise(keys, row, weights.keyNorm());
        int length = h.keyLength();
        for (int head = 0; head < h.headCount(); head++) {
            int query = queries.at(row) + head * length;
            rotation.rotate(row, queries.values(), query);
            int padded = row * h.headCount() + head;
            System.arraycopy(queries.values(), query, paddedQueries.values(), paddedQueries.at(padded), length);
            if (queryScale != 1) {
                paddedQueries.scaleRow(padded, queryScale);
            }
        }
        int sequence = rows.sequences()[row];
        int position = rows.positions()[row];
        for (int head = 0; head < h.headCountKv(); head++) {
            int key = keys.at(row) + head * length;
            rotation.rotate(row, keys.values(), key);
            cache.putKey(layer, sequence, head, position, keys.values(), key, length);
            int value = values.at(row) + head * h.valueLength();
            cache.putValue(layer, sequence, head, position, values.values(), value, h.valueLength());
        }
    }

    /** Each head by itself, or the whole row, as long as the weight is. */
    private void normalise(FloatRows vectors, int row, float @Nullable [] weight) {
        if (weight == null) {
            return;
        }
        int n = weight.length;
        for (int at = vectors.at(row); at < vectors.at(row) + vectors.width(); at += n) {
            parallel.kernels().rmsNorm(vectors.values(), at, weight, n, h.normEpsilon(), vectors.values(), at);
        }
    }

    @Override
    public FloatRows values(int layer, FloatRows attended, int count) {
        return attended;
    }
}
