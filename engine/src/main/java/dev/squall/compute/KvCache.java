package dev.squall.compute;

import dev.squall.model.Hyperparameters;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Keys and values of every layer, sequence and position as half-precision floats, off-heap, allocated once. Each
 * (layer, sequence, head) is one run of positions, so that attention reads it from end to end; a position's vector is
 * padded with zeros to a multiple of {@link #PADDING} elements. Latent attention's values are the first elements of its
 * keys and are not kept twice.
 */
final class KvCache implements AutoCloseable {
    static final int PADDING = 16;

    /** Positions {@code from} to {@code to - 1} of one head of one sequence in one layer. */
    record Span(KvCache cache, int layer, int sequence, int head, int from, int to) {
        int positions() {
            return to - from;
        }

        /** Byte in {@link KvCache#keys} where they begin. */
        long keyOffset() {
            return cache.keyOffset(layer, sequence, head, from);
        }

        /** Byte in {@link KvCache#values} where they begin. */
        long valueOffset() {
            return cache.valueOffset(layer, sequence, head, from);
        }
    }

    private final Arena arena = Arena.ofShared();
    private final int sequencesMax;
    private final int positionsMax;
    private final int heads;
    private final int keyStride;
    private final int valueStride;
    private final MemorySegment keys;
    private final MemorySegment values;

    KvCache(int layers, int sequencesMax, int positionsMax, int heads, int keyLength, int valueLength) {
        this(layers, sequencesMax, positionsMax, heads, keyLength, valueLength, false);
    }

    private KvCache(
            int layers,
            int sequencesMax,
            int positionsMax,
            int heads,
            int keyLength,
            int valueLength,
            boolean valuesInKeys) {
        this.sequencesMax = sequencesMax;
        this.positionsMax = positionsMax;
        this.heads = heads;
        keyStride = padded(keyLength);
        valueStride = valuesInKeys ? keyStride : padded(valueLength);
        long vectors = Math.multiplyExact((long) layers * sequencesMax, (long) positionsMax * heads);
        long keyBytes = Math.multiplyExact(vectors, keyStride * 2L);
        long valueBytes = valuesInKeys ? 0 : Math.multiplyExact(vectors, valueStride * 2L);
        MemorySegment both = arena.allocate(Math.addExact(keyBytes, valueBytes), 64);
        keys = both.asSlice(0, keyBytes);
        values = valuesInKeys ? keys : both.asSlice(keyBytes);
    }

    /** The cache of a model. */
    static KvCache of(Hyperparameters h, int sequencesMax, int positionsMax) {
        return new KvCache(
                h.blockCount(),
                sequencesMax,
                positionsMax,
                h.headCountKv(),
                h.keyLength(),
                h.valueLength(),
                h.keepsValuesInKeys());
    }

    private static int padded(int length) {
        return (length + PADDING - 1) / PADDING * PADDING;
    }

    int positionsMax() {
        return positionsMax;
    }

    int sequencesMax() {
        return sequencesMax;
    }

    /** Elements from one position's key to the next. */
    int keyStride() {
        return keyStride;
    }

    /** Elements from one position's value to the next. */
    int valueStride() {
        return valueStride;
    }

    /** All keys, as 16-bit floats. */
    MemorySegment keys() {
        return keys;
    }

    /** All values, as 16-bit floats. */
    MemorySegment values() {
        return values;
    }

    /** Byte offset in {@link #keys()} of a head's key at a position. */
    long keyOffset(int layer, int sequence, int head, int position) {
        return vector(layer, sequence, head, position) * keyStride * 2;
    }

    /** Byte offset in {@link #values()} of a head's value at a position. */
    long valueOffset(int layer, int sequence, int head, int position) {
        return vector(layer, sequence, head, position) * valueStride * 2;
    }

    void putKey(int layer, int sequence, int head, int position, float[] key, int offset, int length) {
        put(keys, keyOffset(layer, sequence, head, position), key, offset, length);
    }

    void putValue(int layer, int sequence, int head, int position, float[] value, int offset, int length) {
        put(values, valueOffset(layer, sequence, head, position), value, offset, length);
    }

    private static void put(MemorySegment to, long at, float[] from, int offset, int length) {
        for (int i = 0; i < length; i++) {
            to.set(ValueLayout.JAVA_SHORT, at + 2L * i, Float.floatToFloat16(from[offset + i]));
        }
    }

    private long vector(int layer, int sequence, int head, int position) {
        return (((long) layer * sequencesMax + sequence) * heads + head) * positionsMax + position;
    }

    @Override
    public void close() {
        arena.close();
    }
}
