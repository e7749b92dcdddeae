package dev.squall.compute;

import dev.squall.gguf.BlockCodec;
import dev.squall.gguf.BlockType;
import dev.squall.model.Projection;
import dev.squall.model.WeightMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Matrix-vector products with every block type, on as many bytes as no cache holds; and reads of the same bytes. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ProductBenchmark {
    /** Bytes of weights: several times a last-level cache. */
    public static final long BYTES = 192L << 20;

    private static final int COLUMNS = 2048;
    private static final int THREADS = 2;
    private static final int DISTINCT_ROWS = 64;

    /** A block type by its name. */
    @Param({
        "F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL",
        "IQ4_XS", "MXFP4"
    })
    @SuppressWarnings("NullAway.Init") // JMH sets it
    public String type;

    private final Arena arena = Arena.ofShared();
    private final ParallelKernels kernels = new ParallelKernels(new VectorKernels(), THREADS);
    private MemorySegment data = MemorySegment.NULL;
    private Projection[] projection = {};
    private FloatRows x = FloatRows.of(0, 0);
    private FloatRows rounded = x;
    private FloatRows y = x;
    private final long[] sums = new long[16 * (THREADS + 1)];

    @Setup
    public void setUp() {
        BlockType blocks = BlockType.valueOf(type);
        long rowBytes = blocks.rowBytes(COLUMNS);
        int rows = Math.toIntExact(BYTES / rowBytes);
        data = arena.allocate(rows * rowBytes, 64);
        Random random = new Random(1);
        for (int row = 0; row < rows; row++) {
            if (row < DISTINCT_ROWS) {
                BlockCodec.encode(blocks, gaussians(random), 0, COLUMNS, data, row * rowBytes);
            } else {
                MemorySegment.copy(data, row % DISTINCT_ROWS * rowBytes, data, row * rowBytes, rowBytes);
            }
        }
        projection = new Projection[] {new Projection(new WeightMatrix(blocks, data, rows, COLUMNS), null)};
        x = FloatRows.in(gaussians(random), 1, COLUMNS);
        rounded = FloatRows.roundable(1, COLUMNS);
        y = FloatRows.of(1, rows);
    }

    private static float[] gaussians(Random random) {
        float[] values = new float[COLUMNS];
        for (int i = 0; i < COLUMNS; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** One product of a matrix with a vector. */
    @Benchmark
    public float product() {
        kernels.project(x, rounded, 1, projection, new FloatRows[] {y});
        return y.values()[0];
    }

    /** A sum of the same bytes as 64-bit integers, by the same threads. */
    @Benchmark
    public long read() {
        long chunk = 1 << 16;
        int tasks = (int) (data.byteSize() / chunk);
        kernels.pool().run(tasks, (task, worker) -> sums[16 * (worker + 1)] += sum(task * chunk, chunk));
        return sums[16];
    }

    private long sum(long from, long bytes) {
        long a = 0;
        long b = 0;
        long c = 0;
        long d = 0;
        for (long at = from; at < from + bytes; at += 32) {
            a += data.get(ValueLayout.JAVA_LONG, at);
            b += data.get(ValueLayout.JAVA_LONG, at + 8);
            c += data.get(ValueLayout.JAVA_LONG, at + 16);
            d += data.get(ValueLayout.JAVA_LONG, at + 24);
        }
        return a + b + c + d;
    }

    @TearDown
    public void tearDown() {
        kernels.close();
        arena.close();
    }
}
