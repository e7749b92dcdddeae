package dev.squall.bench;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.DoubleStream;

/** How fast some threads can read a mapped file and do next to nothing with it: the ceiling of any decoder. */
final class Bandwidth {
    private static final int PASSES_WARM = 2;
    private static final int PASSES = 5;
    private static final long STRIDE_BYTES = 8 * Long.BYTES;

    /** Where all sums end, so that the compiler cannot drop the reads. */
    @SuppressWarnings("unused")
    private static volatile long checksum;

    private Bandwidth() {}

    /**
     * Reads the whole file once in each of several passes, after some that bring it into memory. A file that fits the
     * processor's caches is read from there.
     *
     * @return 10^9 bytes a second, of all threads together
     */
    static Spread gigabytesPerSecond(Path file, int threads) throws IOException {
        try (Arena arena = Arena.ofShared();
                FileChannel channel = FileChannel.open(file);
                ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            double[] rates = DoubleStream.generate(() -> pass(bytes, threads, pool))
                    .limit(PASSES_WARM + PASSES)
                    .skip(PASSES_WARM)
                    .toArray();
            return Spread.of(rates);
        }
    }

    private static double pass(MemorySegment bytes, int threads, ExecutorService pool) {
        long share = bytes.byteSize() / threads / STRIDE_BYTES * STRIDE_BYTES;
        if (share == 0) {
            throw new BenchException(
                    "file of " + bytes.byteSize() + " bytes, expected at least " + STRIDE_BYTES * threads);
        }
        List<Future<Long>> sums = new ArrayList<>();
        long start = System.nanoTime();
        for (int thread = 0; thread < threads; thread++) {
            MemorySegment part = bytes.asSlice(thread * share, share);
            sums.add(pool.submit(() -> sum(part)));
        }
        long sum = 0;
        for (Future<Long> part : sums) {
            sum ^= get(part);
        }
        checksum = sum;
        long nanos = System.nanoTime() - start;
        return (double) share * threads / nanos;
    }

    private static long get(Future<Long> sum) {
        try {
            return sum.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted while reading", e);
        } catch (ExecutionException e) {
            throw new BenchException("cannot read the file: " + e.getCause(), e);
        }
    }

    /** Two loads a cycle, independent of each other, are faster than memory. */
    private static long sum(MemorySegment bytes) {
        long a = 0;
        long b = 0;
        long c = 0;
        long d = 0;
        for (long i = 0; i < bytes.byteSize(); i += STRIDE_BYTES) {
            a ^= bytes.get(JAVA_LONG, i) + bytes.get(JAVA_LONG, i + 8);
            b ^= bytes.get(JAVA_LONG, i + 16) + bytes.get(JAVA_LONG, i + 24);
            c ^= bytes.get(JAVA_LONG, i + 32) + bytes.get(JAVA_LONG, i + 40);
            d ^= bytes.get(JAVA_LONG, i + 48) + bytes.get(JAVA_LONG, i + 56);
        }
        return a ^ b ^ c ^ d;
    }
}
