package dev.squall.compute;

import dev.squall.expert.ExpertLease;
import dev.squall.model.ExpertWeights;
import dev.squall.model.Hyperparameters;
import dev.squall.model.LayerWeights;
import dev.squall.model.ModelWeights;
import dev.squall.model.RowBatch;
import dev.squall.model.WeightMatrix;
import dev.squall.routing.LayerRouting;
import java.lang.foreign.Arena;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Computes on the JVM's own threads. Owns the KV cache, the hidden states and all scratch memory, allocated once. Work
 * is divided by output rows, never along a sum, so the number of threads changes no result.
 *
 * <p>Shapes: R rows, E hidden width, H query heads, G key/value heads, D head length, J experts, K used, F expert width.
 */
public final class JvmBackend implements ComputeBackend {
    /** Multiply-adds below which waking other threads costs more than they save. */
    private static final long PARALLEL_WORK_MIN = 1 << 15;

    /** Multiply-adds that make a task: about ten microseconds. */
    private static final long TASK_WORK = 1 << 17;

    private final Hyperparameters h;
    private final ModelWeights model;
    private final BackendOptions options;
    private final Kernels kernels;
    private final WorkerPool pool;
    private final KvCache cache;
    private final Rotation rotation;
    private final ExpertGroups groups;

    /** R x E. */
    private final float[] hidden;
    /** R x E, the input of attention, of the experts and of the head. */
    private final float[] normed;
    /** R x E, {@link #normed} at the precision of the product at hand. */
    private final float[] rounded;
    /** R x H·D, as the projection leaves them. */
    private final float[] queries;
    /** R x G·D. */
    private final float[] keys;
    /** R x G·D. */
    private final float[] values;
    /** R x H·stride: rotated queries, padded as the cache is. */
    private final float[] paddedQueries;
    /** R x H·D, what attention gives. */
    private final float[] attended;
    /** R x E. */
    private final float[] projected;
    /** R·K x F. */
    private final float[] gates;
    /** R·K x F. */
    private final float[] ups;
    /** R·K x E. */
    private final float[] expertOutputs;

    private final int[] rowsOfHidden;
    private final int[] rowsOfQueries;
    private final int[] rowsOfKeys;
    private final int[] rowsOfValues;
    private final int[] rowsOfAttended;
    private final int[] rowsOfLogits;
    private final int[] rowsOfInner;
    private final int[] rowsOfExpertOutputs;
    private final Arena arena = Arena.ofShared();
    private final Tile[] tiles;
    private final float[][] scores;
    private RowBatch rows = new RowBatch(new int[1], new int[1], new int[1]);

    /** A factory of backends with Vector API kernels. */
    public static BackendFactory vector() {
        return (model, options) -> new JvmBackend(model, options, new WarmingKernels(model.blockTypes()));
    }

    /** A factory of backends with the scalar kernels that the fast ones are held against. */
    public static BackendFactory scalar() {
        return (model, options) -> new JvmBackend(model, options, new ScalarKernels());
    }

    private JvmBackend(ModelWeights model, BackendOptions options, Kernels kernels) {
        this.model = model;
        this.options = options;
        this.kernels = kernels;
        h = model.hyperparameters();
        pool = new WorkerPool(options.threads());
        cache = new KvCache(
                h.blockCount(),
                options.sequencesMax(),
                options.positionsMax(),
                h.headCountKv(),
                h.keyLength(),
                h.valueLength());
        rotation = new Rotation(h, options.rowsMax());

        int rowsMax = options.rowsMax();
        int pairsMax = Math.multiplyExact(rowsMax, h.expertUsedCount());
        int width = h.embeddingLength();
        int queryWidth = h.headCount() * h.keyLength();
        int keyWidth = h.headCountKv() * h.keyLength();
        int valueWidth = h.headCountKv() * h.valueLength();
        int attendedWidth = h.headCount() * h.valueLength();
        int inner = h.expertFeedForwardLength();
        groups = new ExpertGroups(rowsMax, h.expertCount(), h.expertUsedCount());
        hidden = floats(rowsMax, width);
        normed = floats(rowsMax, width);
        rounded = floats(rowsMax, Math.max(width, attendedWidth));
        queries = floats(rowsMax, queryWidth);
        keys = floats(rowsMax, keyWidth);
        values = floats(rowsMax, valueWidth);
        paddedQueries = floats(rowsMax, h.headCount() * cache.keyStride());
        attended = floats(rowsMax, attendedWidth);
        projected = floats(rowsMax, width);
        gates = floats(pairsMax, inner);
        ups = floats(pairsMax, inner);
        expertOutputs = floats(pairsMax, width);

        rowsOfHidden = multiples(width, rowsMax);
        rowsOfQueries = multiples(queryWidth, rowsMax);
        rowsOfKeys = multiples(keyWidth, rowsMax);
        rowsOfValues = multiples(valueWidth, rowsMax);
        rowsOfAttended = multiples(attendedWidth, rowsMax);
        rowsOfLogits = multiples(h.expertCount(), rowsMax);
        rowsOfInner = multiples(inner, pairsMax);
        rowsOfExpertOutputs = multiples(width, pairsMax);
        int groupSize = h.headCount() / h.headCountKv();
        tiles = new Tile[options.threads()];
        Arrays.setAll(tiles, i -> new Tile(arena));
        int scoresPerHead = Math.addExact(options.positionsMax(), cache.valueStride());
        scores = new float[options.threads()][Math.multiplyExact(groupSize, scoresPerHead)];
    }

