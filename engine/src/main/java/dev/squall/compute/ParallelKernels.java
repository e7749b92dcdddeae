package dev.squall.compute;

import dev.squall.model.Projection;
import dev.squall.model.WeightMatrix;
import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * Kernels over many rows, divided among threads. Owns the threads and their scratch memory. Work is divided by output
 * rows, never along a sum, so the number of threads changes no result. One thread calls.
 */
final class ParallelKernels implements AutoCloseable {
    /** Multiply-adds below which waking other threads costs more than they save. */
    private static final long PARALLEL_WORK_MIN = 1 << 15;

    /** Multiply-adds that make a task: less than a hundred microseconds, and some hundred kilobytes of one stream. */
    private static final long TASK_WORK = 1 << 20;

    private final Kernels kernels;
    private final WorkerPool pool;
    private final Arena arena = Arena.ofShared();
    private final Tile[] tiles;

    /** One row's work. */
    @FunctionalInterface
    interface RowWork {
        void run(int row);
    }

    /** Some output rows of one of several products. */
    @FunctionalInterface
    interface ProductWork {
        void run(int product, int from, int to, Tile tile);
    }

    ParallelKernels(Kernels kernels, int threads) {
        this.kernels = kernels;
        pool = new WorkerPool(threads);
        tiles = new Tile[threads];
        Arrays.setAll(tiles, i -> new Tile(arena));
    }

    /** The kernels themselves, for work on one row. */
    Kernels kernels() {
        return kernels;
    }

    WorkerPool pool() {
        return pool;
    }

    /** A thread's scratch memory; the caller's own is that of worker 0. */
    Tile tile(int worker) {
        return tiles[worker];
    }

    /** Runs work for rows 0 to {@code count - 1}, on one thread if it is {@code multiplyAdds} small. */
    void forEachRow(int count, long multiplyAdds, RowWork work) {
        if (multiplyAdds < PARALLEL_WORK_MIN) {
            for (int row = 0; row < count; row++) {
                work.run(row);
            }
        } else {
            pool.run(count, (task, worker) -> work.run(task));
        }
    }

    /**
     * Runs several products at once, cut into ranges of output rows.
     *
     * @param products how many there are
     * @param outputs output rows of each
     * @param outputWork multiply-adds of one output row
     */
    void forEachProduct(int products, int outputs, long outputWork, ProductWork work) {
        Shares shares = shares(outputs, outputWork);
        int tasksOfThread = products * shares.chunks();
        pool.run(tasksOfThread * pool.threads(), (task, worker) -> {
            int ofThread = task % tasksOfThread;
            int product = ofThread / shares.chunks();
            int from = shares.from(task / tasksOfThread, ofThread % shares.chunks());
            int to = shares.to(task / tasksOfThread, ofThread % shares.chunks());
            if (from < to) {
                work.run(product, from, to, tiles[worker]);
            }
        });
    }

    /** y = the first {@code count} rows of x at the precision of products with these weights. y may be x. */
    void round(WeightMatrix weights, FloatRows x, FloatRows y, int count) {
        ActivationPrecision precision = ActivationPrecision.with(weights.type());
        if (precision == ActivationPrecision.FLOAT32 && x.values() == y.values()) {
            return;
        }
        forEachRow(
                count,
                (long) count * weights.columns() * 8,
                row -> kernels.round(precision, x.values(), x.at(row), weights.columns(), y, y.at(row)));
    }

    /**
     * {@code outputs[i] = projections[i] · input + bias} for the first {@code count} rows, in as few regions as the
     * precisions allow.
     *
     * @param rounded scratch as wide as the input
     */
    void project(FloatRows input, FloatRows rounded, int count, Projection[] projections, FloatRows[] outputs) {
        int first = 0;
        while (first < projections.length) {
            WeightMatrix matrix = projections[first].matrix();
            int last = first + 1;
            while (last < projections.length && samePrecision(matrix, projections[last].matrix())) {
                last++;
            }
            round(matrix, input, rounded, count);
            projectRounded(rounded, count, projections, outputs, first, last);
            first = last;
        }
    }

    /** One of them. */
    void project(FloatRows input, FloatRows rounded, int count, Projection projection, FloatRows output) {
        project(input, rounded, count, new Projection[] {projection}, new FloatRows[] {output});
    }

    static boolean samePrecision(WeightMatrix a, WeightMatrix b) {
        return ActivationPrecision.with(a.type()) == ActivationPrecision.with(b.type());
    }

    private void projectRounded(
            FloatRows rounded, int count, Projection[] projections, FloatRows[] outputs, int first, int last) {
        Shares[] shares = new Shares[last - first];
        int[] firstChunk = new int[last - first + 1];
        for (int i = first; i < last; i++) {
            WeightMatrix matrix = projections[i].matrix();
            shares[i - first] = shares(matrix.rows(), (long) matrix.columns() * count);
            firstChunk[i - first + 1] = firstChunk[i - first] + shares[i - first].chunks();
        }
        int tasksOfThread = firstChunk[last - first];
        pool.run(tasksOfThread * pool.threads(), (task, worker) -> {
            int ofThread = task % tasksOfThread;
            int i = 0;
            while (ofThread >= firstChunk[i + 1]) {
                i++;
            }
            int from = shares[i].from(task / tasksOfThread, ofThread - firstChunk[i]);
            int to = shares[i].to(task / tasksOfThread, ofThread - firstChunk[i]);
            if (from < to) {
                multiply(projections[first + i], from, to, rounded, outputs[first + i], count, tiles[worker]);
            }
        });
    }

    private void multiply(Projection p, int from, int to, FloatRows x, FloatRows y, int count, Tile tile) {
        kernels.multiply(p.matrix(), from, to, x, x.offsets(), y.values(), y.offsets(), 0, count, tile);
        float[] bias = p.bias();
        if (bias != null) {
            for (int row = 0; row < count; row++) {
                kernels.addScaled(1, bias, from, y.values(), y.at(row) + from, to - from);
            }
        }
    }

    /**
     * The output rows of a product, divided: each thread's share is one run of rows, which it reads from memory as one
     * stream, in chunks that are a task each.
     *
     * @param outputs all rows
     * @param share rows of a thread
     * @param chunk rows of a task
     * @param chunks tasks of a thread
     */
    private record Shares(int outputs, int share, int chunk, int chunks) {
        int from(int thread, int index) {
            return thread * share + index * chunk;
        }

        int to(int thread, int index) {
            return Math.min(outputs, Math.min((thread + 1) * share, from(thread, index) + chunk));
        }
    }

    /** Shares and tasks that are multiples of the kernels' tiles: of the large one where a share has several of it. */
    private Shares shares(int outputs, long outputWork) {
        int threads = pool.threads();
        int mean = Math.ceilDiv(outputs, threads);
        int tile = mean >= 4 * ColumnTile.ROWS ? ColumnTile.ROWS : 2 * Tile.ROWS;
        int share = Math.ceilDiv(mean, tile) * tile;
        long rows = Math.max(1, TASK_WORK / Math.max(1, outputWork));
        int chunk = (int) Math.max(tile, Math.min(8192, rows / tile * tile));
        return new Shares(outputs, share, chunk, (share + chunk - 1) / chunk);
    }

    @Override
    public void close() {
        kernels.close();
        pool.close();
        arena.close();
    }
}
