package dev.squall.tornado;

import dev.squall.expert.ExpertReader;
import dev.squall.expert.HostSlots;
import dev.squall.expert.SlotMemory;
import dev.squall.model.ExpertWeights;
import dev.squall.model.ModelWeights;
import dev.squall.model.WeightMatrix;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicIntegerArray;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The slots on the device as the expert cache sees them. Several threads read experts into host memory at once; one after
 * the other they cross in a staging array, on a plan and a thread of their own, while the pass computes on another.
 */
final class DeviceSlots implements SlotMemory {
    /** Reads that may be under way at once. */
    private static final int READS = 4;

    private final ModelWeights model;
    private final ExpertReader reader;
    private final SlotPools pools;
    private final DevicePlan uploads;
    private final ByteArray staging;
    private final IntArray target;
    private final Arena arena = Arena.ofShared();
    private final BlockingQueue<MemorySegment> free = new ArrayBlockingQueue<>(READS);
    /** By layer and expert; what was loaded last, and so what a lease holds. */
    private final AtomicIntegerArray slotOf;

    private final int expertCount;

    /**
     * @param uploads a plan whose graph 1 + p copies {@code staging} to where {@code target} says in pool p
     * @param target the byte that the slot begins at, and the bytes to copy
     */
    DeviceSlots(
            ModelWeights model,
            ExpertReader reader,
            SlotPools pools,
            DevicePlan uploads,
            ByteArray staging,
            IntArray target) {
        this.model = model;
        this.reader = reader;
        this.pools = pools;
        this.uploads = uploads;
        this.staging = staging;
        this.target = target;
        expertCount = model.hyperparameters().expertCount();
        int[] none = new int[model.layers().size() * expertCount];
        Arrays.fill(none, -1);
        slotOf = new AtomicIntegerArray(none);
        for (int i = 0; i < READS; i++) {
            free.add(arena.allocate(HostSlots.slotBytes(reader), reader.slotAlignment()));
        }
        // Kernels are compiled now, while nothing else runs on the device.
        uploads.call(() -> {
            target.set(1, 0);
            for (int pool = 0; pool < pools.poolCount(); pool++) {
                uploads.launch(1 + pool, 1);
            }
        });
    }

    @Override
    public int slotCount() {
        return pools.slotCount();
    }

    @Override
    public ExpertWeights load(int layer, int expert, int slot) throws IOException {
        MemorySegment place;
        try {
            place = free.take();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting to read an expert");
        }
        try {
            ExpertWeights weights = reader.read(layer, expert, place);
            uploads.call(() -> upload(weights, slot));
        } finally {
            free.add(place);
        }
        slotOf.set(layer * expertCount + expert, slot);
        return model.layers().get(layer).experts().get(expert);
    }

    private void upload(ExpertWeights weights, int slot) {
        long at = 0;
        for (WeightMatrix matrix : new WeightMatrix[] {weights.gate(), weights.up(), weights.down()}) {
            long bytes = matrix.data().byteSize();
            MemorySegment.copy(matrix.data(), 0, staging.getSegment(), at, bytes);
            at += bytes;
        }
        target.set(0, pools.at(slot));
        target.set(1, Math.toIntExact(at));
        uploads.launch(1 + pools.poolOf(slot), 1);
    }

    /** The slot that an expert was last loaded into: where it is while a lease holds it. */
    int slotOf(int layer, int expert) {
        int slot = slotOf.get(layer * expertCount + expert);
        if (slot < 0) {
            throw new IllegalStateException("expert " + expert + " of layer " + layer + " was never loaded");
        }
        return slot;
    }

    @Override
    public void close() {
        reader.close();
        arena.close();
    }
}