    private static float[] floats(int rows, int width) {
        return new float[Math.multiplyExact(rows, width)];
    }

    private static int[] multiples(int width, int count) {
        int[] offsets = new int[count];
        for (int i = 0; i < count; i++) {
            offsets[i] = Math.multiplyExact(i, width);
        }
        return offsets;
    }

    @Override
    public String description() {
        return "JVM, " + kernels.description() + ", " + pool.threads() + (pool.threads() == 1 ? " thread" : " threads");
    }

    @Override
    public int rowsMax() {
        return options.rowsMax();
    }

    @Override
    public int sequencesMax() {
        return options.sequencesMax();
    }

    @Override
    public int positionsMax() {
        return options.positionsMax();
    }

    @Override
    public void begin(RowBatch batch) {
        if (batch.size() > options.rowsMax()) {
            throw new IllegalArgumentException(
                    "a batch of " + batch.size() + " rows, expected at most " + options.rowsMax());
        }
        for (int row = 0; row < batch.size(); row++) {
            require(batch.tokens()[row], model.tokenEmbedding().rows(), "token");
            require(batch.sequences()[row], options.sequencesMax(), "sequence");
            require(batch.positions()[row], options.positionsMax(), "position");
        }
        rows = batch;
        rotation.begin(batch);
        for (int row = 0; row < batch.size(); row++) {
            kernels.decodeRow(model.tokenEmbedding(), batch.tokens()[row], hidden, row * h.embeddingLength(), tiles[0]);
        }
    }

    private static void require(int value, int limit, String what) {
        if (value < 0 || value >= limit) {
            throw new IllegalArgumentException(what + "=" + value + ", expected from 0 to " + (limit - 1));
        }
    }

    @Override
    public void attentionBlock(int layer, float[] routerLogits) {
        LayerWeights weights = model.layers().get(layer);
        int width = h.embeddingLength();
        normalise(weights.attentionNorm());
        project(weights.query(), weights.key(), weights.value());
        forEachRow(row -> rotateAndStore(layer, weights, row));
        int groupSize = h.headCount() / h.headCountKv();
        float scale = (float) (1 / Math.sqrt(h.keyLength()));
        pool.run(rows.size() * h.headCountKv(), (task, worker) -> {
            int row = task / h.headCountKv();
            int kvHead = task % h.headCountKv();
            int firstHead = kvHead * groupSize;
            kernels.attend(
                    cache,
                    layer,
                    rows.sequences()[row],
                    kvHead,
                    rows.positions()[row] + 1,
                    scale,
                    paddedQueries,
                    (row * h.headCount() + firstHead) * cache.keyStride(),
                    groupSize,
                    attended,
                    rowsOfAttended[row] + firstHead * h.valueLength(),
                    h.valueLength(),
                    scores[worker],
                    tiles[worker]);
        });
        round(weights.attentionOutput(), attended, rowsOfAttended, attended, rows.size());
        multiply(weights.attentionOutput(), attended, rowsOfAttended, projected, rowsOfHidden, rows.size());
        for (int row = 0; row < rows.size(); row++) {
            kernels.addScaled(1, projected, rowsOfHidden[row], hidden, rowsOfHidden[row], width);
        }
        normalise(weights.feedForwardNorm());
        round(weights.router(), normed, rowsOfHidden, rounded, rows.size());
        multiply(weights.router(), rounded, rowsOfHidden, routerLogits, rowsOfLogits, rows.size());
    }

