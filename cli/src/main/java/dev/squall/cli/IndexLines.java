package dev.squall.cli;

import dev.squall.index.MapIndex;
import dev.squall.index.MapIndexException;
import dev.squall.index.MapIndexWriter;
import java.io.IOException;
import java.io.InputStream;
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

    private final Path file;
    private final int count;
    private @Nullable MapIndex first;

    private final AtomicInteger known = new AtomicInteger();
    private volatile boolean hasFailed;

    /**
     * Some whole lines.
     *
     * @param line the number of the first, from 1
     * @param map how many lines before it are not blank
     */
    private record Block(byte[] bytes, int line, int map) {}

    @FunctionalInterface
    private interface BlockConsumer {
        void accept(Block block) throws IOException;
    }

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
        count = forEachBlock(block -> {
            if (first == null) {
                forEachLine(block, (from, length, line, map) -> {
                    if (first == null) {
                        first = IndexLine.parse(block.bytes(), from, length, where(line))
                                .index();
                    }
                });
            }
        });
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
            forEachBlock(block -> {
                if (!hasFailed) {
                    blocks.add(executor.submit(() -> add(writer, block)));
                }
            });
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

    private void add(MapIndexWriter writer, Block block) {
        boolean isDone = false;
        try {
            forEachLine(block, (from, length, line, map) -> add(writer, block, from, length, line, map));
            isDone = true;
        } finally {
            if (!isDone) {
                hasFailed = true;
            }
        }
    }

    private void add(MapIndexWriter writer, Block block, int from, int length, int line, int map) {
        IndexLine read = IndexLine.parse(block.bytes(), from, length, where(line));
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

    /** Returns how many lines are not blank. */
    private int forEachBlock(BlockConsumer consumer) throws IOException {
        int line = 1;
        int map = 0;
        byte[] buffer = new byte[BLOCK_BYTES];
        int filled = 0;
        try (InputStream in = Files.newInputStream(file)) {
            while (true) {
                filled += in.readNBytes(buffer, filled, buffer.length - filled);
                boolean isLast = filled < buffer.length;
                int end = isLast ? filled : afterLastLine(buffer);
                if (end == 0 && !isLast) {
                    buffer = Arrays.copyOf(buffer, 2 * buffer.length);
                    continue;
                }
                Block block = new Block(Arrays.copyOf(buffer, end), line, map);
                consumer.accept(block);
                map += forEachLine(block, (from, length, number, index) -> {});
                for (int i = 0; i < end; i++) {
                    line += buffer[i] == '\n' ? 1 : 0;
                }
                if (isLast) {
                    return map;
                }
                System.arraycopy(buffer, end, buffer, 0, filled - end);
                filled -= end;
            }
        }
    }

    private static int afterLastLine(byte[] buffer) {
        int end = buffer.length;
        while (end > 0 && buffer[end - 1] != '\n') {
            end--;
        }
        return end;
    }

    /** Returns how many lines are not blank. */
    private static int forEachLine(Block block, LineConsumer consumer) {
        byte[] bytes = block.bytes();
        int maps = 0;
        int line = block.line();
        for (int from = 0; from < bytes.length; line++) {
            int end = from;
            boolean isBlank = true;
            while (end < bytes.length && bytes[end] != '\n') {
                isBlank &= bytes[end] <= ' ' && bytes[end] >= 0;
                end++;
            }
            if (!isBlank) {
                consumer.accept(from, end - from, line, block.map() + maps++);
            }
            from = end + 1;
        }
        return maps;
    }
}
