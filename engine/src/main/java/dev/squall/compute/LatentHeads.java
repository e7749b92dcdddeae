package dev.squall.compute;

import dev.squall.model.AttentionWeights.Absorbed;
import dev.squall.model.AttentionWeights.Expanded;
import dev.squall.model.AttentionWeights.Latent;
import dev.squall.model.AttentionWeights.LatentQuery;
import dev.squall.model.Hyperparameters;
import dev.squall.model.LatentShape;
import dev.squall.model.ModelWeights;
import dev.squall.model.NormWeights;
import dev.squall.model.Projection;
import dev.squall.model.RowBatch;
import dev.squall.model.WeightMatrix;
import java.util.List;

/**
 * Heads of multi-head latent attention. H heads, C latent width, N key elements that are not rotated, P rotated ones, D
 * value length. Absorbed, all heads share one key (C latent elements, P rotated) whose latent part is also the value;
 * expanded, each head has its own (N + P) and D elements.
 */
final class LatentHeads implements AttentionHeads {
    private final Hyperparameters h;
    private final LatentShape shape;
    private final int plain;
    private final List<Latent> layers;
    private final ParallelKernels parallel;
    private final Kernels kernels;
    private final KvCache cache;
    private final Rotation rotation;
    /** R x the wider of hidden state and latent query. */
    private final FloatRows rounded;
    /** R x latent query. */
    private final FloatRows latentQueries;
    /** R x H·(N + P). */
    private final FloatRows queries;
    /** R x C + P. */
    private final FloatRows latents;
    /** R x H·(N + D), if expanded. */
    private final FloatRows expanded;
    /** R x H·D, if absorbed. */
    private final FloatRows headValues;

    LatentHeads(
            ModelWeights model,
            LatentShape shape,
            int rowsMax,
            ParallelKernels parallel,
            KvCache cache,
            Rotation rotation) {
        h = model.hyperparameters();
        this.shape = shape;
        plain = shape.keyLength() - h.rope().dimensionCount();
        layers =
                model.layers().stream().map(layer -> (Latent) layer.attention()).toList();
        this.parallel = parallel;
        kernels = parallel.kernels();
        this.cache = cache;
        this.rotation = rotation;
        rounded =
                FloatRows.roundable(rowsMax, Math.max(h.embeddingLength(), Math.max(shape.queryRank(), shape.rank())));
        latentQueries = FloatRows.of(rowsMax, shape.queryRank());
        queries = FloatRows.roundable(rowsMax, h.headCount() * shape.keyLength());
        latents = FloatRows.of(rowsMax, shape.rank() + h.rope().dimensionCount());
        expanded = FloatRows.of(rowsMax, shape.absorbed() ? 0 : h.headCount() * (plain + shape.valueLength()));
        headValues = FloatRows.of(rowsMax, shape.absorbed() ? h.headCount() * shape.valueLength() : 0);
    }

    @Override
    public void prepare(int layer, RowBatch rows, FloatRows input, FloatRows paddedQueries) {
        Latent weights = layers.get(layer);
        int count = rows.size();
        LatentQuery queryDown = weights.queryDown();
        Projection latent = new Projection(weights.latent(), null);
        Projection query = new Projection(weights.query(), null);
        if (queryDown == null) {
            parallel.project(
                    input, rounded, count, new Projection[] {query, latent}, new FloatRows[] {queries, latents});
        } else {
            Projection down = new Projection(queryDown.matrix(), null);
            parallel.project(
                    input, rounded, count, new Projection[] {down, latent}, new FloatRows[] {latentQueries, latents});
            normalise(queryDown.norm(), latentQueries, count);
            parallel.project(latentQueries, rounded, count, query, queries);
        }
        normalise(weights.latentNorm(), latents, count);
        for (int row = 0; row < count; row++) {
            rotation.rotate(row, latents.values(), latents.at(row) + shape.rank());
            for (int head = 0; head < h.headCount(); head++) {
                rotation.rotate(row, queries.values(), queries.at(row) + head * shape.keyLength() + plain);
            }
        }
        switch (weights.expansion()) {
            case Absorbed absorbed -> absorb(absorbed, layer, rows, paddedQueries);
            case Expanded all -> expand(all, layer, rows, paddedQueries);
        }
    }