    private void normalise(float[] weight) {
        int width = h.embeddingLength();
        forEachRow(row ->
                kernels.rmsNorm(hidden, rowsOfHidden[row], weight, width, h.normEpsilon(), normed, rowsOfHidden[row]));
    }

    /** Queries, keys and values of all rows: three products in one region. */
    private void project(WeightMatrix query, WeightMatrix key, WeightMatrix value) {
        WeightMatrix[] matrices = {query, key, value};
        float[][] outputs = {queries, keys, values};
        int[][] outputRows = {rowsOfQueries, rowsOfKeys, rowsOfValues};
        ActivationPrecision precision = null;
        for (int first = 0; first < matrices.length; first++) {
            ActivationPrecision needed = ActivationPrecision.with(matrices[first].type());
            if (needed == precision) {
                continue;
            }
            precision = needed;
            round(matrices[first], normed, rowsOfHidden, rounded, rows.size());
            int last = first + 1;
            while (last < matrices.length && ActivationPrecision.with(matrices[last].type()) == needed) {
                last++;
            }
            multiplyAll(matrices, first, last, outputs, outputRows);
        }
    }

    private void multiplyAll(WeightMatrix[] matrices, int first, int last, float[][] outputs, int[][] outputRows) {
        int chunk = chunkRows(h.embeddingLength(), rows.size());
        int[] firstTask = new int[last - first + 1];
        for (int i = first; i < last; i++) {
            firstTask[i - first + 1] = firstTask[i - first] + chunks(matrices[i].rows(), chunk);
        }
        pool.run(firstTask[last - first], (task, worker) -> {
            int i = first;
            while (task >= firstTask[i - first + 1]) {
                i++;
            }
            int from = (task - firstTask[i - first]) * chunk;
            int to = Math.min(matrices[i].rows(), from + chunk);
            kernels.multiply(
                    matrices[i],
                    from,
                    to,
                    rounded,
                    rowsOfHidden,
                    outputs[i],
                    outputRows[i],
                    0,
                    rows.size(),
                    tiles[worker]);
        });
    }

    private void rotateAndStore(int layer, LayerWeights weights, int row) {
        normaliseHeads(queries, rowsOfQueries[row], weights.queryNorm(), h.headCount());
        normaliseHeads(keys, rowsOfKeys[row], weights.keyNorm(), h.headCountKv());
        int sequence = rows.sequences()[row];
        int position = rows.positions()[row];
        int length = h.keyLength();
        for (int head = 0; head < h.headCount(); head++) {
            int from = rowsOfQueries[row] + head * length;
            rotation.rotate(row, queries, from);
            System.arraycopy(queries, from, paddedQueries, (row * h.headCount() + head) * cache.keyStride(), length);
        }
        for (int head = 0; head < h.headCountKv(); head++) {
            int key = rowsOfKeys[row] + head * length;
            rotation.rotate(row, keys, key);
            cache.putKey(layer, sequence, head, position, keys, key, length);
            int value = rowsOfValues[row] + head * h.valueLength();
            cache.putValue(layer, sequence, head, position, values, value, h.valueLength());
        }
    }

    private void normaliseHeads(float[] vectors, int offset, float @Nullable [] weight, int heads) {
        if (weight == null) {
            return;
        }
        int parts = weight.length == h.keyLength() ? heads : 1;
        for (int part = 0; part < parts; part++) {
            int at = offset + part * weight.length;
            kernels.rmsNorm(vectors, at, weight, weight.length, h.normEpsilon(), vectors, at);
        }
    }

