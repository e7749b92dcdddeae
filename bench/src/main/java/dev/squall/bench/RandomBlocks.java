package dev.squall.bench;

import dev.squall.gguf.BlockCodec;
import dev.squall.gguf.BlockType;
import dev.squall.gguf.GgufWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;

/**
 * A stock of encoded blocks of normally distributed elements, from which tensors of any size are drawn at random: far
 * faster than to encode every element, and as hard to predict for caches and routers. One thread only.
 */
final class RandomBlocks {
    private static final int STOCK_ELEMENTS = 1 << 17;
    private static final int RUN_ELEMENTS_MIN = 32;
    private static final int CHUNK_RUNS = 16_384;

    private final BlockType type;
    private final int runElements;
    private final byte[] stock;

    /**
     * @param deviation standard deviation of the elements, whose mean is 0
     */
    RandomBlocks(BlockType type, double deviation, SplittableRandom random) {
        this.type = type;
        runElements = Math.max(RUN_ELEMENTS_MIN, type.blockElements());
        float[] elements = new float[STOCK_ELEMENTS];
        for (int i = 0; i < elements.length; i++) {
            elements[i] = (float) (random.nextGaussian() * deviation);
        }
        stock = new byte[Math.toIntExact(type.rowBytes(elements.length))];
        BlockCodec.encode(type, elements, 0, elements.length, MemorySegment.ofArray(stock), 0);
    }

    /** Writes {@code elements} elements, a multiple of the type's block. */
    void writeTo(GgufWriter.Sink sink, long elements, SplittableRandom random) throws IOException {
        int runCount = STOCK_ELEMENTS / runElements;
        int runBytes = Math.toIntExact(type.rowBytes(runElements));
        long bytes = type.rowBytes(elements);
        MemorySegment runs = MemorySegment.ofArray(stock);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment chunk = arena.allocate((long) CHUNK_RUNS * runBytes);
            for (long written = 0; written < bytes; written += chunk.byteSize()) {
                for (long offset = 0; offset < chunk.byteSize(); offset += runBytes) {
                    MemorySegment.copy(runs, (long) random.nextInt(runCount) * runBytes, chunk, offset, runBytes);
                }
                sink.write(chunk.asSlice(0, Math.min(chunk.byteSize(), bytes - written)));
            }
        }
    }
}
