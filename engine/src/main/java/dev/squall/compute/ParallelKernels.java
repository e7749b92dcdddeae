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

    /** Multiply-adds that make a task: about ten microseconds. */
    private static final long TASK_WORK = 1 << 17;

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
        int chunk = chunkRows(outputWork);
        int chunks = chunks(outputs, chunk);
        pool.run(products * chunks, (task, worker) -> {
            int from = task % chunks * chunk;
            work.run(task / chunks, from, Math.min(outputs, from + chunk), tiles[worker]);
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
                row -> kernels.round(precision, x.values(), x.at(row), weights.columns(), y.values(), y.at(row)));
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
        int chunk = chunkRows((long) projections[first].matrix().columns() * count);
        int[] firstTask = new int[last - first + 1];
        for (int i = first; i < last; i++) {
            firstTask[i - first + 1] =
                    firstTask[i - first] + chunks(projections[i].matrix().rows(), chunk);
        }
        pool.run(firstTask[last - first], (task, worker) -> {
            int i = first;
            while (task >= firstTask[i - first + 1]) {
                i++;
            }
            int from = (task - firstTask[i - first]) * chunk;
            int to = Math.min(projections[i].matrix().rows(), from + chunk);
            multiply(projections[i], from, to, rounded, outputs[i], count, tiles[worker]);
        });
    }

    private void multiply(Projection p, int from, int to, FloatRows x, FloatRows y, int count, Tile tile) {
        kernels.multiply(p.matrix(), from, to, x.values(), x.offsets(), y.values(), y.offsets(), 0, count, tile);
        float[] bias = p.bias();
        if (bias != null) {
            for (int row = 0; row < count; row++) {
                kernels.addScaled(1, bias, from, y.values(), y.at(row) + from, to - from);
            }
        }
    }

    /** How many output rows make a task, a multiple of the kernels' tile. */
    private static int chunkRows(long outputWork) {
        long chunk = Math.max(1, TASK_WORK / Math.max(1, outputWork));
        return (int) Math.max(8, Math.min(1024, chunk / 8 * 8));
    }

    private static int chunks(int rows, int chunk) {
        return (rows + chunk - 1) / chunk;
    }

    @Override
    public void close() {
        kernels.close();
        pool.close();
        arena.close();
    }
}
