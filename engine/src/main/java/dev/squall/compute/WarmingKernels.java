package dev.squall.compute;

import dev.squall.gguf.BlockCodec;
import dev.squall.gguf.BlockType;
import dev.squall.model.WeightMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Computes with {@link LaneKernels} until the JVM has compiled {@link VectorKernels}, which a thread of its own sees to
 * with made-up data. Both give the same bits, so nothing but time depends on when the change comes.
 */
final class WarmingKernels implements Kernels {
    /** Columns of the made-up weights: a whole number of blocks of every type. */
    private static final int COLUMNS = 256;

    private static final int ROWS = ColumnTile.ROWS;
    /** As many rows of activations as make the kernels use all their ways of multiplying. */
    private static final int ACTIVATION_ROWS = 5;

    /** As many query heads as make attention take them both four at a time and one by one. */
    private static final int HEADS = 5;

    private static final int HEAD_LENGTH = 64;
    private static final int POSITIONS = 40;

    /** A round that is this much faster than the same work lane by lane has been compiled. */
    private static final double SPEED_UP = 1.5;

    private static final int ROUNDS_MAX = 20_000;

    private final Kernels lanes = new LaneKernels();
    private final Kernels vectors = new VectorKernels();
    private final Thread warmer;
    private volatile Kernels current = lanes;
    private volatile boolean closed;

    /** @param types the block types that the model has */
    WarmingKernels(Set<BlockType> types) {
        warmer = Thread.ofPlatform().name("squall-warm-up").daemon().start(() -> warmUp(types));
    }

    private void warmUp(Set<BlockType> types) {
        try (Arena arena = Arena.ofConfined();
                KvCache cache = new KvCache(1, 1, POSITIONS, 1, HEAD_LENGTH, HEAD_LENGTH)) {
            Exercise[] exercises =
                    types.stream().map(type -> new Exercise(type, arena, cache)).toArray(Exercise[]::new);
            for (int round = 0; round < ROUNDS_MAX && !closed; round++) {
                double laneNanos = 0;
                double vectorNanos = 0;
                for (Exercise exercise : exercises) {
                    vectorNanos += exercise.nanos(vectors);
                    laneNanos += exercise.nanos(lanes);
                }
                if (vectorNanos * SPEED_UP < laneNanos) {
                    current = vectors;
                    return;
                }
            }
            current = vectors;
        }
    }

    /** Every operation once, with made-up weights of one type. */
    private static final class Exercise {
        private final WeightMatrix matrix;
        private final KvCache cache;
        private final Tile tile;
        private final float[] x = new float[ACTIVATION_ROWS * COLUMNS];
        private final FloatRows rows = FloatRows.roundable(ACTIVATION_ROWS, COLUMNS);
        private final float[] other = new float[ACTIVATION_ROWS * COLUMNS];
        private final float[] y = new float[ACTIVATION_ROWS * ROWS];
        private final float[] scores = new float[HEADS * (POSITIONS + HEAD_LENGTH)];
        private final float[] mixed = new float[HEADS * HEAD_LENGTH];
        private final int[] yOffsets = new int[ACTIVATION_ROWS];

        Exercise(BlockType type, Arena arena, KvCache cache) {
            this.cache = cache;
            tile = new Tile(arena);
            Random random = new Random(1);
            for (int i = 0; i < x.length; i++) {
                x[i] = random.nextFloat() - 0.5f;
            }
            MemorySegment data = arena.allocate(ROWS * type.rowBytes(COLUMNS), 64);
            for (int row = 0; row < ROWS; row++) {
                BlockCodec.encode(type, x, 0, COLUMNS, data, row * type.rowBytes(COLUMNS));
            }
            matrix = new WeightMatrix(type, data, ROWS, COLUMNS);
            for (int i = 0; i < ACTIVATION_ROWS; i++) {
                yOffsets[i] = i * ROWS;
            }
        }

        long nanos(Kernels kernels) {
            long started = System.nanoTime();
            ActivationPrecision precision = ActivationPrecision.with(matrix.type());
            kernels.round(precision, x, 0, x.length, rows, 0);
            kernels.multiply(matrix, 0, ROWS, rows, rows.offsets(), y, yOffsets, 0, ACTIVATION_ROWS, tile);
            kernels.multiply(matrix, 0, ROWS, rows, rows.offsets(), y, yOffsets, 0, 1, tile);
            kernels.rmsNorm(x, 0, x, COLUMNS, 1e-6f, other, 0);
            kernels.swiglu(other, 0, x, 0, COLUMNS);
            kernels.clampedSwiglu(other, 0, x, 0, COLUMNS);
            kernels.addScaled(0.5f, x, 0, other, 0, COLUMNS);
            KvCache.Span span = new KvCache.Span(cache, 0, 0, 0, 0, POSITIONS);
            kernels.attend(span, new HeadGroup(HEADS, HEAD_LENGTH, 0.1f), other, 0, null, 0, mixed, 0, scores, tile);
            return System.nanoTime() - started;
        }
    }

    @Override
    public String description() {
        return vectors.description();
    }

    @Override
    public void decodeRow(WeightMatrix w, int row, float[] out, int outOffset, Tile tile) {
        current.decodeRow(w, row, out, outOffset, tile);
    }

    @Override
    public void multiply(
            WeightMatrix w,
            int from,
            int to,
            FloatRows x,
            int[] xOffsets,
            float[] y,
            int[] yOffsets,
            int first,
            int count,
            Tile tile) {
        current.multiply(w, from, to, x, xOffsets, y, yOffsets, first, count, tile);
    }

    @Override
    public void rmsNorm(float[] x, int xOffset, float[] weight, int n, float epsilon, float[] y, int yOffset) {
        current.rmsNorm(x, xOffset, weight, n, epsilon, y, yOffset);
    }

    @Override
    public void round(ActivationPrecision precision, float[] x, int xOffset, int n, FloatRows y, int yOffset) {
        current.round(precision, x, xOffset, n, y, yOffset);
    }

    @Override
    public void swiglu(float[] gate, int gateOffset, float[] up, int upOffset, int n) {
        current.swiglu(gate, gateOffset, up, upOffset, n);
    }

    @Override
    public void clampedSwiglu(float[] gate, int gateOffset, float[] up, int upOffset, int n) {
        current.clampedSwiglu(gate, gateOffset, up, upOffset, n);
    }

    @Override
    public void addScaled(float scale, float[] x, int xOffset, float[] y, int yOffset, int n) {
        current.addScaled(scale, x, xOffset, y, yOffset, n);
    }

    @Override
    public void attend(
            KvCache.Span span,
            HeadGroup group,
            float[] query,
            int queryOffset,
            float @Nullable [] sinks,
            int sinksOffset,
            float[] out,
            int outOffset,
            float[] scratch,
            Tile tile) {
        current.attend(span, group, query, queryOffset, sinks, sinksOffset, out, outOffset, scratch, tile);
    }

    /** Ends the thread that warms up. */
    @Override
    public void close() {
        closed = true;
        boolean interrupted = false;
        while (warmer.isAlive()) {
            try {
                warmer.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
