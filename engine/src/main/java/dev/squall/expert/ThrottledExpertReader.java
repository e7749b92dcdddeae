package dev.squall.expert;

import dev.squall.model.ExpertWeights;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * A reader behind a link of a given bandwidth, for experiments: what it reads is there no sooner than if all reads had
 * passed one after another over that link, within some 50 us.
 */
public final class ThrottledExpertReader implements ExpertReader {
    /** Parking ends late by about this much, so it is begun for so much less; spinning would take a processor. */
    private static final long LATE_NANOS = 55_000;

    private final ExpertReader reader;
    private final double bytesPerSecond;
    private final LongSupplier clock;
    private final LongConsumer waiting;
    private long freeFrom = Long.MIN_VALUE;

    /**
     * Slows a reader down, which it owns from then on.
     *
     * @param bytesPerSecond of the link
     */
    public ThrottledExpertReader(ExpertReader reader, double bytesPerSecond) {
        this(reader, bytesPerSecond, System::nanoTime, ThrottledExpertReader::waitUntil);
    }

    /**
     * @param clock nanoseconds
     * @param waiting returns when the clock shows a time
     */
    ThrottledExpertReader(ExpertReader reader, double bytesPerSecond, LongSupplier clock, LongConsumer waiting) {
        if (!(bytesPerSecond > 0)) {
            throw new IllegalArgumentException("a link of " + bytesPerSecond + " bytes/s, expected more than 0");
        }
        this.reader = reader;
        this.bytesPerSecond = bytesPerSecond;
        this.clock = clock;
        this.waiting = waiting;
    }

    @Override
    public long slotBytes() {
        return reader.slotBytes();
    }

    @Override
    public long slotAlignment() {
        return reader.slotAlignment();
    }

    @Override
    public ExpertWeights read(int layer, int expert, MemorySegment slot) throws IOException {
        long asked = clock.getAsLong();
        ExpertWeights weights = reader.read(layer, expert, slot);
        waiting.accept(arrival(asked, weights.bytes()));
        return weights;
    }

    private synchronized long arrival(long asked, long bytes) {
        freeFrom = Math.max(freeFrom, asked) + Math.round(bytes / bytesPerSecond * 1e9);
        return freeFrom;
    }

    private static void waitUntil(long nanos) {
        for (long left = nanos - System.nanoTime(); left > LATE_NANOS; left = nanos - System.nanoTime()) {
            LockSupport.parkNanos(left - LATE_NANOS);
        }
    }

    @Override
    public void close() {
        reader.close();
    }
}
