package dev.squall.compute;

import dev.squall.model.Feature;
import dev.squall.model.Hyperparameters;
import dev.squall.model.LatentShape;
import dev.squall.model.LayerWeights;
import dev.squall.model.ModelWeights;
import dev.squall.model.RowBatch;

/** Attention of one layer on the JVM. Owns the KV cache and the memory of queries and of what attention gives. */
final class AttentionBlock implements AutoCloseable {
    private final Hyperparameters h;
    private final ModelWeights model;
    private final ParallelKernels parallel;
    private final KvCache cache;
    private final Rotation rotation;
    private final AttentionHeads heads;
    private final HeadGroup group;
    /** R·H x stride: rotated queries, padded as the cache is. */
    private final FloatRows queries;
    /** R x H·D, what attention gives. */
    private final FloatRows attended;
    /** R x H·D. */
    private final FloatRows rounded;
    /** R x E. */
    private final FloatRows output;
    /** For each thread and head of a group room for scores and a value. */
    private final float[][] scores;

    AttentionBlock(ModelWeights model, BackendOptions options, ParallelKernels parallel) {
        this.model = model;
        this.parallel = parallel;
        h = model.hyperparameters();
        int rowsMax = options.rowsMax();
        cache = KvCache.of(h, options.sequencesMax(), options.positionsMax());
        rotation = Rotation.of(model, options.positionsMax(), rowsMax);
        LatentShape latent = h.latent();
        heads = latent == null
                ? new GroupedHeads(model, rowsMax, parallel, cache, rotation)
                : new LatentHeads(model, latent, rowsMax, parallel, cache, rotation);
        float scale =
                h.architecture().has(Feature.SCALED_QUERIES) ? 1 : h.scales().attention();
        group = new HeadGroup(h.headCount() / h.headCountKv(), h.valueLength(), scale);
        int valueLength = latent == null ? h.valueLength() : Math.max(h.valueLength(), latent.valueLength());
        queries = FloatRows.of(Math.multiplyExact(rowsMax, h.headCount()), cache.keyStride());
        attended = FloatRows.roundable(rowsMax, h.headCount() * h.valueLength());
        rounded = FloatRows.roundable(rowsMax, h.headCount() * valueLength);
        output = FloatRows.of(rowsMax, h.embeddingLength());
        int scoresPerHead = Math.addExact(options.positionsMax(), cache.valueStride());
        scores = new float[options.threads()][Math.multiplyExact(group.size(), scoresPerHead)];
    }

    /** Prepares what all layers share. */
    void begin(RowBatch rows) {
        rotation.begin(rows);
    }

    /** hidden += attention(norm(hidden)), keys and values of the rows written to the cache first. */
    void run(int layer, RowBatch rows, HiddenStates states) {
        LayerWeights weights = model.layers().get(layer);
        int count = rows.size();
        states.normalise(weights.attentionNorm(), count);
        heads.prepare(layer, rows, states.normed(), queries);
        attend(layer, rows);
        FloatRows values = heads.values(layer, attended, count);
        parallel.project(values, rounded, count, weights.attention().output(), output);
        states.add(output, count);
    }

    private void attend(int layer, RowBatch rows) {
        float[] sinks = model.layers().get(layer).attention().sinks();
        parallel.pool().run(rows.size() * h.headCountKv(), (task, worker) -> {
            int row = task / h.headCountKv();
            int kvHead = task % h.headCountKv();
            int firstHead = kvHead * group.size();
            int position = rows.positions()[row];
            KvCache.Span span = new KvCache.Span(
                    cache, layer, rows.sequences()[row], kvHead, h.firstVisible(layer, position), position + 1);
            parallel.kernels()
                    .attend(
                            span,
                            group,
                            queries.values(),
                            queries.at(row * h.headCount() + firstHead),
                            sinks,
                            firstHead,
                            attended.values(),
                            attended.at(row) + firstHead * h.valueLength(),
                            scores[worker],
                            parallel.tile(worker));
        });
    }

    @Override
    public void close() {
        cache.close();
    }
}
