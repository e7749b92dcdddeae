package dev.squall.cli.index;

import dev.squall.cli.process.CommandFailure;
import dev.squall.index.MapIndex;
import dev.squall.index.MapIndexException;
import dev.squall.index.MapIndexWriter;
import dev.squall.index.PackedMap;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;

/**
 * A file of maps, a line each: read once, block by block, mapped where it can be, its lines parsed and added by all
 * processors.
 */
final class IndexLines implements AutoCloseable {
    private static final int BLOCK_BYTES = 1 << 20;

    private static final VarHandle EIGHT_BYTES =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());
    private static final long ONES = 0x0101010101010101L;
    private static final long HIGH_BITS = 0x8080808080808080L;
    private static final long LINE_BREAKS = '\n' * ONES;

    private final Path file;
    private final Arena arena = Arena.ofShared();
    private final InputStream stream;
    /** The whole file; empty if it is a pipe, or something else without a size. */
    private final MemorySegment mapped;

    private final MapIndex first;
    /** What was read and is not yet in a block. */
    private byte[] rest = new byte[BLOCK_BYTES];

    private int restBytes;
    private long bytesRead;
    private boolean isAtEnd;
    private int lines;
    private int maps;

    /** Arrays whose lines have been added. */
    private final Queue<byte[]> spare = new ConcurrentLinkedQueue<>();

    private final AtomicInteger known = new AtomicInteger();
    private volatile boolean hasFailed;

    /**
     * Some whole lines.
     *
     * @param line the number of the first, from 1
     * @param map how many lines before it are not blank
     */
    private record Block(byte[] text, int bytes, int line, int map) {}

    /** Takes a line that is not blank. */
    @FunctionalInterface
    private interface LineConsumer {
        void accept(int from, int length, int line, int map);
    }

    /**
     * Opens a file and reads its first map.
     *
     * @throws CommandFailure if there is none or it is no map
     */
    IndexLines(Path file) throws IOException {
        this.file = file;
        stream = Files.newInputStream(file);
        try {
            mapped = map();
            first = readFirst();
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private MemorySegment map() throws IOException {
        if (!Files.isRegularFile(file) || Files.size(file) == 0) {
            return MemorySegment.NULL;
        }
        try (FileChannel channel = FileChannel.open(file)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        }
    }

    private MapIndex readFirst() throws IOException {
        List<MapIndex> found = new ArrayList<>();
        for (int from = 0; found.isEmpty() && !(isAtEnd && from == restBytes); ) {
            int end = endOfLine(rest, from, restBytes);
            if (end == restBytes && !isAtEnd) {
                fill();
            } else {
                Block line = new Block(Arrays.copyOfRange(rest, from, end), end - from, ++lines, 0);
                forEachLine(
                        line,
                        (at, length, number, map) -> found.add(IndexLine.parse(line.text(), at, length, where(number))
                                .index()));
                from = Math.min(end + 1, restBytes);
            }
        }
        lines = 0;
        if (found.isEmpty()) {
            throw new CommandFailure(file + ": no maps: squall index export writes them");
        }
        return found.getFirst();
    }

    /** What the first map is of; all must be. */
    MapIndex index() {
        return first;
    }

    /** Bytes of the file; 0 if that is not known. */
    long bytes() {
        return mapped.byteSize();
    }

    /** Maps that have been read. */
    int count() {
        return maps;
    }

    /**
     * Adds them all.
     *
     * @param progress hears how many bytes have been read
     * @return how many were there already
     * @throws CommandFailure if a line is no map or one of something else; the first such line is told
     */
    int addTo(MapIndexWriter writer, LongConsumer progress) throws IOException {
        int threads = Runtime.getRuntime().availableProcessors();
        List<Future<?>> blocks = new ArrayList<>();
        try (ExecutorService executor = new ThreadPoolExecutor(
                threads,
                threads,
                0,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(2 * threads),
                new ThreadPoolExecutor.CallerRunsPolicy())) {
            for (Block block = next(); block.bytes() > 0 && !hasFailed; block = next()) {
                Block taken = block;
                blocks.add(executor.submit(() -> add(writer, taken)));
                progress.accept(bytesRead);
            }
        }
        for (Future<?> block : blocks) {
            requireDone(block);
        }
        return known.get();
    }

    /** The next whole lines; of no bytes at the end. */
    private Block next() throws IOException {
        int end = afterLastLine(rest, restBytes);
        while (end == 0 && !isAtEnd) {
            fill();
            end = afterLastLine(rest, restBytes);
        }
        if (isAtEnd) {
            end = restBytes;
        }
        byte[] text = rest;
        byte[] free = spare.poll();
        rest = free != null && free.length >= text.length ? free : new byte[text.length];
        restBytes -= end;
        System.arraycopy(text, end, rest, 0, restBytes);
        Block block = new Block(text, end, lines + 1, maps);
        lines = forEachLine(block, (from, length, number, map) -> maps = map + 1) - 1;
        return block;
    }

    /** Reads as much as there is room for, which is made if a line takes all. */
    private void fill() throws IOException {
        if (restBytes == rest.length) {
            rest = Arrays.copyOf(rest, 2 * rest.length);
        }
        int room = rest.length - restBytes;
        int read;
        if (mapped.byteSize() > 0) {
            read = (int) Math.min(room, mapped.byteSize() - bytesRead);
            try {
                MemorySegment.copy(mapped, ValueLayout.JAVA_BYTE, bytesRead, rest, restBytes, read);
            } catch (InternalError e) {
                throw new CommandFailure(file + ": cut short while it was read", e);
            }
        } else {
            read = stream.readNBytes(rest, restBytes, room);
        }
        bytesRead += read;
        restBytes += read;
        isAtEnd = read < room;
    }

    @Override
    public void close() throws IOException {
        arena.close();
        stream.close();
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
        byte[] text = block.text();
        try {
            ExportedLine exported = new ExportedLine();
            List<PackedMap> read = new ArrayList<>();
            forEachLine(block, (from, length, line, map) -> {
                IndexLine quickly = exported.parse(text, from, length);
                read.add(required(quickly != null ? quickly : IndexLine.parse(text, from, length, where(line)), line));
            });
            spare.add(text);
            // Blocks before one that failed are read on, since the first line that is wrong is told.
            if (!hasFailed) {
                known.addAndGet(read.size() - writer.add(block.map(), read));
            }
            isDone = true;
        } finally {
            if (!isDone) {
                hasFailed = true;
            }
        }
    }

    private PackedMap required(IndexLine read, int line) {
        if (!read.index().equals(index())) {
            throw new CommandFailure(where(line) + ": a map of model "
                    + read.index().model() + " and " + read.index().shape() + ", expected those of the first, "
                    + index().model() + " and " + index().shape());
        }
        return read.map();
    }

    private String where(int line) {
        return file + ":" + line;
    }

    private static int afterLastLine(byte[] text, int bytes) {
        int end = bytes;
        while (end > 0 && text[end - 1] != '\n') {
            end--;
        }
        return end;
    }

    /** Returns the number of the line behind. */
    private static int forEachLine(Block block, LineConsumer consumer) {
        byte[] bytes = block.text();
        int map = block.map();
        int line = block.line();
        for (int from = 0; from < block.bytes(); line++) {
            int end = endOfLine(bytes, from, block.bytes());
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
