package dev.squall.expert;

import dev.squall.model.ExpertWeights;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Slots in the machine's own memory, outside the heap, allocated at once. Owns the reader that fills them. */
public final class HostSlots implements SlotMemory {
    private final ExpertReader reader;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory;
    private final long slotBytes;
    private final int slotCount;

    /** Bytes of a slot that any expert fits into. */
    public static long slotBytes(ExpertReader reader) {
        return StoredExperts.alignUp(reader.slotBytes(), reader.slotAlignment());
    }

    /** Allocates the slots, which a failure leaves unallocated and the reader open. */
    public HostSlots(ExpertReader reader, int slotCount) {
        this.reader = reader;
        this.slotCount = slotCount;
        slotBytes = slotBytes(reader);
        memory = HugePages.allocate(Math.multiplyExact(slotBytes, (long) slotCount), reader.slotAlignment(), arena);
    }

    @Override
    public int slotCount() {
        return slotCount;
    }

    @Override
    public ExpertWeights load(int layer, int expert, int slot) throws IOException {
        return reader.read(layer, expert, memory.asSlice(slot * slotBytes, slotBytes));
    }

    @Override
    public void close() {
        reader.close();
        arena.close();
    }
}