    @Override
    public void expertBlock(LayerRouting routing, ExpertLease lease) {
        groups.group(routing, lease);
        int width = h.embeddingLength();
        int inner = h.expertFeedForwardLength();
        int pairs = groups.pairCount();
        ExpertWeights any = lease.weights(groups.expert(0));
        ActivationPrecision inputPrecision = ActivationPrecision.with(any.gate().type());
        if (ActivationPrecision.with(any.up().type()) != inputPrecision) {
            throw new IllegalStateException("gate and up projections of an expert need activations of two precisions");
        }
        round(any.gate(), normed, rowsOfHidden, rounded, rows.size());
        int[] inputRows = groups.gather(rowsOfHidden);

        int innerChunk = chunkRows(2 * width, Math.max(1, pairs / groups.size()));
        int innerChunks = chunks(inner, innerChunk);
        pool.run(groups.size() * innerChunks, (task, worker) -> {
            int group = task / innerChunks;
            int from = task % innerChunks * innerChunk;
            int to = Math.min(inner, from + innerChunk);
            int first = groups.firstPair(group);
            int count = groups.firstPair(group + 1) - first;
            ExpertWeights expert = lease.weights(groups.expert(group));
            Tile tile = tiles[worker];
            kernels.multiply(expert.gate(), from, to, rounded, inputRows, gates, rowsOfInner, first, count, tile);
            kernels.multiply(expert.up(), from, to, rounded, inputRows, ups, rowsOfInner, first, count, tile);
            for (int pair = first; pair < first + count; pair++) {
                int at = rowsOfInner[pair] + from;
                kernels.swiglu(gates, at, ups, at, to - from);
            }
        });

        round(any.down(), gates, rowsOfInner, gates, pairs);
        int outerChunk = chunkRows(inner, Math.max(1, pairs / groups.size()));
        int outerChunks = chunks(width, outerChunk);
        pool.run(groups.size() * outerChunks, (task, worker) -> {
            int group = task / outerChunks;
            int from = task % outerChunks * outerChunk;
            int first = groups.firstPair(group);
            kernels.multiply(
                    lease.weights(groups.expert(group)).down(),
                    from,
                    Math.min(width, from + outerChunk),
                    gates,
                    rowsOfInner,
                    expertOutputs,
                    rowsOfExpertOutputs,
                    first,
                    groups.firstPair(group + 1) - first,
                    tiles[worker]);
        });

        forEachRow(row -> addExperts(routing, row));
    }

    private void addExperts(LayerRouting routing, int row) {
        int width = h.embeddingLength();
        int sum = rowsOfHidden[row];
        Arrays.fill(projected, sum, sum + width, 0f);
        for (int rank = 0; rank < routing.usedCount(); rank++) {
            int choice = row * routing.usedCount() + rank;
            int output = rowsOfExpertOutputs[groups.pairOf(choice)];
            kernels.addScaled(routing.weights()[choice], expertOutputs, output, projected, sum, width);
        }
        kernels.addScaled(1, projected, sum, hidden, sum, width);
    }

    @Override
    public void head(int[] batchRows, float[] logits) {
        WeightMatrix output = model.output();
        int count = batchRows.length;
        for (int i = 0; i < count; i++) {
            require(batchRows[i], rows.size(), "row");
            int from = rowsOfHidden[batchRows[i]];
            kernels.rmsNorm(
                    hidden, from, model.outputNorm(), h.embeddingLength(), h.normEpsilon(), normed, rowsOfHidden[i]);
        }
        round(output, normed, rowsOfHidden, rounded, count);
        multiply(output, rounded, rowsOfHidden, logits, multiples(output.rows(), count), count);
    }

    private void round(WeightMatrix weights, float[] x, int[] xRows, float[] y, int count) {
        ActivationPrecision precision = ActivationPrecision.with(weights.type());
        if (precision == ActivationPrecision.FLOAT32 && x == y) {
            return;
        }
        parallel(
                (long) count * weights.columns() * 8,
                count,
                i -> kernels.round(precision, x, xRows[i], weights.columns(), y, xRows[i]));
    }

    private void multiply(WeightMatrix w, float[] x, int[] xRows, float[] y, int[] yRows, int count) {
        int chunk = chunkRows(w.columns(), count);
        pool.run(
                chunks(w.rows(), chunk),
                (task, worker) -> kernels.multiply(
                        w,
                        task * chunk,
                        Math.min(w.rows(), task * chunk + chunk),
                        x,
                        xRows,
                        y,
                        yRows,
                        0,
                        count,
                        tiles[worker]));
    }

    private interface RowWork {
        void run(int row);
    }

    private void forEachRow(RowWork work) {
        parallel((long) rows.size() * h.embeddingLength() * 16, rows.size(), work);
    }

    private void parallel(long multiplyAdds, int count, RowWork work) {
        if (multiplyAdds < PARALLEL_WORK_MIN) {
            for (int i = 0; i < count; i++) {
                work.run(i);
            }
        } else {
            pool.run(count, (task, worker) -> work.run(task));
        }
    }

    /** How many output rows make a task, a multiple of the kernels' tile. */
    private int chunkRows(int columns, int activationRows) {
        long chunk = Math.max(1, TASK_WORK / ((long) columns * activationRows));
        return (int) Math.max(8, Math.min(1024, chunk / 8 * 8));
    }

    private static int chunks(int rows, int chunk) {
        return (rows + chunk - 1) / chunk;
    }

    @Override
    public void close() {
        kernels.close();
        pool.close();
        cache.close();
        arena.close();
    }
}
