package dev.squall.cli;

import dev.squall.index.MapIndex;
import dev.squall.index.MapIndexException;
import dev.squall.index.MapIndexWriter;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A file of maps, a line each: read block by block, its lines parsed and added by all processors. */
final class IndexLines {
    private static final int BLOCK_BYTES = 1 << 20;

    private static final VarHandle EIGHT_BYTES =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());
    private static final long ONES = 0x0101010101010101L;
    private static final long HIGH_BITS = 0x8080808080808080L;
    private static final long LINE_BREAKS = '\n' * ONES;

    private final Path file;
    private final List<Extent> extents = new ArrayList<>();
    private int count;
    private @Nullable MapIndex first;

    private final AtomicInteger known = new AtomicInteger();
    private volatile boolean hasFailed;

    /**
     * Where some whole lines are.
     *
     * @param line the number of the first, from 1
     * @param map how many lines before it are not blank
     */
    private record Extent(int bytes, int line, int map) {}

    /** Takes a line that is not blank. */
    @FunctionalInterface
    private interface LineConsumer {
        void accept(int from, int length, int line, int map);
    }

    /**
     * Counts the lines and reads the first.
     *
     * @throws CommandFailure if there is none or it is no map
     */
    IndexLines(Path file) throws IOException {
        this.file = file;
        int line = 1;
        byte[] buffer = new byte[BLOCK_BYTES];
        int filled = 0;
        boolean isLast = false;
        try (InputStream in = Files.newInputStream(file)) {
            while (!isLast) {
                filled += in.readNBytes(buffer, filled, buffer.length - filled);
                isLast = filled < buffer.length;
                int end = isLast ? filled : afterLastLine(buffer);
                if (end == 0 && !isLast) {
                    buffer = Arrays.copyOf(buffer, 2 * buffer.length);
                    continue;
                }
                byte[] read = buffer;
                Extent extent = new Extent(end, line, count);
                extents.add(extent);
                line = forEachLine(read, extent, (from, length, number, map) -> {
                    if (first == null) {
                        first = IndexLine.parse(read, from, length, where(number))
                                .index();
                    }
                    count = map + 1;
                });
                System.arraycopy(buffer, end, buffer, 0, filled - end);
                filled -= end;
            }
        }
        if (first == null) {
            throw new CommandFailure(file + ": no maps: squall index export writes them");
        }
    }

    /** What the first map is of; all must be. */
    MapIndex index() {
        if (first == null) {
            throw new IllegalStateException(file + " has no first map");
        }
        return first;
    }

    /** Maps in the file. */
    int count() {
        return count;
    }

    /**
     * Adds them all.
     *
     * @return how many were there already
     * @throws CommandFailure if a line is no map or one of something else; the first such line is told
     */
    int addTo(MapIndexWriter writer) throws IOException {
        int threads = Runtime.getRuntime().availableProcessors();
        List<Future<?>> blocks = new ArrayList<>();
        try (ExecutorService executor = new ThreadPoolExecutor(
                threads,
                threads,
                0,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(2 * threads),
                new ThreadPoolExecutor.CallerRunsPolicy())) {
            try (InputStream in = Files.newInputStream(file)) {
                for (Extent extent : extents) {
                    byte[] block = in.readNBytes(extent.bytes());
                    if (block.length < extent.bytes()) {
                        throw new CommandFailure(file + ": cut short while it was read");
                    }
                    if (!hasFailed) {
                        blocks.add(executor.submit(() -> add(writer, block, extent)));
                    }
                }
            }
        }
        for (Future<?> block : blocks) {
            requireDone(block);
        }
        return known.get();
    }

    private static void requireDone(Future<?> block) throws IOException {
        try {
            block.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case CommandFailure ours -> throw ours;
                case MapIndexException ours -> throw ours;
                case null, default -> throw new IllegalStateException("maps could not be added", e);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while maps were added", e);
        }
    }

    private void add(MapIndexWriter writer, byte[] block, Extent extent) {
        boolean isDone = false;
        try {
            ExportedLine exported = new ExportedLine();
            forEachLine(block, extent, (from, length, line, map) -> {
                IndexLine read = exported.parse(block, from, length);
                add(writer, read != null ? read : IndexLine.parse(block, from, length, where(line)), line, map);
            });
            isDone = true;
        } finally {
            if (!isDone) {
                hasFailed = true;
            }
        }
    }

    private void add(MapIndexWriter writer, IndexLine read, int line, int map) {
        if (!read.index().equals(index())) {
            throw new CommandFailure(where(line) + ": a map of model "
                    + read.index().model() + " and " + read.index().shape() + ", expected those of the first, "
                    + index().model() + " and " + index().shape());
        }
        try {
            // Blocks before one that failed are read on, since the first line that is wrong is told.
            if (!hasFailed && !writer.add(map, read.map())) {
                known.incrementAndGet();
            }
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(where(line) + ": " + e.getMessage(), e);
        }
    }

    private String where(int line) {
        return file + ":" + line;
    }

    private static int afterLastLine(byte[] buffer) {
        int end = buffer.length;
        while (end > 0 && buffer[end - 1] != '\n') {
            end--;
        }
        return end;
    }

    /** Returns the number of the line behind. */
    private static int forEachLine(byte[] bytes, Extent extent, LineConsumer consumer) {
        int map = extent.map();
        int line = extent.line();
        for (int from = 0; from < extent.bytes(); line++) {
            int end = endOfLine(bytes, from, extent.bytes());
            int text = from;
            while (text < end && bytes[text] <= ' ' && bytes[text] >= 0) {
                text++;
            }
            if (text < end) {
                consumer.accept(from, end - from, line, map++);
            }
            from = end + 1;
        }
        return line;
    }

    private static int endOfLine(byte[] bytes, int from, int to) {
        int at = from;
        for (; at + Long.BYTES <= to; at += Long.BYTES) {
            // A byte that is a line break becomes 0, and only such a byte can borrow from the one above.
            long unlike = (long) EIGHT_BYTES.get(bytes, at) ^ LINE_BREAKS;
            if (((unlike - ONES) & ~unlike & HIGH_BITS) != 0) {
                break;
            }
        }
        while (at < to && bytes[at] != '\n') {
            at++;
        }
        return at;
    }
}