    /** The first elements of each row, as many as the norm has. */
    private void normalise(NormWeights norm, FloatRows vectors, int count) {
        parallel.forEachRow(
                count,
                (long) count * vectors.width() * 16,
                row -> HiddenStates.normalise(
                        kernels,
                        norm,
                        h.normEpsilon(),
                        vectors.values(),
                        vectors.at(row),
                        vectors.values(),
                        vectors.at(row)));
    }

    private void absorb(Absorbed weights, int layer, RowBatch rows, FloatRows paddedQueries) {
        int rotated = h.rope().dimensionCount();
        for (int row = 0; row < rows.size(); row++) {
            int position = rows.positions()[row];
            cache.putKey(layer, rows.sequences()[row], 0, position, latents.values(), latents.at(row), latents.width());
            for (int head = 0; head < h.headCount(); head++) {
                System.arraycopy(
                        queries.values(),
                        queries.at(row) + head * shape.keyLength() + plain,
                        paddedQueries.values(),
                        paddedQueries.at(row * h.headCount() + head) + shape.rank(),
                        rotated);
            }
        }
        int stride = paddedQueries.width();
        multiplyHeads(
                weights.keys(), queries, shape.keyLength(), paddedQueries, h.headCount() * stride, stride, rows.size());
    }

    @Override
    public FloatRows values(int layer, FloatRows attended, int count) {
        return switch (layers.get(layer).expansion()) {
            case Expanded all -> attended;
            case Absorbed absorbed -> {
                int length = shape.valueLength();
                multiplyHeads(absorbed.values(), attended, shape.rank(), headValues, headValues.width(), length, count);
                yield headValues;
            }
        };
    }

    /**
     * Each head's part of a row times the head's own matrix. The inputs are rounded in place.
     *
     * @param inputStride floats from one head's input to the next
     * @param outputRowStride floats from one row's outputs to the next
     * @param outputStride floats from one head's output to the next
     */
    private void multiplyHeads(
            List<WeightMatrix> matrices,
            FloatRows inputs,
            int inputStride,
            FloatRows outputs,
            int outputRowStride,
            int outputStride,
            int count) {
        parallel.pool().run(h.headCount() * count, (task, worker) -> {
            WeightMatrix matrix = matrices.get(task / count);
            int at = inputs.at(task % count) + task / count * inputStride;
            ActivationPrecision precision = ActivationPrecision.with(matrix.type());
            kernels.round(precision, inputs.values(), at, matrix.columns(), inputs, at);
        });
        WeightMatrix any = matrices.getFirst();
        parallel.forEachProduct(h.headCount(), any.rows(), (long) any.columns() * count, (head, from, to, tile) -> {
            int[] inputOffsets = new int[count];
            int[] outputOffsets = new int[count];
            for (int row = 0; row < count; row++) {
                inputOffsets[row] = inputs.at(row) + head * inputStride;
                outputOffsets[row] = row * outputRowStride + head * outputStride;
            }
            WeightMatrix matrix = matrices.get(head);
            kernels.multiply(matrix, from, to, inputs, inputOffsets, outputs.values(), outputOffsets, 0, count, tile);
        });
    }

    private void expand(Expanded weights, int layer, RowBatch rows, FloatRows paddedQueries) {
        parallel.project(latents, rounded, rows.size(), new Projection(weights.keysAndValues(), null), expanded);
        parallel.forEachRow(
                rows.size(),
                (long) rows.size() * expanded.width() * 16,
                row -> storeHeads(layer, rows, row, paddedQueries));
    }

    private void storeHeads(int layer, RowBatch rows, int row, FloatRows paddedQueries) {
        int rotated = h.rope().dimensionCount();
        int sequence = rows.sequences()[row];
        int position = rows.positions()[row];
        float[] key = new float[shape.keyLength()];
        System.arraycopy(latents.values(), latents.at(row) + shape.rank(), key, plain, rotated);
        for (int head = 0; head < h.headCount(); head++) {
            System.arraycopy(
                    queries.values(),
                    queries.at(row) + head * shape.keyLength(),
                    paddedQueries.values(),
                    paddedQueries.at(row * h.headCount() + head),
                    shape.keyLength());
            int from = expanded.at(row) + head * (plain + shape.valueLength());
            System.arraycopy(expanded.values(), from, key, 0, plain);
            cache.putKey(layer, sequence, head, position, key, 0, shape.keyLength());
            cache.putValue(layer, sequence, head, position, expanded.values(), from + plain, shape.valueLength());
        }
    }
}
